// MetaWatch — what somebody sees who watches the realm (reference §6.8, §9): who comes before it
// goes, what is made before it is used, and nothing twice.

struct MetaWatch {
    static let topics = [
        "wamp.session.on_join", "wamp.session.on_leave", "wamp.subscription.on_create",
        "wamp.subscription.on_subscribe", "wamp.subscription.on_unsubscribe",
        "wamp.subscription.on_delete", "wamp.registration.on_create",
        "wamp.registration.on_register", "wamp.registration.on_unregister",
        "wamp.registration.on_delete",
    ]

    /// By subscription.
    var topics: [UInt64: String] = [:]
    private(set) var joined: Set<UInt64> = []
    private var left: Set<UInt64> = []
    private var members: [String: [UInt64: Set<UInt64>]] = [:]
    private var gone: [String: Set<UInt64>] = [:]

    /// Sessions it saw come and not go.
    var present: Set<UInt64> { joined.subtracting(left) }
    /// Subscriptions and registrations it saw made and not deleted.
    var standing: Int { members.values.reduce(0) { $0 + $1.count } }

    /// - Parameter numbers: Of the event: the session, and the id of what it is about.
    /// - Returns: What is wrong with it.
    mutating func saw(_ uri: String, _ numbers: [UInt64]) -> String? {
        guard let session = numbers.first else { return "\(uri) without a session" }
        let parts = uri.split(separator: ".")
        let (kind, event) = (String(parts[1]), parts[2])
        if kind == "session" {
            if event == "on_join" {
                return joined.insert(session).inserted ? nil : "\(session) joined twice"
            }
            // Who was there before the watcher, it did not see come.
            return left.insert(session).inserted ? nil : "\(session) left twice"
        }
        guard numbers.count == 2 else { return "\(uri) with \(numbers)" }
        if left.contains(session) { return "\(uri) of \(session), which has left" }
        let id = numbers[1]
        switch event {
        case "on_create":
            if gone[kind, default: []].contains(id) { return "\(kind) \(id) is made again" }
            if members[kind]?[id] != nil { return "\(kind) \(id) is made twice" }
            members[kind, default: [:]][id] = []
        case "on_delete":
            guard let rest = members[kind]?.removeValue(forKey: id) else {
                return "\(kind) \(id) is deleted and was not there"
            }
            gone[kind, default: []].insert(id)
            if !rest.isEmpty { return "\(kind) \(id) is deleted and has members" }
        case "on_subscribe", "on_register":
            guard members[kind]?[id] != nil else { return "\(uri) before on_create" }
            if members[kind]![id]!.insert(session).inserted == false { return "\(uri) twice" }
        default:
            guard members[kind]?[id]?.remove(session) != nil else {
                return "\(uri) of \(session), which is no member of \(id)"
            }
        }
        return nil
    }
}
