// Presence — tells the API that a client is online, and that it has gone (specification §2.1).
//
// Nobody waits for these requests and nobody looks at their answers. A connection has only so many
// of them under way: the pings of one client must not take the places of other clients' bootstraps
// where the API is slow.

import DialectKit
import Synchronization

/// One client's notices. Called on the core of its connection.
internal final class Presence: Sendable {
    /// Notices of one connection under way; another `ping` meanwhile says nothing new.
    static let limit = 4

    private let api: any BackEnd
    private let settings: HighTemplarSettings
    private let headers: [(name: String, value: String)]
    private let underWay = Atomic(0)
    private let hasLeft = Atomic(false)

    init(
        api: any BackEnd, settings: HighTemplarSettings,
        headers: [(name: String, value: String)]
    ) {
        self.api = api
        self.settings = settings
        self.headers = headers
    }

    /// The client has come, or pings.
    func noteOnline() {
        guard underWay.load(ordering: .relaxed) < Self.limit else { return }
        send(to: settings.onlineTarget)
    }

    /// The client has gone; said once, however often it is found out.
    func noteOffline() {
        guard !hasLeft.exchange(true, ordering: .relaxed) else { return }
        send(to: settings.offlineTarget)
    }

    private func send(to target: String) {
        underWay.wrappingAdd(1, ordering: .relaxed)
        let notice = BackEndRequest(
            method: "POST", target: target, headers: headers, isNotice: true)
        api.send(notice) { _ in
            self.underWay.wrappingSubtract(1, ordering: .relaxed)
        }
    }
}
