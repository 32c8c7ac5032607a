// Permissions — what roles may call, register, publish to and subscribe to (wamp.md §11).
//
// A role has rules: a pattern, what is allowed there, and what becomes of the peer's identity. For
// a room the most specific rule that matches decides alone, whatever else matches: an exact rule
// before a prefix, a longer prefix before a shorter one, any prefix before a wildcard, and among
// wildcards the one that is fixed at the first segment where they differ, as the dealer ranks
// registrations. What that rule does not allow is denied; no rule is a denial, too.
//
// The table is immutable and shared by all cores; a change of the configuration makes another one.

package import Rooms

package struct Permissions: Sendable {
    private let names: [String: RoleID]
    /// For each role the verdict everywhere, if it has but one rule and that is the empty prefix.
    /// It lies here because reading it touches no reference count that cores share.
    private let blankets: [RoleRules.Verdict?]
    private let rules: [RoleRules]
    /// The role of every name that is not in the table.
    private let fallback: RoleID?

    /// Of two roles of one name the later one counts.
    package init(roles: [Role]) {
        names = Dictionary(
            roles.indices.map { (roles[$0].name, RoleID(rawValue: UInt32($0))) },
            uniquingKeysWith: { $1 })
        rules = roles.map { RoleRules($0.rules) }
        blankets = rules.map(\.blanket)
        fallback = nil
    }

    private init(everythingFor name: String) {
        names = [:]
        rules = [RoleRules([Rule(.prefix([]), allows: .all, mayTakeOver: true)])]
        blankets = rules.map(\.blanket)
        fallback = RoleID(rawValue: 0)
    }

    /// Every role, whatever its name, may do everything.
    package static let open = Permissions(everythingFor: "")

    /// The role of that name, for ``grant(_:on:to:)-(_,Pattern,_)``. Asked once per session.
    package func role(named name: String) -> RoleID? { names[name] ?? fallback }

    /// What `role` gets for calling, registering, publishing to or subscribing to one room; `nil`
    /// is denied. So is everything for a role of another table that does not exist in this one.
    ///
    /// - Complexity: O(1) for a role whose only rule is the empty prefix. Otherwise one hash probe
    ///   if there are exact rules, a binary search of the prefixes and a walk over the wildcards of
    ///   that many segments. No allocation.
    package func grant(_ action: Action, on room: Room, to role: RoleID) -> Grant? {
        let place = Int(role.rawValue)
        guard place < rules.count, room.segmentCount > 0 else { return nil }
        if let blanket = blankets[place] { return blanket.grant(action) }
        return rules[place].grant(action, on: room)
    }

    /// What `role` gets for a pattern; `nil` is denied.
    ///
    /// The pattern must lie inside one rule as a set of rooms. The most specific such rule decides,
    /// unless a more specific rule shares a room with the pattern and denies the action there:
    /// then no part of the pattern is allowed. So whoever gets a grant could have had one for each
    /// room of the pattern. What decides, and what then denies:
    ///
    /// - A **room** (exact, a wildcard without a gap, a glob without a wildcard) is decided like
    ///   any room.
    /// - A **prefix** by the longest prefix that it begins with. Denied by exact rules for rooms
    ///   that begin with it and by prefixes that begin with it.
    /// - A **wildcard** by the longest prefix that its *beginning* begins with: its segments before
    ///   the first gap, each with the dot behind it. Denied by exact rules for rooms that it
    ///   matches and by longer prefixes of which the beginning is a part.
    /// - A wildcard that no prefix holds, by the best wildcard of as many segments that fixes
    ///   nothing else. Denied by exact rules for rooms that it matches, by every prefix that agrees
    ///   with its beginning as far as both go, and by better wildcards of as many segments, if no
    ///   segment is fixed to different values in both.
    /// - A **glob** likewise. Its beginning is the parent with a dot and the glob up to its first
    ///   wildcard, or the parent alone if the glob takes the empty text. A wildcard holds it that
    ///   matches the parent and leaves the last segment open, unless the glob takes the empty text.
    ///
    /// No exact rule and no combination of rules holds a pattern of several rooms, and a denying
    /// rule denies even where yet more specific ones allow all it is about. A pattern that no room
    /// can match is denied. Identity is disclosed by the deciding rule; taking over must be allowed
    /// by it and by every more specific rule inside.
    ///
    /// - Complexity: As for a room if the pattern is one; otherwise O(rules of the role).
    package func grant(_ action: Action, on pattern: Pattern, to role: RoleID) -> Grant? {
        if case .exact(let room) = pattern { return grant(action, on: room, to: role) }
        guard Int(role.rawValue) < rules.count else { return nil }
        return rules[Int(role.rawValue)].grant(action, on: pattern)
    }
}

extension Permissions {
    /// What is asked of the table.
    package enum Action: UInt8, Sendable, CaseIterable {
        case call, register, publish, subscribe
    }

    /// Several actions.
    package struct Actions: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package init(_ action: Action) { rawValue = 1 << action.rawValue }

        package static let call = Actions(.call)
        package static let register = Actions(.register)
        package static let publish = Actions(.publish)
        package static let subscribe = Actions(.subscribe)
        package static let all: Actions = [.call, .register, .publish, .subscribe]
    }

    /// What becomes of the identity of a caller or publisher (§7.6, §8.15).
    package enum Disclosure: UInt8, Sendable, CaseIterable {
        case onRequest, always, never

        /// Whether the identity goes along with a publication or call.
        ///
        /// - Returns: `nil` when the peer asked for what is never done; it is told
        ///   `wamp.error.option_disallowed.disclose_me`.
        package func discloses(isRequested: Bool) -> Bool? {
            switch self {
            case .onRequest: isRequested
            case .always: true
            case .never: isRequested ? nil : false
            }
        }
    }

    /// What a role may do in the rooms of one pattern.
    package struct Rule: Sendable {
        package let pattern: Pattern
        package let allowed: Actions
        package let disclosure: Disclosure
        /// Whether a registration may push aside those of other owners (`force_reregister`).
        package let mayTakeOver: Bool

        /// - Parameter pattern: Any but a glob. A pattern that no room can match is a rule that
        ///   never decides.
        package init(
            _ pattern: Pattern, allows allowed: Actions, disclosure: Disclosure = .onRequest,
            mayTakeOver: Bool = false
        ) {
            if case .glob = pattern { preconditionFailure("no rule is written as a glob") }
            self.pattern = pattern
            self.allowed = allowed
            self.disclosure = disclosure
            self.mayTakeOver = mayTakeOver
        }
    }

    /// A role by its name on the wire. Of two rules with one pattern the later one counts.
    package struct Role: Sendable {
        package var name: String
        package var rules: [Rule]

        package init(name: String, rules: [Rule]) {
            self.name = name
            self.rules = rules
        }
    }

    /// What goes with a permission.
    package struct Grant: Hashable, Sendable {
        package let disclosure: Disclosure
        package let mayTakeOver: Bool

        package init(disclosure: Disclosure = .onRequest, mayTakeOver: Bool = false) {
            self.disclosure = disclosure
            self.mayTakeOver = mayTakeOver
        }
    }

    /// Names a role within the table that gave it.
    package struct RoleID: Hashable, BitwiseCopyable, Sendable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) { self.rawValue = rawValue }
    }
}
