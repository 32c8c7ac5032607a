// FormQuery — the parameters of a query as forms write them (specification §1.1).
//
// Read as the reference reads them: pairs between `&`, `+` is a space, `%41` an `A`, a `%` without
// two digits itself, what is no UTF-8 becomes U+FFFD, and pairs without a value do not count.

import Bytes

internal enum FormQuery {
    /// The values of each name, both in the order in which they came.
    static func parameters(of query: String) -> [(name: String, values: [String])] {
        var parameters: [(name: String, values: [String])] = []
        var places: [[UInt8]: Int] = [:]
        for pair in Array(query.utf8).split(separator: 0x26) {
            guard let equals = pair.firstIndex(of: 0x3D), equals + 1 < pair.endIndex else {
                continue
            }
            let name = decoded(pair[..<equals])
            let value = decoded(pair[(equals + 1)...])
            if let place = places[name] {
                parameters[place].values.append(String(decoding: value, as: UTF8.self))
            } else {
                places[name] = parameters.count
                parameters.append(
                    (
                        String(decoding: name, as: UTF8.self),
                        [String(decoding: value, as: UTF8.self)]
                    ))
            }
        }
        return parameters
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let octet = text[index]
            index += 1
            if octet == 0x25, text.endIndex - index >= 2, let high = Hex.value(of: text[index]),
                let low = Hex.value(of: text[index + 1])
            {
                octets.append(high << 4 | low)
                index += 2
            } else {
                octets.append(octet == 0x2B ? 0x20 : octet)
            }
        }
        return octets
    }
}
