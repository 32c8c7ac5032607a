// Composing — one compression of a publication, whoever is told it and in whatever envelope.
//
// Where all who are told a publication deflated get the same message, that is deflated as a whole.
// Where there are several messages, of dialects, readings or rooms, what they have in common is:
// the payload becomes a run of blocks without references outside itself, and a message is what
// stands in front of the payload as a stored block, the run, and what stands behind it as a stored
// block: a valid message whatever its receiver keeps (RFC 1951 §3.2.4, RFC 7692 §7.2.1):
//
//     00 LEN NLEN head … | run, which ends as a stored block begins | LEN NLEN tail … 00
//
// A run ends so because it was flushed, and so does the message: the octets that the receiver
// appends are the length of an empty block. So Core+Tails.swift puts its tails behind either. All
// is made for the smallest window that a subscriber of this core has, since every other reads that
// as well.

import Bytes
import DialectKit
import Rooms

/// What the lists of a publication have in common that are told it deflated.
struct DeflatedLists {
    /// Bits of the smallest window that was agreed to; 0 before there is such a list.
    var windowBits = 0
    /// Whether they are told different messages.
    var areMixed = false
}

/// How a message leaves.
enum Packing {
    case plain
    case whole(PublicationForm)
    /// As the octets that were written for it.
    case composed
}

extension EnvelopeClass {
    fileprivate var dialect: DialectID {
        DialectID(rawValue: UInt8(truncatingIfNeeded: lane / WireForm.count))
    }

    /// The same for all who are told the same message, but for tails.
    var message: UInt64 {
        EnvelopeClass(lane: lane - Int(wire.rawValue), reading: reading, hasTails: false).rawValue
    }
}

extension Core where Kernel: ~Copyable {
    /// Looks at the lists from `first` on, the first that is told a publication deflated.
    ///
    /// - Parameter firstEnvelope: Its class.
    @inline(never)
    mutating func deflatedLists(
        of publication: Publication, in matched: MatchedLists, from first: Int,
        _ firstEnvelope: EnvelopeClass
    ) -> DeflatedLists {
        var found = DeflatedLists(windowBits: Int(firstEnvelope.wire.rawValue))
        let message = firstEnvelope.message
        for place in first + 1..<matched.count {
            let envelope = rooms.envelopeClass(of: matched[place])
            guard envelope.wire.isDeflated else { continue }
            if let reading = publication.reading, reading != envelope.reading,
                publication.dialect == envelope.dialect
            {
                continue
            }
            found.windowBits = min(found.windowBits, Int(envelope.wire.rawValue))
            if envelope.message != message { found.areMixed = true }
        }
        return found
    }

    /// Deflates a message of a publication or a part of it, or finds that this was done.
    ///
    /// - Parameters:
    ///   - hint: Where the payload stands, as the dialect has it.
    ///   - endSize: Octets that must follow a deflated message, and not a plain one.
    ///   - packed: Where a composed message is written.
    mutating func pack(
        _ message: RawSpan, payload hint: Range<Int>, endSize: Int = 0,
        of publication: Publication, _ envelope: EnvelopeClass, _ dialect: any Dialect,
        into packed: inout OctetBuffer
    ) -> Packing {
        let minimumSize = state.settings.deflateMinimumSize
        guard message.byteCount >= minimumSize,
            message.byteCount <= state.settings.deflateMaximumSize
        else { return .plain }
        let windowBits = deflated.windowBits
        let ignoresRoom = dialect.ignoresRooms
        // Another core or a sibling may have deflated this message, or will deflate others.
        let hasOthers = publication.hasForms || publication.hasSiblings && !ignoresRoom
        if hasOthers,
            let known = publication.form(
                ofMessage: envelope.message, windowBits: windowBits, ignoringRoom: ignoresRoom)
        {
            return Self.whole(known, message, endSize: endSize)
        }
        let payload = hint.clamped(to: 0..<message.byteCount)
        guard deflated.areMixed || hasOthers, !payload.isEmpty else {
            let form = deflate(.message(envelope.message), message, windowBits, &packed)
            let kept = publication.keep(form, ignoringRoom: ignoresRoom)
            return Self.whole(kept, message, endSize: endSize)
        }
        guard payload.count >= minimumSize else { return .plain }
        let known = publication.part(of: message, near: payload, windowBits: windowBits)
        if let (run, place) = known {
            return Self.compose(message, run, at: place, endSize: endSize, into: &packed)
        }
        let part = message.extracting(payload)
        let form = deflate(.part(publication.copy(of: part)), part, windowBits, &packed)
        let run = publication.keep(form, ignoringRoom: ignoresRoom)
        return Self.compose(message, run, at: payload, endSize: endSize, into: &packed)
    }

