// Template — the texts a client says, with places for what differs from message to message.
//
// `%R` room, `%E` event, `%W` wildcard pattern, `%I` connection, `%N` number of the request, `%P`
// payload, `%L` its size in octets, `%V` the size of everything behind it as a variable-length
// integer (MQTT 3.1.1 §2.2.3), `%%` a percent sign; `\n \r \t \\ \0 \xHH` as usual.

internal import Bytes

/// What is wrong with a template.
struct TemplateError: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// A text with places, compiled once.
struct Template: Sendable {
    enum Part: Sendable, Equatable {
        case text([UInt8])
        case room, event, pattern, connection, number, payload, payloadSize, restSize
    }

    /// What the places are filled with.
    struct Values {
        var room = 0
        var event = 0
        var pattern = ""
        var connection = 0
        var number = 0
        var payloadSize = 0
    }

    private(set) var parts: [Part] = []

    /// Whether it has a place for the payload.
    var hasPayload: Bool { parts.contains(.payload) }

    init(_ text: String) throws(TemplateError) {
        var literal: [UInt8] = []
        var rest = Array(text.utf8)[...]
        func flush(_ parts: inout [Part]) {
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = []
        }
        while let octet = rest.popFirst() {
            switch octet {
            case UInt8(ascii: "%"):
                guard let name = rest.popFirst() else {
                    throw TemplateError(
                        description: "\"\(text)\" ends in %; write %% for a percent sign")
                }
                if name == octet {
                    literal.append(octet)
                } else {
                    guard let part = Self.places[name] else {
                        let name = String(decoding: [name], as: UTF8.self)
                        throw TemplateError(
                            description: "unknown place %\(name) in \"\(text)\"; there are "
                                + "%R %E %W %I %N %P %L %V and %%")
                    }
                    flush(&parts)
                    parts.append(part)
                }
            case UInt8(ascii: "\\"):
                literal.append(try Self.escape(&rest, in: text))
            default: literal.append(octet)
            }
        }
        flush(&parts)
    }

    private static let places: [UInt8: Part] = [
        UInt8(ascii: "R"): .room, UInt8(ascii: "E"): .event, UInt8(ascii: "W"): .pattern,
        UInt8(ascii: "I"): .connection, UInt8(ascii: "N"): .number, UInt8(ascii: "P"): .payload,
        UInt8(ascii: "L"): .payloadSize, UInt8(ascii: "V"): .restSize,
    ]

    private static func escape(
        _ rest: inout ArraySlice<UInt8>, in text: String
    ) throws(TemplateError) -> UInt8 {
        switch rest.popFirst() {
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "0"): return 0
        case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
        case UInt8(ascii: "x"):
            guard let high = rest.popFirst().flatMap(Hex.value(of:)),
                let low = rest.popFirst().flatMap(Hex.value(of:))
            else { break }
            return high << 4 | low
        default: break
        }
        throw TemplateError(
            description: #"unknown escape in "\#(text)"; there are \n \r \t \\ \0 and \xHH"#)
    }

    /// Appends the text with its places filled.
    ///
    /// - Parameter payload: Appends `values.payloadSize` octets.
    func write(
        _ values: Values, into buffer: inout OctetBuffer,
        payload: (inout OctetBuffer) -> Void = { _ in }
    ) {
        for (place, part) in parts.enumerated() {
            switch part {
            case .text(let octets): buffer.append(octets)
            case .room: buffer.append(decimal: values.room)
            case .event: buffer.append(decimal: values.event)
            case .pattern: buffer.append(values.pattern)
            case .connection: buffer.append(decimal: values.connection)
            case .number: buffer.append(decimal: values.number)
            case .payload: payload(&buffer)
            case .payloadSize: buffer.append(decimal: values.payloadSize)
            case .restSize:
                var size = size(of: parts[(place + 1)...], values)
                repeat {
                    let more: UInt8 = size > 127 ? 0x80 : 0
                    buffer.append(UInt8(truncatingIfNeeded: size & 127) | more)
                    size >>= 7
                } while size > 0
            }
        }
    }

    /// The text with its places filled, for paths.
    func text(_ values: Values) -> String {
        var buffer = OctetBuffer()
        write(values, into: &buffer)
        return buffer.octets.text
    }

    private func size(of parts: ArraySlice<Part>, _ values: Values) -> Int {
        parts.reduce(0) { sum, part in
            switch part {
            case .text(let octets): sum + octets.count
            case .room: sum + String(values.room).utf8.count
            case .event: sum + String(values.event).utf8.count
            case .pattern: sum + values.pattern.utf8.count
            case .connection: sum + String(values.connection).utf8.count
            case .number: sum + String(values.number).utf8.count
            case .payload: sum + values.payloadSize
            case .payloadSize: sum + String(values.payloadSize).utf8.count
            case .restSize: sum + 4  // A size within a size: no protocol has that.
            }
        }
    }
}
