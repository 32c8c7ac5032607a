// JSONLayout — line breaks for compact JSON, where a reader wants them.
//
// Objects, and arrays of objects, are broken two levels deep; everything below stays on its line.

internal enum JSONLayout {
    private static let brokenDepth = 2

    /// Breaks `compact`, which is valid JSON without white space, into lines.
    static func lines(of compact: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(compact.count + compact.count / 8)
        var isBroken: [Bool] = []  // of the containers around the current octet
        var isString = false
        var isEscaped = false

        func breakLine() {
            text.append(UInt8(ascii: "\n"))
            text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * isBroken.count))
        }

        for (index, octet) in compact.enumerated() {
            if isString {
                text.append(octet)
                if isEscaped {
                    isEscaped = false
                } else if octet == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if octet == UInt8(ascii: "\"") {
                    isString = false
                }
                continue
            }
            switch octet {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                text.append(octet)
                let next = index + 1 < compact.count ? compact[index + 1] : octet
                let holdsMembers =
                    octet == UInt8(ascii: "{")
                    ? next != UInt8(ascii: "}") : next == UInt8(ascii: "{")
                isBroken.append(holdsMembers && isBroken.count < brokenDepth)
                if isBroken.last == true { breakLine() }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if isBroken.popLast() == true { breakLine() }
                text.append(octet)
            case UInt8(ascii: ","):
                text.append(octet)
                if isBroken.last == true { breakLine() }
            case UInt8(ascii: ":"):
                text.append(octet)
                text.append(UInt8(ascii: " "))
            default:
                isString = octet == UInt8(ascii: "\"")
                text.append(octet)
            }
        }
        text.append(UInt8(ascii: "\n"))
        return text
    }
}
