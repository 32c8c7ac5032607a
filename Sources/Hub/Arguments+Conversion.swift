// Arguments, conversion — large ones in another serialization, made once.
//
// A publication is written for each subscription that it matches, and there may be hundreds of one
// client's. Copying a megabyte so often is bad enough; converting it takes ten times as long.

internal import Bytes
package import Codecs
internal import Synchronization

extension Arguments {
    /// Octets from which on a conversion is worth keeping.
    package static var keptSize: Int { 4096 }

    /// Octets up to which it may be kept: what is converted can be seven times as large, and its
    /// places have 31 bits.
    private static var conversionLimit: Int { 64 << 20 }

    /// These arguments in a serialization, kept for the next one who asks; as they are where there
    /// is nothing to keep.
    package func converted(to target: Serialization) -> Arguments {
        guard serialization != target, octets.count >= Self.keptSize,
            octets.count <= Self.conversionLimit, passthru.isAbsent
        else { return self }
        var last = self
        while let other = last.next.load() {
            if other.serialization == target { return other }
            last = other
        }
        guard let made = conversion(to: target) else { return self }
        while true {
            // Somebody else may have been faster, with this one or another.
            let kept = last.next.storeIfNil(made)
            if kept.serialization == target { return kept }
            last = kept
        }
    }

    /// The same octets, without what was made of them.
    package var copy: Arguments {
        Arguments(
            octets: octets, serialization: serialization, arguments: arguments,
            keywords: keywords, passthru: passthru)
    }

    private func conversion(to target: Serialization) -> Arguments? {
        var buffer = OctetBuffer(capacity: octets.count)
        guard let arguments = convert(arguments, to: target, into: &buffer),
            let keywords = convert(keywords, to: target, into: &buffer)
        else { return nil }
        return Arguments(
            octets: buffer.octets.array, serialization: target, arguments: arguments,
            keywords: keywords)
    }

    private func convert(
        _ place: Extent, to target: Serialization, into buffer: inout OctetBuffer
    ) -> Extent? {
        if place.isAbsent { return .absent }
        let octets = octets
        let encoded = unsafe octets.span.bytes.extracting(place.range)
        let start = buffer.count
        do throws(CodecError) {
            try transcode(encoded, from: serialization, to: target, into: &buffer)
        } catch {
            return nil
        }
        return Extent(start..<buffer.count)
    }
}
