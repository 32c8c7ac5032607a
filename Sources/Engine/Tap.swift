// Tap — what is published, for somebody who is no connection: a link to a broker, or a router that
// keeps histories.
//
// Asked once per publication, where it enters and before it is on its way, whatever the number of
// cores and subscribers. Nothing is asked while there is no tap.

package import DialectKit
package import Rooms

package struct Tap: Sendable {
    /// `nil` is every realm, and every room.
    private let place: (realm: Realm, rooms: Pattern)?
    /// The link it leads to; what came from there does not return.
    private let link: UInt16?
    private let take: @Sendable (Publication) -> Void

    /// Shows what is published in some rooms to a link.
    ///
    /// - Parameter take: Called on whatever thread publishes, a core as a rule: it must not wait.
    package init(
        _ rooms: Pattern, in realm: Realm, link: UInt16,
        take: @escaping @Sendable (Publication) -> Void
    ) {
        place = (realm, rooms)
        self.link = link
        self.take = take
    }

    /// Shows everything, whoever publishes it.
    ///
    /// - Parameter take: Called on whatever thread publishes, a core as a rule: it must not wait.
    package init(everything take: @escaping @Sendable (Publication) -> Void) {
        place = nil
        link = nil
        self.take = take
    }

    fileprivate func show(_ publication: Publication) {
        if let link, link == publication.reach.link { return }
        if let place {
            guard place.realm == publication.realm, place.rooms.matches(publication.room) else {
                return
            }
        }
        take(publication)
    }
}

extension EngineState {
    /// Shows a publication that enters to those who listen in.
    @inline(__always)
    func show(_ publication: Publication) {
        if isWatched { tap(publication) }
    }

    private func tap(_ publication: Publication) {
        for tap in settings.taps { tap.show(publication) }
    }
}
