// Octets as hexadecimal digits and back, so that vectors look like those of their RFCs.

import Bytes

func hex(_ octets: RawSpan) -> String {
    var text = OctetBuffer()
    Hex.encode(octets, into: &text)
    return text.octets.text
}

func hex(_ octets: [UInt8]) -> String { unsafe hex(octets.span.bytes) }

/// The octets of `digits`; white space between them is left out.
func octets(_ digits: String) -> [UInt8] {
    var octets = OctetBuffer()
    let text = digits.utf8.filter { $0 > 0x20 }
    precondition(unsafe Hex.decode(Array(text).span.bytes, into: &octets))
    return octets.octets.array
}