    /// Makes a form, by way of `packed`.
    private mutating func deflate(
        _ subject: PublicationForm.Subject, _ octets: RawSpan, _ windowBits: Int,
        _ packed: inout OctetBuffer
    ) -> PublicationForm {
        let neededBits = min(windowBits, WireForm.windowBits(holding: octets.byteCount))
        // What the window holds has no reference that reaches beyond it, whichever made it.
        let wire = WireForm(rawValue: octets.byteCount <= 1 << windowBits ? 15 : UInt8(windowBits))
        packed.removeAll()
        let isSmaller = deflate(octets, for: wire, into: &packed)
        return PublicationForm(
            subject, windowBits: neededBits, octets: isSmaller ? packed.octets.array : [])
    }

    /// A message as a whole, if that is smaller.
    private static func whole(
        _ form: PublicationForm, _ message: RawSpan, endSize: Int
    ) -> Packing {
        let isSmaller = form.isCompressed && form.octets.count + endSize < message.byteCount
        return isSmaller ? .whole(form) : .plain
    }

    /// Writes a message around the run of its part at `place`, if that is smaller.
    private static func compose(
        _ message: RawSpan, _ run: PublicationForm, at place: Range<Int>, endSize: Int,
        into packed: inout OctetBuffer
    ) -> Packing {
        let head = message.extracting(0..<place.lowerBound)
        let tail = message.extracting(place.upperBound..<message.byteCount)
        let size = StoredBlocks.size(of: head) + run.octets.count + StoredBlocks.size(of: tail)
        guard run.isCompressed, size + endSize < message.byteCount else { return .plain }
        packed.removeAll()
        packed.reserve(size)
        StoredBlocks.append(head, before: run.octets, into: &packed)
        StoredBlocks.append(tail, into: &packed)
        assert(packed.count == size)
        return .composed
    }
}

/// Octets that are not deflated, among others that are (RFC 1951 §3.2.4).
enum StoredBlocks {
    /// Octets that one block holds at most.
    static var contentLimit: Int { 65_535 }

    /// Octets that they become.
    static func size(of octets: RawSpan) -> Int {
        let count = (octets.byteCount + contentLimit - 1) / contentLimit
        return octets.byteCount + 5 * count
    }

    /// Appends blocks that begin an octet, and what is deflated behind them.
    static func append(_ octets: RawSpan, before run: [UInt8], into buffer: inout OctetBuffer) {
        var place = 0
        while place < octets.byteCount {
            buffer.append(0)
            place = append(octets, from: place, into: &buffer)
        }
        buffer.append(run)
    }

    /// Appends blocks to what ends as one begins, and so that it ends in the same way.
    static func append(_ octets: RawSpan, into buffer: inout OctetBuffer) {
        var place = 0
        while place < octets.byteCount {
            place = append(octets, from: place, into: &buffer)
            buffer.append(0)
        }
    }

    /// Appends a length, its complement and the octets they are of.
    ///
    /// - Returns: The place behind them.
    private static func append(
        _ octets: RawSpan, from place: Int, into buffer: inout OctetBuffer
    ) -> Int {
        let size = min(octets.byteCount - place, contentLimit)
        let length = UInt16(truncatingIfNeeded: size)
        for octet in [length, ~length] {
            buffer.append(UInt8(truncatingIfNeeded: octet))
            buffer.append(UInt8(truncatingIfNeeded: octet >> 8))
        }
        buffer.append(octets.extracting(place..<place + size))
        return place + size
    }
}
