// NaiveJSON, the values — a tree from a text that the grammar took.

import Bytes
import Codecs

extension NaiveJSON {
    /// The value of a JSON text, by the WAMP reference's convention for octet strings; `nil` if it
    /// is none.
    static func value(_ octets: [UInt8]) -> Value? {
        guard isValid(octets) else { return nil }
        var rest = Array(String(decoding: octets, as: UTF8.self).unicodeScalars)[...]
        return value(&rest)
    }

    private static func skipSpace(_ rest: inout ArraySlice<Unicode.Scalar>) {
        rest = rest.drop { [" ", "\t", "\n", "\r"].contains($0) }
    }

    private static func value(_ rest: inout ArraySlice<Unicode.Scalar>) -> Value {
        skipSpace(&rest)
        switch rest.first! {
        case "{":
            var members: [Value.Member] = []
            list(&rest) { rest in
                let key = string(&rest)
                skipSpace(&rest)
                rest.removeFirst()  // colon
                members.append(Value.Member(key: key, value: value(&rest)))
            }
            return .map(members)
        case "[":
            var items: [Value] = []
            list(&rest) { items.append(value(&$0)) }
            return .array(items)
        case "\"": return Value.string(string(&rest)).converted(to: .json)
        default:
            let end = rest.firstIndex { ",]} \t\n\r".unicodeScalars.contains($0) } ?? rest.endIndex
            var text = ""
            text.unicodeScalars.append(contentsOf: rest[..<end])
            rest = rest[end...]
            switch text {
            case "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            case "-0": return .integer("0")
            default:
                let isFloat = text.contains { ".eE".contains($0) }
                return isFloat ? .float(Double(text)!) : .integer(text)
            }
        }
    }

    private static func list(
        _ rest: inout ArraySlice<Unicode.Scalar>,
        _ element: (inout ArraySlice<Unicode.Scalar>) -> Void
    ) {
        while true {
            rest.removeFirst()  // an opening or a comma
            skipSpace(&rest)
            if rest.first! != "]" && rest.first! != "}" {
                element(&rest)
                skipSpace(&rest)
            }
            if rest.first! == "," { continue }
            rest.removeFirst()
            return
        }
    }

    private static func string(_ rest: inout ArraySlice<Unicode.Scalar>) -> String {
        var units: [UInt16] = []
        rest.removeFirst()
        while true {
            switch rest.removeFirst() {
            case "\"": return String(decoding: units, as: UTF16.self)  // repairs half surrogates
            case "\\":
                switch rest.removeFirst() {
                case "b": units.append(8)
                case "f": units.append(12)
                case "n": units.append(10)
                case "r": units.append(13)
                case "t": units.append(9)
                case "u":
                    let digits = String(String.UnicodeScalarView(rest.prefix(4)))
                    units.append(UInt16(digits, radix: 16)!)
                    rest.removeFirst(4)
                case let other: units.append(UInt16(other.value))
                }
            case let scalar: units += Array(UTF16.encode(scalar)!)
            }
        }
    }
}
