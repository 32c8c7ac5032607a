// WAMPText — arguments as people type them, and back.
//
// A word is JSON where it parses as JSON and a string otherwise. What comes out is what would have
// to be typed to get it: a string that would be taken for something else is written with quotes.
// Machines use envelopes: one JSON object with `args`, `kwargs` and what surrounds them.

import Bytes
import Codecs
import WAMPClient

enum WAMPText {
    /// The JSON that `word` stands for.
    static func json(ofWord word: String) -> String {
        isJSON(word) ? word : quoted(word)
    }

    /// What would have to be typed for one value, on one line.
    static func word(ofJSON json: String) -> String {
        guard let text = string(ofJSON: json), !text.isEmpty, !isJSON(text),
            !text.hasControls
        else { return compact(json) }
        return text
    }

    /// One line: positional arguments, then keyword arguments as NAME=VALUE, separated by tabs.
    static func line(_ arguments: Arguments) -> String {
        let words =
            arguments.positional.map(word(ofJSON:))
            + arguments.keywords.map { "\(name($0.key))=\(word(ofJSON: $0.value))" }
        return words.joined(separator: "\t")
    }

    /// A name on one line: as it is, or as a JSON string where it would end the line or move
    /// cursors.
    static func name(_ text: String) -> String {
        text.hasControls ? compact(quoted(text)) : text
    }

    /// An envelope: members in their order, their values JSON already, then details and arguments.
    static func envelope(
        _ members: [(String, String)], _ details: Details, _ arguments: Arguments
    ) -> String {
        let all =
            members + [
                ("details", details.json), ("args", arguments.listJSON),
                ("kwargs", arguments.mapJSON),
            ]
        return "{" + all.map { quoted($0.0) + ":" + compact($0.1) }.joined(separator: ",") + "}"
    }

    /// `text` as a JSON string.
    static func quoted(_ text: String) -> String {
        var buffer = OctetBuffer(capacity: text.utf8.count + 2)
        buffer.append(jsonString: text)
        return buffer.octets.text
    }

    static func isJSON(_ text: String) -> Bool {
        let octets = Array(text.utf8)
        return (try? JSONReader.document(unsafe octets.span.bytes)) != nil
    }

    /// What a JSON string says; `nil` for every other value.
    static func string(ofJSON json: String) -> String? {
        let octets = Array(json.utf8)
        let reader = JSONReader(unsafe octets.span.bytes)
        guard let item = try? JSONReader.document(unsafe octets.span.bytes), item.kind == .string
        else { return nil }
        var text = OctetBuffer(capacity: octets.count)
        return reader.append(textOf: item, to: &text) ? text.octets.text : nil
    }

    /// Valid JSON without the white space between its tokens, line ends above all, and with escapes
    /// for what JSON does not escape and terminals obey.
    static func compact(_ json: String) -> String {
        if json.unicodeScalars.contains(where: { (0x7F...0x9F).contains($0.value) }) {
            let escaped = json.unicodeScalars.map { scalar in
                guard (0x7F...0x9F).contains(scalar.value) else { return String(scalar) }
                return "\\u00" + String(scalar.value, radix: 16)
            }
            return compact(escaped.joined())
        }
        guard json.utf8.contains(where: { $0 <= 0x20 }) else { return json }
        var octets: [UInt8] = []
        octets.reserveCapacity(json.utf8.count)
        var isInString = false
        var isEscaped = false
        for octet in json.utf8 {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if octet == 0x5C {
                    isEscaped = true
                } else if octet == 0x22 {
                    isInString = false
                }
            } else if octet == 0x22 {
                isInString = true
            } else if octet <= 0x20 {
                continue
            }
            octets.append(octet)
        }
        return String(decoding: octets, as: UTF8.self)
    }
}

/// An envelope that was read.
struct WAMPEnvelope {
    private(set) var arguments = Arguments()
    /// The URI of an error, when the envelope says so.
    private(set) var error: String?

    struct Malformed: Error {
        let sentence: String
    }

    /// Reads one; unknown members are skipped, so that what a command writes another can read.
    init(_ line: String) throws(Malformed) {
        let octets = Array(line.utf8)
        let span = unsafe octets.span.bytes
        var list: String?
        var map: String?
        do throws(CodecError) {
            var reader = JSONReader(span)
            guard reader.isAtMap() else { throw .unexpectedKind(at: 0) }
            var members = try reader.beginMap()
            while let key = try reader.nextKey(&members) {
                let item = try reader.item()
                let value = span.extracting(item.range).text
                if reader.string(key, equals: "args"), item.kind != .null {
                    list = value
                } else if reader.string(key, equals: "kwargs"), item.kind != .null {
                    map = value
                } else if reader.string(key, equals: "error"), item.kind == .string {
                    error = WAMPText.string(ofJSON: value)
                }
            }
            try reader.end()
            arguments = try Arguments(list: list, map: map == "{}" ? nil : map)
        } catch {
            throw Malformed(
                sentence: #"no envelope: write {"args":[…],"kwargs":{…}} on one line, not "#
                    + String(line.prefix(80)))
        }
    }
}
