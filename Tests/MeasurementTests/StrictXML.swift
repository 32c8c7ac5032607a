// A reader of XML that forgives nothing, for pages that claim to be well-formed.

/// What a page holds, as far as tests ask.
struct StrictXML {
    struct Malformed: Error, CustomStringConvertible {
        var description: String
    }

    /// Names of the elements, in order.
    private(set) var elements: [String] = []
    /// Values of attributes, unescaped, by name.
    private(set) var attributes: [(name: String, value: String)] = []
    /// Text between tags, unescaped.
    private(set) var text = ""

    private var rest: Substring.UnicodeScalarView

    init(_ page: String) throws {
        let start = "<!DOCTYPE html>"
        guard page.hasPrefix(start) else { throw Malformed(description: "no document type") }
        rest = page.dropFirst(start.count).unicodeScalars
        var open: [String] = []
        while let scalar = rest.first {
            if scalar == "<" {
                try readTag(&open)
            } else {
                text.unicodeScalars.append(try readCharacter())
            }
            if open.isEmpty, !elements.isEmpty, rest.contains(where: { $0 != "\n" }) {
                throw Malformed(description: "something after the end")
            }
        }
        guard open.isEmpty else { throw Malformed(description: "not closed: \(open)") }
    }

    private mutating func readTag(_ open: inout [String]) throws {
        rest.removeFirst()
        if rest.first == "/" {
            rest.removeFirst()
            let name = readName()
            guard open.popLast() == name, rest.popFirst() == ">" else {
                throw Malformed(description: "</\(name)> closes nothing")
            }
            return
        }
        let name = readName()
        guard !name.isEmpty else { throw Malformed(description: "a stray <") }
        elements.append(name)
        var seen: Set<String> = []
        while rest.first == " " {
            rest.removeFirst()
            if rest.first == "/" { break }
            let attribute = readName()
            guard seen.insert(attribute).inserted, rest.popFirst() == "=", rest.popFirst() == "\""
            else { throw Malformed(description: "attribute \(attribute) of \(name)") }
            var value = ""
            while let scalar = rest.first, scalar != "\"" {
                guard scalar != "<" else { throw Malformed(description: "< in \(attribute)") }
                value.unicodeScalars.append(try readCharacter())
            }
            rest.removeFirst()
            attributes.append((attribute, value))
        }
        if rest.first == "/" {
            rest.removeFirst()
        } else {
            open.append(name)
        }
        guard rest.popFirst() == ">" else { throw Malformed(description: "\(name) has no >") }
    }

    private mutating func readName() -> String {
        var name = ""
        while let scalar = rest.first, scalar.isASCII,
            scalar.properties.isAlphabetic || "-0123456789".unicodeScalars.contains(scalar)
        {
            name.unicodeScalars.append(rest.removeFirst())
        }
        return name
    }

    private mutating func readCharacter() throws -> Unicode.Scalar {
        let scalar = rest.removeFirst()
        guard scalar.value >= 0x20 || scalar == "\n" || scalar == "\t" else {
            throw Malformed(description: "a control character")
        }
        guard scalar == "&" else { return scalar }
        var name = ""
        while let next = rest.popFirst(), next != ";", name.count < 8 {
            name.unicodeScalars.append(next)
        }
        let known: [String: Unicode.Scalar] = [
            "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'",
        ]
        guard let character = known[name] else {
            throw Malformed(description: "an entity &\(name);")
        }
        return character
    }
}
