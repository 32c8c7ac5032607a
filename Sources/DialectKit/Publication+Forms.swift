// Publication+Forms — what was deflated of a publication, found again and kept.
//
// Whole messages belong to a publication, or to all its siblings where they say nothing about the
// room. Parts are shared by siblings in any case: they are found by their octets.

import Bytes

extension Publication {
    /// Whether others carry the same payload to other rooms.
    package var hasSiblings: Bool { commonForms != nil }

    /// The first of the forms that siblings share.
    private var firstShared: PublicationForm? {
        if let commonForms { commonForms.list.first } else { forms.first }
    }

    /// Whether anything was deflated that others may use.
    package var hasForms: Bool { firstShared != nil }

    /// The whole message of the subscribers that `number` stands for, for a window of
    /// 2^`windowBits` octets.
    ///
    /// - Parameter ignoresRoom: Whether it is the same for all siblings.
    package func form(
        ofMessage number: UInt64, windowBits: Int, ignoringRoom ignoresRoom: Bool
    ) -> PublicationForm? {
        var form = ignoresRoom ? firstShared : forms.first
        while let current = form {
            if case .message(number) = current.subject, current.windowBits <= windowBits {
                return current
            }
            form = current.following
        }
        return nil
    }

    /// A part that stands in a message, at `place` or nearly so, and where.
    package func part(
        of message: RawSpan, near place: Range<Int>, windowBits: Int
    ) -> (form: PublicationForm, place: Range<Int>)? {
        var form = firstShared
        while let current = form {
            if current.windowBits <= windowBits,
                let found = current.place(in: message, near: place)
            {
                return (current, found)
            }
            form = current.following
        }
        return nil
    }

    /// Keeps a form; write-once, so use what is returned.
    ///
    /// - Parameter ignoresRoom: Of a message, whether it is the same for all siblings.
    package func keep(
        _ form: PublicationForm, ignoringRoom ignoresRoom: Bool
    ) -> PublicationForm {
        let isShared = if case .part = form.subject { true } else { ignoresRoom }
        if isShared, let commonForms { return commonForms.list.keep(form) }
        return forms.keep(form)
    }

    /// A copy of a part of a message; the payload itself where it is that.
    package func copy(of part: RawSpan) -> [UInt8] {
        if let value = knownValue, unsafe part.equals(value.span.bytes) { return value }
        return part.array
    }
}
