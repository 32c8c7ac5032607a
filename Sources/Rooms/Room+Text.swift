// Room+Text — the text form of a room, for people, logs and the HTTP API.
//
// Segments are joined with `.`. Inside a segment the octets that mean something elsewhere, white
// space, control octets and what is not UTF-8 are percent-encoded (RFC 3986 §2.1), so the text of
// a room parses back to that room. Parsing decodes whatever is encoded and takes the rest as it is.

package import Bytes

extension Room {
    /// Parses a text form.
    ///
    /// - Throws: ``RoomError``; the limits count decoded octets.
    package init(text: RawSpan) throws(RoomError) {
        self.init()
        var segment = OctetBuffer(capacity: Self.sizeLimit + 1)
        var offset = 0
        while offset < text.byteCount {
            let octet = text[octet: offset]
            offset += 1
            switch octet {
            case 0x2E:
                try append(segment.octets)
                segment.removeAll()
            case 0x25:
                guard text.byteCount - offset >= 2,
                    let high = hexadecimalValue(text[octet: offset]),
                    let low = hexadecimalValue(text[octet: offset + 1])
                else { throw .invalidEscape }
                segment.append(high << 4 | low)
                offset += 2
            default: segment.append(octet)
            }
            // Said here, so that a long text is refused before it is copied.
            guard segment.count <= Self.sizeLimit else { throw .tooLong(limit: Self.sizeLimit) }
        }
        try append(segment.octets)
    }

    /// Parses a text form.
    package init(text: String) throws(RoomError) {
        let octets = Array(text.utf8)
        try self.init(text: octets.raw)
    }

    /// The text form.
    package var text: String {
        var buffer = OctetBuffer(capacity: octets.count + segmentCount)
        appendText(to: &buffer)
        return buffer.octets.text
    }

    /// Writes the text form, which is always UTF-8.
    package func appendText(to buffer: inout OctetBuffer) {
        for index in 0..<segmentCount {
            if index > 0 { buffer.append(0x2E) }
            withSegment(index) { segment in appendEncoded(segment, to: &buffer) }
        }
    }

    /// The segments with bare dots between them, for people and WAMP; what is not UTF-8 is
    /// repaired.
    package var dottedText: String {
        var buffer = OctetBuffer(capacity: dottedSize)
        appendDotted(to: &buffer)
        return buffer.octets.text
    }

    /// Writes the segments with bare dots between them, nothing encoded: what a WAMP prefix sees.
    package func appendDotted(to buffer: inout OctetBuffer) {
        for index in 0..<segmentCount {
            if index > 0 { buffer.append(0x2E) }
            withSegment(index) { segment in buffer.append(segment) }
        }
    }
}

private func appendEncoded(_ segment: RawSpan, to buffer: inout OctetBuffer) {
    var offset = 0
    while offset < segment.byteCount {
        let scalar = segment.scalar(at: offset)
        if !scalar.isUnicode || needsEncoding(scalar.value) {
            let octet = segment[octet: offset]
            buffer.append(0x25)
            buffer.append(hexadecimalDigit(octet >> 4))
            buffer.append(hexadecimalDigit(octet & 0x0F))
        } else {
            buffer.append(segment.extracting(offset..<offset + scalar.size))
        }
        offset += scalar.size
    }
}

/// `.` separates, `%` escapes, `*` and `#` look like wildcards, `&`, `=` and `:` carry meaning in
/// key lists; space and control characters cannot be seen in a log.
private func needsEncoding(_ value: UInt32) -> Bool {
    switch value {
    case 0...0x20, 0x7F, 0x2E, 0x25, 0x2A, 0x23, 0x26, 0x3D, 0x3A: true
    default: false
    }
}

private func hexadecimalDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x37
    case 0x61...0x66: digit - 0x57
    default: nil
    }
}
