// The scanner beside its model: documents, cut and mutated, are judged alike to the octet. Each text
// ends where its memory ends, so that a read past the end stops the tests.

import Bytes
import Codecs
import Glibc
import Testing

@Suite("JSON scanner and its model")
struct JSONScannerModelTests {
    /// What came of a text, as a document and as an object whose members are stepped through.
    private struct Verdict: Equatable {
        let document: Result<JSONItem, JSONError>
        let members: Result<[OctetwiseJSON.Member], JSONError>

        /// The scanner's.
        init(scanning text: RawSpan) {
            document = Result { () throws(JSONError) in try JSONScanner.document(text) }
            members = Result { () throws(JSONError) in
                var found: [OctetwiseJSON.Member] = []
                var scanner = JSONScanner(text)
                var members = try scanner.beginObject()
                while let key = try scanner.nextKey(&members) {
                    found.append(.init(key: key, value: try scanner.value()))
                }
                try scanner.end()
                return found
            }
        }

        /// The model's.
        init(modelling octets: [UInt8]) {
            document = Result { () throws(JSONError) in
                var model = OctetwiseJSON(octets)
                return try model.document()
            }
            members = Result { () throws(JSONError) in
                var model = OctetwiseJSON(octets)
                return try model.members()
            }
        }
    }

    /// Whether scanner and model agree about a text; tells where they do not.
    private func agree(
        _ octets: [UInt8], _ edge: borrowing Edge, seed: UInt64 = 0,
        _ location: SourceLocation = #_sourceLocation
    ) -> Bool {
        let found = edge.lend(octets) { Verdict(scanning: $0) }
        let wanted = Verdict(modelling: octets)
        if found == wanted { return true }
        let text = String(decoding: octets, as: UTF8.self)
        #expect(found == wanted, "seed \(seed): \(text)", sourceLocation: location)
        return false
    }

    /// A document with everything in it that the scanner has a branch for, an object most often, and
    /// with runs of letters of all sizes around the eight octets of a word; small enough to be cut
    /// everywhere.
    private func document(_ random: inout SplitMix64) -> [UInt8] {
        while true {
            let octets = anyDocument(&random)
            if octets.count <= 160 { return octets }
        }
    }

    private func anyDocument(_ random: inout SplitMix64) -> [UInt8] {
        var value = randomValue(&random)
        if Int.random(in: 0..<4, using: &random) > 0 {
            var members: [Value.Member] = []
            for size in [1, 2, 6, 7, 8, 9, 15, 16, 17].shuffled(using: &random).prefix(3) {
                let text = String(repeating: "x", count: Int.random(in: 0...40, using: &random))
                let value: Value =
                    Bool.random(using: &random) ? .string(text) : randomValue(&random, depth: 2)
                members.append(.init(key: String(repeating: "k", count: size), value: value))
            }
            value = .map(members)
        }
        var encoding = Encoding(random: random)
        let octets = encoding.encode(value, .json)
        random = encoding.random!
        return octets
    }

    @Test("documents and all their beginnings are judged alike", arguments: UInt64(1)...100)
    func beginnings(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let edge = Edge()
        for _ in 0..<3 {
            let octets = document(&random)
            for size in 0...octets.count {
                guard agree(Array(octets[..<size]), edge, seed: seed) else { return }
            }
        }
    }

    @Test("mutated documents and their beginnings are judged alike", arguments: UInt64(1)...100)
    func mutations(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let edge = Edge()
        let pieces =
            Array(#"{}[]",:\0123456789.eE+-truefalsn bu/"#.utf8)
            + [0x00, 0x09, 0x0A, 0x0D, 0x1F, 0x21, 0x23, 0x5B, 0x5D, 0x7F, 0x80, 0xA2, 0xDC, 0xFF]
        for _ in 0..<4 {
            var octets = document(&random)
            for _ in 0..<12 {
                let place = Int.random(in: 0...octets.count, using: &random)
                let end = min(octets.count, place + Int.random(in: 0...9, using: &random))
                let piece = pieces.randomElement(using: &random)!
                switch Int.random(in: 0..<6, using: &random) {
                case 0: octets.insert(piece, at: place)
                case 1: octets.removeSubrange(place..<end)
                case 2: octets.insert(contentsOf: octets[place..<end], at: place)
                case 3: octets.replaceSubrange(place..<end, with: [piece])
                default: if place < octets.count { octets[place] = piece }
                }
                guard agree(octets, edge, seed: seed) else { return }
            }
            for size in octets.indices {
                guard agree(Array(octets[..<size]), edge, seed: seed) else { return }
            }
        }
    }

    @Test("every octet at every place of a string is judged alike, in front of whatever follows")
    func strings() {
        let edge = Edge()
        for size in [1, 7, 8, 9, 17] {
            for place in 0..<size {
                for octet in UInt8.min...UInt8.max {
                    var text = [UInt8](repeating: 0x61, count: size)
                    text[place] = octet
                    // Borrows of a mark reach upwards: here into what is no mark.
                    if place + 1 < size { text[place + 1] = octet ^ 1 }
                    guard agree([0x22] + text + [0x22], edge),
                        agree([0x7B, 0x22] + text + Array(#"":"1234567"}"#.utf8), edge)
                    else { return }
                }
            }
        }
    }
}

/// Memory that ends at a page nobody may read.
///
/// Safety: `base` points to `size` octets and the page behind them, mapped in `init`, unmapped in
/// `deinit`, and lent by ``lend(_:_:)`` alone.
@safe
private struct Edge: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let size: Int

    init() {
        let page = sysconf(Int32(_SC_PAGESIZE))
        size = page * 4
        let memory = unsafe mmap(
            nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED,
            unsafe mprotect(memory + size, page, PROT_NONE) == 0
        else { preconditionFailure("there is no memory for the test") }
        unsafe base = memory
    }

    deinit { unsafe munmap(base, size + size / 4) }

    /// Lends a copy of `octets` whose last one is the last that may be read.
    func lend<R>(_ octets: [UInt8], _ body: (RawSpan) -> R) -> R {
        precondition(octets.count <= size)
        let start = unsafe base + (size - octets.count)
        unsafe octets.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(start: start, count: source.count)
                .copyMemory(from: source)
        }
        return body(unsafe UnsafeRawBufferPointer(start: start, count: octets.count).bytes)
    }
}
