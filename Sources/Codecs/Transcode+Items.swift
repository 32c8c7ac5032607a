// Transcode, the items — what each serialization has that the others say differently.

import Bytes

extension JSONReader: TranscodableReader {
    internal func append<Writer: ItemWriter>(
        _ item: Item, to writer: inout Writer, scratch: inout OctetBuffer,
        into buffer: inout OctetBuffer
    ) {
        let text = octets.extracting(item.contents)
        switch item.kind {
        case .integer:
            if let whole = JSONNumber.whole(text) {
                writer.append(whole: whole, into: &buffer)
            } else if let wide = WideInteger(digits: text) {
                writer.append(wide: wide, into: &buffer)
            } else {
                let isNegative = text[octet: 0] == JSONOctet.minus
                writer.append(float: isNegative ? -.infinity : .infinity, into: &buffer)
            }
        case .float: writer.append(float: JSONNumber.double(text), into: &buffer)
        case .string:
            scratch.removeAll()
            if let text = base64(in: item) {
                // `/` may be written as `\/`.
                _ = scratch.append(unescaping: text)
                if Base64.decodedSize(scratch.octets) != nil {
                    writer.append(base64: scratch.octets, into: &buffer)
                    return
                }
                scratch.removeAll()
            }
            _ = append(textOf: item, to: &scratch)
            writer.append(string: scratch.octets, into: &buffer)
        default: preconditionFailure("nothing else comes here")
        }
    }
}

extension MessagePackReader: TranscodableReader {
    internal func append<Writer: ItemWriter>(
        _ item: Item, to writer: inout Writer, scratch: inout OctetBuffer,
        into buffer: inout OctetBuffer
    ) {
        if let whole = whole(item) {
            writer.append(whole: whole, into: &buffer)
        } else if let value = double(item) {
            writer.append(float: value, into: &buffer)
        } else if let time = Timestamp(item, in: self) {
            if time.nanoseconds == 0 {
                writer.append(integer: time.seconds, into: &buffer)
            } else {
                writer.append(float: time.value, into: &buffer)
            }
        } else {
            writer.append(octets: octets.extracting(item.contents), into: &buffer)
        }
    }
}

/// MessagePack's extension of type -1.
private struct Timestamp {
    /// Since 1970, without leap seconds.
    var seconds: Int64
    var nanoseconds: UInt64

    /// Takes an item that is a timestamp in one of its three sizes; `nil` for every other item.
    init?(_ item: Item, in reader: MessagePackReader) {
        guard item.kind == .octets else { return nil }
        let octet = reader.octets[octet: item.range.lowerBound]
        // ext 8 to 32 and fixext 1 to 16; the rest of the octet strings are bin.
        let isExtension = octet > 0xC6
        let start = item.contents.lowerBound
        guard isExtension, reader.octets[octet: start - 1] == 0xFF else { return nil }
        switch item.contents.count {
        case 4:
            seconds = Int64(truncatingIfNeeded: reader.octets.number(at: start, size: 4))
            nanoseconds = 0
        case 8:
            let bits = reader.octets.number(at: start, size: 8)
            seconds = Int64(truncatingIfNeeded: bits & 0x3_FFFF_FFFF)
            nanoseconds = bits >> 34
        case 12:
            seconds = Int64(bitPattern: reader.octets.number(at: start + 4, size: 8))
            nanoseconds = reader.octets.number(at: start, size: 4)
        default: return nil
        }
        guard nanoseconds < 1_000_000_000 else { return nil }
    }

    /// The seconds as a float64, which has room for microseconds in our time.
    var value: Double { Double(seconds) + Double(nanoseconds) / 1e9 }
}

extension CBORReader: TranscodableReader {
    internal func append<Writer: ItemWriter>(
        _ item: Item, to writer: inout Writer, scratch: inout OctetBuffer,
        into buffer: inout OctetBuffer
    ) {
        switch item.kind {
        case .integer, .float:
            if let whole = whole(item) {
                writer.append(whole: whole, into: &buffer)
            } else if let value = double(item) {
                writer.append(float: value, into: &buffer)
            }
        case .octets:
            let tag = innermostTag(of: item)
            if tag == 2 || tag == 3 {
                append(bignum: item, isNegative: tag == 3, to: &writer, into: &buffer)
            } else if item.isPlain {
                writer.append(octets: octets.extracting(item.contents), into: &buffer)
            } else {
                scratch.removeAll()
                append(contentsOf: item, to: &scratch)
                writer.append(octets: scratch.octets, into: &buffer)
            }
        case .string:
            scratch.removeAll()
            append(contentsOf: item, to: &scratch)
            writer.append(string: scratch.octets, into: &buffer)
        default: preconditionFailure("nothing else comes here")
        }
    }

    /// Appends the integer that tag 2 or 3 makes of an octet string (RFC 8949 §3.4.3).
    private func append<Writer: ItemWriter>(
        bignum item: Item, isNegative: Bool, to writer: inout Writer,
        into buffer: inout OctetBuffer
    ) {
        var wide = WideInteger()
        var fits = true
        var chunks = Chunks(of: item)
        while let chunk = chunks.next(in: octets) {
            for place in chunk where fits { fits = wide.append(octets[octet: place]) }
        }
        if isNegative && fits { fits = wide.complement() }
        if fits, let whole = wide.whole {
            writer.append(whole: whole, into: &buffer)
        } else if fits {
            writer.append(wide: wide, into: &buffer)
        } else {
            writer.append(float: isNegative ? -.infinity : .infinity, into: &buffer)
        }
    }
}
