// PublicationForm — what was deflated of a publication, made once per process.
//
// Either a whole message, or octets that several messages have in common: the payload, as a rule. A
// publication keeps its forms in lists that only grow: the first core to need one makes it, the
// others find it. Two cores that make the same at once agree on the one that came first.

import Bytes
import Synchronization

/// A deflated message, or a part of one, without references outside itself.
package final class PublicationForm: Sendable {
    package enum Subject: Sendable {
        /// The message of the subscribers that a number stands for.
        case message(UInt64)
        /// These octets, in whichever message they stand.
        case part([UInt8])
    }

    package let subject: Subject
    /// Bits of the smallest window it can be read with.
    package let windowBits: Int
    /// As RFC 7692 §7.2.1 has it: it ends where the length of a stored block is missing. Empty when
    /// it did not get smaller; then it stays plain.
    package let octets: [UInt8]
    fileprivate let next = AtomicLazyReference<PublicationForm>()

    package init(_ subject: Subject, windowBits: Int, octets: [UInt8]) {
        self.subject = subject
        self.windowBits = windowBits
        self.octets = octets
    }

    package var isCompressed: Bool { !octets.isEmpty }

    /// The form that was kept behind this one.
    package var following: PublicationForm? { next.load() }

    /// Where its octets stand in a message: at `place`, or as that with or without one octet on
    /// each side, since what is a value to one dialect is within brackets of another. They are
    /// compared; `place` may be wrong.
    package func place(in message: RawSpan, near place: Range<Int>) -> Range<Int>? {
        guard case .part(let part) = subject else { return nil }
        let start: Int
        switch part.count - place.count {
        case 0: start = place.lowerBound
        case 2: start = place.lowerBound - 1
        case -2: start = place.lowerBound + 1
        default: return nil
        }
        guard start >= 0, start <= message.byteCount, part.count <= message.byteCount - start
        else { return nil }
        let found = start..<start + part.count
        return unsafe message.extracting(found).equals(part.span.bytes) ? found : nil
    }

    /// Whether whoever looks for `other` can take this one.
    fileprivate func replaces(_ other: PublicationForm) -> Bool {
        guard windowBits <= other.windowBits else { return false }
        switch (subject, other.subject) {
        case (.message(let own), .message(let other)): return own == other
        case (.part(let own), .part(let other)): return own == other
        default: return false
        }
    }
}

/// The list, as a part of a publication.
struct FormList: ~Copyable, Sendable {
    private let head = AtomicLazyReference<PublicationForm>()

    /// The form that came first; the others follow it.
    var first: PublicationForm? { head.load() }

    /// Keeps `form`, unless one that replaces it is there already; returns the one that stays.
    func keep(_ form: PublicationForm) -> PublicationForm {
        var current = head.storeIfNil(form)
        while current !== form && !current.replaces(form) {
            current = current.next.storeIfNil(form)
        }
        return current
    }
}

/// The list that publications of one payload share.
final class CommonForms: Sendable {
    let list = FormList()
}
