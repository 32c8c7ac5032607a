// Tap — what is published in some rooms, for somebody who is no connection: a link to a broker.
//
// Asked once per publication, where it enters, whatever the number of cores and subscribers. Nothing
// is asked while there is no tap.

package import DialectKit
package import Rooms

package struct Tap: Sendable {
    package let realm: Realm
    package let rooms: Pattern
    /// The link it leads to; what came from there does not return.
    package let link: UInt16
    /// Called on whatever thread publishes, a core as a rule: it must not wait.
    package let take: @Sendable (Publication) -> Void

    package init(
        _ rooms: Pattern, in realm: Realm, link: UInt16,
        take: @escaping @Sendable (Publication) -> Void
    ) {
        self.realm = realm
        self.rooms = rooms
        self.link = link
        self.take = take
    }
}

extension EngineState {
    /// Shows a publication that enters to the recorder and to those who listen in.
    @inline(__always)
    func show(_ publication: Publication) {
        if isWatched { tap(publication) }
    }

    private func tap(_ publication: Publication) {
        settings.recorder?(publication)
        for tap in settings.taps
        where tap.realm == publication.realm && tap.link != publication.reach.link
            && tap.rooms.matches(publication.room)
        {
            tap.take(publication)
        }
    }
}
