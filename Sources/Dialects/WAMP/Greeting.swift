// Greeting — what the two sides tell each other when a session opens (reference §5.2, §5.3, §10).
//
// Values made once per session, so texts are strings and nothing here is tuned.

internal import Bytes
internal import Codecs

/// A value in Extra or authextra.
package enum ExtraValue: Equatable, Sendable {
    case text(String)
    case number(UInt64)
    case null
}

/// A map of such values, in the order they are written.
package typealias Extra = [(key: String, value: ExtraValue)]

/// The details of a WELCOME.
package struct Welcome: Sendable {
    package var realm: String
    package var authID: String
    package var authRole: String
    package var authMethod: String
    package var authProvider: String
    package var authExtra: Extra = []
    package var agent: String?
    /// Announce only what is implemented.
    package var features: RouterFeatures

    package init(
        realm: String, authID: String, authRole: String, authMethod: String = "anonymous",
        authProvider: String = "static", features: RouterFeatures = []
    ) {
        self.realm = realm
        self.authID = authID
        self.authRole = authRole
        self.authMethod = authMethod
        self.authProvider = authProvider
        self.features = features
    }

    internal func append<Writer: ItemWriter>(
        to writer: inout Writer, into buffer: inout OctetBuffer
    ) {
        writer.append("realm", realm, into: &buffer)
        writer.append("authid", authID, into: &buffer)
        writer.append("authrole", authRole, into: &buffer)
        writer.append("authmethod", authMethod, into: &buffer)
        writer.append("authprovider", authProvider, into: &buffer)
        if !authExtra.isEmpty {
            writer.append(key: "authextra", into: &buffer)
            writer.append(extra: authExtra, into: &buffer)
        }
        if let agent { writer.append("agent", agent, into: &buffer) }
        writer.append(key: "roles", into: &buffer)
        let roles = writer.beginMap(count: 2, into: &buffer)
        writer.append(role: "broker", RouterFeatures.broker, of: features, into: &buffer)
        writer.append(role: "dealer", RouterFeatures.dealer, of: features, into: &buffer)
        writer.end(roles, into: &buffer)
    }
}

/// The details of a HELLO that a client of ours sends.
package struct ClientHello: Sendable {
    package var realm: String
    /// Roles and what it can do in them.
    package var features: ClientFeatures
    package var authMethods: [String] = []
    package var authID: String?
    package var authRole: String?
    package var authExtra: Extra = []
    package var agent: String?

    package init(realm: String, features: ClientFeatures) {
        self.realm = realm
        self.features = features
    }

    internal func append<Writer: ItemWriter>(
        to writer: inout Writer, into buffer: inout OctetBuffer
    ) {
        writer.append(key: "roles", into: &buffer)
        let roles = writer.beginMap(into: &buffer)
        for table in RoleTable.all where features.contains(table.role) {
            writer.append(role: table.name, table.features, of: features, into: &buffer)
        }
        writer.end(roles, into: &buffer)
        if !authMethods.isEmpty {
            writer.append(key: "authmethods", into: &buffer)
            let list = writer.beginArray(count: authMethods.count, into: &buffer)
            for method in authMethods { writer.append(string: method, into: &buffer) }
            writer.end(list, into: &buffer)
        }
        if let authID { writer.append("authid", authID, into: &buffer) }
        if let authRole { writer.append("authrole", authRole, into: &buffer) }
        if !authExtra.isEmpty {
            writer.append(key: "authextra", into: &buffer)
            writer.append(extra: authExtra, into: &buffer)
        }
        if let agent { writer.append("agent", agent, into: &buffer) }
    }
}

extension ItemWriter {
    /// Appends a member that is a string.
    internal mutating func append(
        _ key: StaticString, _ text: String, into buffer: inout OctetBuffer
    ) {
        append(key: key, into: &buffer)
        append(string: text, into: &buffer)
    }

    /// Appends a map of simple values.
    internal mutating func append(extra: Extra, into buffer: inout OctetBuffer) {
        let map = beginMap(count: extra.count, into: &buffer)
        for member in extra {
            let key = Array(member.key.utf8)
            append(key: unsafe key.span.bytes, into: &buffer)
            switch member.value {
            case .text(let text): append(string: text, into: &buffer)
            case .number(let number): append(unsigned: number, into: &buffer)
            case .null: appendNull(into: &buffer)
            }
        }
        end(map, into: &buffer)
    }

    /// Appends a role with those of its features that are announced.
    internal mutating func append<Set: OptionSet>(
        role: StaticString, _ table: [(name: StaticString, bit: Set)], of features: Set,
        into buffer: inout OctetBuffer
    ) where Set.Element == Set {
        append(key: role, into: &buffer)
        let map = beginMap(count: 1, into: &buffer)
        append(key: "features", into: &buffer)
        let list = beginMap(into: &buffer)
        for feature in table where features.contains(feature.bit) {
            append(key: feature.name, into: &buffer)
            append(bool: true, into: &buffer)
        }
        end(list, into: &buffer)
        end(map, into: &buffer)
    }
}
