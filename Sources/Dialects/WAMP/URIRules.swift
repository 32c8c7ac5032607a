// URIRules — what is a URI (reference §2.2).
//
// Components joined by dots. Loose: one or more characters that are neither white space nor `.` nor
// `#`. Strict: one or more of a-z, 0-9 and `_`. Which components may be empty depends on the use.
// The scan is one pass; the class of an ASCII octet is a bit of a constant, so no table is loaded.

internal import Bytes
internal import Rooms

/// Which characters a component may have; a choice of the realm.
package enum URIRules: UInt8, CaseIterable, Sendable { case loose, strict }

/// Where a URI stands, which decides about its empty components.
package enum URIUse: UInt8, CaseIterable, Sendable {
    /// A name: no component is empty.
    case name
    /// A prefix: the last component may be empty (`com.app.`, and the empty text: everything).
    case prefix
    /// A wildcard pattern: any component may be empty.
    case wildcard
}

extension URIRules {
    /// Components of a URI; a URI is the name of a room and shares its limits.
    package static var componentLimit: Int { Room.segmentLimit }
    /// Octets of a URI.
    package static var sizeLimit: Int { Room.sizeLimit }

    /// Whether `uri`, which is UTF-8, may stand there. O(octets).
    package func accepts(_ uri: RawSpan, as use: URIUse) -> Bool {
        let size = uri.byteCount
        guard size <= Self.sizeLimit else { return false }
        let isStrict = self == .strict
        var componentCount = 1
        var start = 0  // of the component at hand
        var index = 0
        while index < size {
            let octet = uri[octet: index]
            if octet == 0x2E {
                guard index > start || use == .wildcard else { return false }
                componentCount &+= 1
                start = index &+ 1
            } else if octet >= 0x80 {
                guard !isStrict, !isSpace(uri, at: index) else { return false }
            } else {
                guard Self.isAllowed(octet, isStrict) else { return false }
            }
            index &+= 1
        }
        guard componentCount <= Self.componentLimit else { return false }
        return start < size || use != .name
    }

    /// Whether the first component of `uri` is `wamp`: reserved for the protocol.
    package static func isReserved(_ uri: RawSpan) -> Bool {
        guard uri.byteCount >= 4, uri.extracting(0..<4).equals("wamp") else { return false }
        return uri.byteCount == 4 || uri[octet: 4] == 0x2E
    }

    /// Whether an ASCII octet other than a dot may be in a component: a bit for each.
    @inline(__always)
    private static func isAllowed(_ octet: UInt8, _ isStrict: Bool) -> Bool {
        let bit = UInt64(octet & 0x3F)
        if isStrict {
            // 0-9 in the lower half; a-z and _ in the upper one.
            let bits: UInt64 = octet < 0x40 ? 0x03FF_0000_0000_0000 : 0x07FF_FFFE_8000_0000
            return bits &>> bit & 1 == 1
        }
        // White space is tab to carriage return and the separators 1C to 1F, and space; and #.
        let bits: UInt64 = octet < 0x40 ? ~0x0000_0009_F000_3E00 : .max
        return bits &>> bit & 1 == 1
    }

    /// Whether one of Unicode's white space characters begins at `index`: U+0085, U+00A0, U+1680,
    /// U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
    private func isSpace(_ uri: RawSpan, at index: Int) -> Bool {
        let first = uri[octet: index]
        if first == 0xC2 {
            guard index + 1 < uri.byteCount else { return false }
            let second = uri[octet: index + 1]
            return second == 0x85 || second == 0xA0
        }
        guard first >= 0xE1 && first <= 0xE3, index + 2 < uri.byteCount else { return false }
        switch uri.bigEndian(at: index, size: 3) {
        case 0xE1_9A80, 0xE2_8080...0xE2_808A, 0xE2_80A8, 0xE2_80A9, 0xE2_80AF, 0xE2_819F,
            0xE3_8080:
            return true
        default: return false
        }
    }
}
