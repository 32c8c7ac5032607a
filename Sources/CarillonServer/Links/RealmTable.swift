// RealmTable — realms and roles by their names, for everything that configuration puts into one.

import Configuration
import Hub
import Rooms

struct RealmTable {
    private let numbers: [String: Realm]
    private let permissions: [String: Permissions]
    private let standardName: String

    init(_ configuration: Configuration) {
        standardName = configuration.server.realm
        var numbers = [configuration.server.realm: Realm.standard]
        var permissions: [String: Permissions] = [:]
        // The realm that routes share unless they say otherwise is number 0, declared or not.
        for realm in configuration.realms {
            if numbers[realm.name] == nil {
                numbers[realm.name] = Realm(rawValue: UInt16(numbers.count))
            }
            permissions[realm.name] = Permissions(roles: realm.roles.map(Permissions.Role.init))
        }
        self.numbers = numbers
        self.permissions = permissions
    }

    var all: [String: Realm] { numbers }

    /// - Parameter name: One that configuration has been checked for; `nil` is the shared one.
    func realm(_ name: String?) -> Realm {
        guard let realm = numbers[name ?? standardName] else {
            preconditionFailure("configuration names a realm that it does not have")
        }
        return realm
    }

    /// What a role may do; everything, where none is named.
    func access(_ role: String?, in realm: String?) -> Access {
        guard let role else { return .open }
        guard let permissions = permissions[realm ?? standardName],
            let id = permissions.role(named: role)
        else { preconditionFailure("configuration names a role that it does not have") }
        return Access(permissions: permissions, role: id)
    }
}
