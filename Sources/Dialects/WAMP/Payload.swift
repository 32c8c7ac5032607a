// Payload — arguments and keywords on their way from one message into another (reference §19).
//
// Where both speak the same serialization the octets are copied as they came, shape included;
// otherwise they are converted by the table of §1.2. The keys of payload passthru travel with it.

package import Hub
internal import Bytes
package import Codecs

/// What a router forwards: places in octets that were validated when they were decoded.
package struct Payload: ~Escapable {
    /// The octets the places are in: those of the message, or a copy of a part of it.
    internal let octets: RawSpan
    internal let serialization: Serialization
    internal let arguments: Extent
    internal let keywords: Extent
    internal let passthru: Passthru

    /// Nothing.
    @_lifetime(immortal)
    package init() {
        octets = RawSpan()
        serialization = .json
        arguments = .absent
        keywords = .absent
        passthru = Passthru()
    }

    /// - Parameters:
    ///   - arguments: One encoded value, or absent when `keywords` is.
    ///   - keywords: One encoded map, or absent.
    @_lifetime(copy octets)
    package init(
        octets: RawSpan, serialization: Serialization, arguments: Extent,
        keywords: Extent = .absent, passthru: Passthru = Passthru()
    ) {
        precondition(!arguments.isAbsent || keywords.isAbsent, "keywords without arguments")
        precondition(arguments.range.upperBound <= octets.byteCount)
        precondition(keywords.range.upperBound <= octets.byteCount)
        self.octets = octets
        self.serialization = serialization
        self.arguments = arguments
        self.keywords = keywords
        self.passthru = passthru
    }

    /// Lends what is stored.
    @_lifetime(copy octets)
    package init(_ arguments: Arguments, in octets: RawSpan) {
        self.init(
            octets: octets, serialization: arguments.serialization,
            arguments: arguments.arguments, keywords: arguments.keywords,
            passthru: arguments.passthru)
    }

    /// A copy of everything, to be kept or sent to another core.
    package func stored() -> Arguments {
        guard !(arguments.isAbsent && passthru.isAbsent) else { return Self.nothing }
        var copy: [UInt8] = []
        copy.reserveCapacity(Int(arguments.size) + Int(keywords.size))
        func keep(_ place: Extent, _ copy: inout [UInt8]) -> Extent {
            guard !place.isAbsent else { return .absent }
            let start = copy.count
            unsafe octets.extracting(place.range).withUnsafeBytes {
                unsafe copy.append(contentsOf: $0)
            }
            return Extent(start..<copy.count)
        }
        let arguments = keep(arguments, &copy)
        let keywords = keep(keywords, &copy)
        var keys = passthru
        if !passthru.isAbsent {
            keys.scheme = keep(keys.scheme, &copy)
            keys.serializer = keep(keys.serializer, &copy)
            keys.cipher = keep(keys.cipher, &copy)
            keys.keyID = keep(keys.keyID, &copy)
            keys.oldAlgorithm = keep(keys.oldAlgorithm, &copy)
            keys.oldKey = keep(keys.oldKey, &copy)
            keys.oldSerializer = keep(keys.oldSerializer, &copy)
        }
        return Arguments(
            octets: copy, serialization: serialization, arguments: arguments,
            keywords: keywords, passthru: keys)
    }

    private static let nothing = Arguments()

    /// Elements: 0 to 2.
    package var count: Int { arguments.isAbsent ? 0 : keywords.isAbsent ? 1 : 2 }
}

extension ItemWriter {
    /// Appends arguments and keywords, as many as there are.
    ///
    /// - Throws: `CodecError` never for what was decoded; give up the message otherwise.
    internal mutating func append(
        _ payload: borrowing Payload, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        try append(payload.arguments, of: payload, into: &buffer)
        try append(payload.keywords, of: payload, into: &buffer)
    }

    /// Appends the members of payload passthru to the map that is open.
    internal mutating func append(
        passthruOf payload: borrowing Payload, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        let keys = payload.passthru
        guard !keys.isAbsent else { return }
        try append("ppt_scheme", keys.scheme, of: payload, into: &buffer)
        try append("ppt_serializer", keys.serializer, of: payload, into: &buffer)
        try append("ppt_cipher", keys.cipher, of: payload, into: &buffer)
        try append("ppt_keyid", keys.keyID, of: payload, into: &buffer)
        try append("enc_algo", keys.oldAlgorithm, of: payload, into: &buffer)
        try append("enc_key", keys.oldKey, of: payload, into: &buffer)
        try append("enc_serializer", keys.oldSerializer, of: payload, into: &buffer)
    }

    private mutating func append(
        _ key: StaticString, _ value: Extent, of payload: borrowing Payload,
        into buffer: inout OctetBuffer
    ) throws(CodecError) {
        guard !value.isAbsent else { return }
        append(key: key, into: &buffer)
        try append(value, of: payload, into: &buffer)
    }

    private mutating func append(
        _ value: Extent, of payload: borrowing Payload, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        guard !value.isAbsent else { return }
        let encoded = payload.octets.extracting(value.range)
        if payload.serialization == Self.serialization {
            append(encoded: encoded, into: &buffer)
        } else {
            try append(transcoding: encoded, from: payload.serialization, into: &buffer)
        }
    }
}
