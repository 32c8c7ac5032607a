// MetaValue — what the router itself says in events and results: small values, written as JSON and
// turned into the serialization of whoever gets them.

internal import Bytes
internal import Codecs
internal import Hub

internal enum MetaValue {
    case null
    case number(UInt64)
    case text(String)
    /// JSON, as it is.
    case json([UInt8])
    case list([MetaValue])
    case map([(String, MetaValue)])

    static func ids(_ ids: some Sequence<UInt64>) -> MetaValue { .list(ids.map { .number($0) }) }

    func append(to buffer: inout OctetBuffer) {
        switch self {
        case .null: buffer.append("null" as StaticString)
        case .number(let number): buffer.append(String(number))
        case .text(let text): buffer.append(jsonString: text)
        case .json(let octets): buffer.append(octets)
        case .list(let items):
            buffer.append(0x5B)
            for (place, item) in items.enumerated() {
                if place > 0 { buffer.append(0x2C) }
                item.append(to: &buffer)
            }
            buffer.append(0x5D)
        case .map(let members):
            buffer.append(0x7B)
            for (place, member) in members.enumerated() {
                if place > 0 { buffer.append(0x2C) }
                buffer.append(jsonString: member.0)
                buffer.append(0x3A)
                member.1.append(to: &buffer)
            }
            buffer.append(0x7D)
        }
    }
}

extension Arguments {
    /// A list of positional arguments.
    internal convenience init(_ values: [MetaValue]) {
        var list = OctetBuffer(capacity: 64)
        MetaValue.list(values).append(to: &list)
        let octets = list.octets.array
        self.init(octets: octets, serialization: .json, arguments: Extent(0..<octets.count))
    }
}
