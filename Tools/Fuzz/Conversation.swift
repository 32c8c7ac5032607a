// Conversation — feeds a receiver a stream in pieces and writes down what comes out.
//
// The property all frame targets share: the same events, and the same error, however the stream is
// cut. `precondition` stops the fuzzer with the input that shows otherwise.

import Bytes
import WebSocket

/// What came out of a receiver.
enum Outcome: Equatable {
    case event(String, [UInt8])
    case failed(FrameError)
}

/// Takes pieces off an input: sizes come from a small generator seeded by the input itself, so a
/// crash is reproduced by its octets alone.
struct Cutter {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A size from 1 to `limit`, small ones far more often.
    mutating func next(atMost limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let bits = state >> 33
        let span = bits & 7 == 0 ? 4096 : bits & 3 == 0 ? 64 : 5
        return max(1, min(limit, Int(bits >> 8) % span + 1))
    }
}

/// Everything a fresh receiver says about `stream`.
///
/// - Parameter cutter: Gives the sizes of the pieces; `nil` feeds the stream whole.
func converse(
    _ stream: [UInt8], role: Role, deflate: DeflateAgreement?, limits: ReceiverLimits,
    cutter: Cutter?
) -> [Outcome] {
    var receiver = Receiver(role: role, deflate: deflate)
    var inflaters = InflaterPool(idleLimit: 2)
    var outcomes: [Outcome] = []
    var cutter = cutter
    var start = 0
    while start < stream.count {
        let rest = stream.count - start
        let size = cutter?.next(atMost: rest) ?? rest
        var piece = Array(stream[start..<start + size])
        start += size
        let isOver = unsafe piece.withUnsafeMutableBytes { input in
            var offset = 0
            while true {
                do throws(FrameError) {
                    let before = offset
                    let event = try unsafe receiver.next(
                        input, offset: &offset, limits: limits, inflaters: &inflaters)
                    precondition(offset >= before && offset <= input.count)
                    func note(_ name: String, _ place: Place) {
                        let octets = unsafe Array(receiver.payload(of: place, input: input))
                        precondition(octets.count == place.size)
                        precondition(octets.count <= max(125, limits.messageSize))
                        outcomes.append(.event(name, octets))
                    }
                    switch event {
                    case .needsMore:
                        precondition(offset == input.count)
                        return false
                    case .yielded: continue
                    case .message(.text, let place):
                        note("text", place)
                    case .message(.binary, let place): note("binary", place)
                    case .ping(let place): note("ping", place)
                    case .pong(let place): note("pong", place)
                    case .close(let code, let place):
                        precondition(code?.isValidOnWire ?? true)
                        note("close \(code?.rawValue ?? 0)", place)
                        return true
                    }
                    receiver.releaseMessage()
                } catch {
                    precondition(error.closeCode.isValidOnWire)
                    outcomes.append(.failed(error))
                    return true
                }
            }
        }
        if isOver { break }
    }
    for case .event("text", let octets) in outcomes {
        precondition(String(validating: octets, as: UTF8.self) != nil)
    }
    return outcomes
}

/// A checksum of `octets`, to seed a cutter with (FNV-1a).
func checksum(_ octets: UnsafeRawBufferPointer) -> UInt64 {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in 0..<octets.count {
        sum = unsafe (sum ^ UInt64(octets[index])) &* 0x0100_0000_01B3
    }
    return sum
}
