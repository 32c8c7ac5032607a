// Access — what one session may do, whoever said so.
//
// A WAMP role, the `allowed_rooms` of a high-templar bootstrap and the answer of a back end all
// become rules over patterns, and one judge decides: a pattern is allowed only inside a grant.

package import Rooms

package struct Access: Sendable {
    private let permissions: Permissions
    private let role: Permissions.RoleID
    /// Nothing needs to be asked.
    private let isOpen: Bool

    /// Everything is allowed.
    package static let open = Access()

    private init() {
        permissions = .open
        role = Permissions.RoleID(rawValue: 0)
        isOpen = true
    }

    /// What a role of a realm may do.
    package init(permissions: Permissions, role: Permissions.RoleID) {
        self.permissions = permissions
        self.role = role
        isOpen = false
    }

    /// What somebody was granted by name.
    package init(rules: [Permissions.Rule]) {
        permissions = Permissions(roles: [Permissions.Role(name: "", rules: rules)])
        role = Permissions.RoleID(rawValue: 0)
        isOpen = false
    }

    package func allows(_ action: Permissions.Action, on room: Room) -> Bool {
        isOpen || permissions.grant(action, on: room, to: role) != nil
    }

    /// Whether all of the pattern lies inside what is allowed.
    package func allows(_ action: Permissions.Action, on pattern: Pattern) -> Bool {
        isOpen || permissions.grant(action, on: pattern, to: role) != nil
    }
}
