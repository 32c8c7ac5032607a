// PublicationForm — an encoded form of a publication that is made once per process (DESIGN §5).
//
// A publication keeps its forms in lists that only grow: the first core to need one makes it,
// the others find it. Two cores that make the same at once agree on the one that came first.

import Synchronization

/// One message as it leaves: what a wire form and a reading make of a publication.
package final class PublicationForm: Sendable {
    package let key: UInt64
    /// Whether `octets` is a deflated message; if not, it did not get smaller and stays plain.
    package let isCompressed: Bool
    package let octets: [UInt8]
    fileprivate let next = AtomicLazyReference<PublicationForm>()

    package init(key: UInt64, isCompressed: Bool, octets: [UInt8]) {
        self.key = key
        self.isCompressed = isCompressed
        self.octets = octets
    }
}

/// The list, as a part of a publication.
struct FormList: ~Copyable, Sendable {
    private let first = AtomicLazyReference<PublicationForm>()

    func find(_ key: UInt64) -> PublicationForm? {
        var form = first.load()
        while let current = form {
            if current.key == key { return current }
            form = current.next.load()
        }
        return nil
    }

    /// Keeps `form`, unless one with its key is there already; returns the one that stays.
    func keep(_ form: PublicationForm) -> PublicationForm {
        var current = first.storeIfNil(form)
        while current !== form && current.key != form.key {
            current = current.next.storeIfNil(form)
        }
        return current
    }
}

/// The list that publications of one payload share.
final class CommonForms: Sendable {
    let list = FormList()
}
