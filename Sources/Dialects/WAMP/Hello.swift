// Hello — what HELLO.Details say (reference §5.2).

package import Codecs

/// The details of a HELLO as places in it, and the announced features as bits.
package struct Hello: Sendable {
    package internal(set) var features: ClientFeatures = []
    /// A list; methods that are no strings are to be skipped. Absent means anonymous.
    package internal(set) var authMethods = Extent.absent
    /// Strings.
    package internal(set) var authID = Extent.absent
    package internal(set) var authRole = Extent.absent
    package internal(set) var agent = Extent.absent
    /// A map.
    package internal(set) var authExtra = Extent.absent

    package init() {}

    /// Reads the map that begins here; members of a wrong type count as absent.
    internal mutating func read<Reader: ItemReader & ~Escapable>(
        _ reader: inout Reader
    ) throws(CodecError) {
        var map = try reader.beginMap()
        while let key = try reader.nextKey(&map) {
            if reader.string(key, equals: "roles") {
                try readRoles(&reader)
            } else if reader.string(key, equals: "authmethods") {
                authMethods = try readExtent(.array, &reader)
            } else if reader.string(key, equals: "authid") {
                authID = try readExtent(.string, &reader)
            } else if reader.string(key, equals: "authrole") {
                authRole = try readExtent(.string, &reader)
            } else if reader.string(key, equals: "authextra") {
                authExtra = try readExtent(.map, &reader)
            } else if reader.string(key, equals: "agent") {
                agent = try readExtent(.string, &reader)
            } else {
                _ = try reader.item()
            }
        }
    }

    private func readExtent<Reader: ItemReader & ~Escapable>(
        _ kind: ItemKind, _ reader: inout Reader
    ) throws(CodecError) -> Extent {
        let item = try reader.item()
        return item.kind == kind ? Extent(item.range) : .absent
    }

    /// A role counts when its value is a map.
    private mutating func readRoles<Reader: ItemReader & ~Escapable>(
        _ reader: inout Reader
    ) throws(CodecError) {
        features = []
        guard reader.isAtMap() else {
            _ = try reader.item()
            return
        }
        var roles = try reader.beginMap()
        while let name = try reader.nextKey(&roles) {
            let table = RoleTable.all.first { reader.string(name, equals: $0.name) }
            guard let table, reader.isAtMap() else {
                _ = try reader.item()
                continue
            }
            features.subtract(table.all)
            features.insert(table.role)
            var role = try reader.beginMap()
            while let key = try reader.nextKey(&role) {
                if reader.string(key, equals: "features"), reader.isAtMap() {
                    try readFeatures(of: table, &reader)
                } else {
                    _ = try reader.item()
                }
            }
        }
    }

    private mutating func readFeatures<Reader: ItemReader & ~Escapable>(
        of table: RoleTable, _ reader: inout Reader
    ) throws(CodecError) {
        var map = try reader.beginMap()
        while let key = try reader.nextKey(&map) {
            // The specification spells it both ways (§5.2).
            let isCanceling = reader.string(key, equals: "call_cancelling")
            let found = table.features.first { feature in
                reader.string(key, equals: isCanceling ? "call_cancelling" : feature.name)
                    && (!isCanceling || ClientFeatures.canceling.contains(feature.bit))
            }
            guard try reader.item().kind == .true, let found else { continue }
            features.insert(found.bit)
        }
    }
}

extension ClientFeatures {
    fileprivate static let canceling: ClientFeatures = [.callerCanceling, .calleeCanceling]
}
