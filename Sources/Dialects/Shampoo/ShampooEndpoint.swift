// ShampooEndpoint — one entry of the list that a path is compared with (specification §1.1).
//
// An endpoint is what the reference calls a handler class: the paths it is for, the methods it
// exposes, what it does when a connection comes and goes, and the rooms its connections hear.
// Everything that can be wrong with it is found when it is made.

import DialectKit
package import Hub
package import PathExpressions

/// A method that is exposed. Nothing else can be called.
package struct ShampooMethod: Sendable, Equatable {
    /// Which procedure it is, as a rule a fixed one, and how arguments and results are written.
    package var rule: CallRule
    /// In nanoseconds; 0 is none. The connection's later requests wait as long.
    package var timeLimit: UInt64

    package init(_ rule: CallRule, timeLimit: UInt64 = 60_000_000_000) {
        self.rule = rule
        self.timeLimit = timeLimit
    }

    /// A method that a procedure is, with `args = [request_data]`.
    package init(procedure: String) { self.init(CallRule(procedure: procedure)) }
}

package struct ShampooEndpoint: Sendable {
    /// What back ends and handlers are told; clients never see it.
    package let name: String
    package let expression: PathExpression
    package let methods: [String: ShampooMethod]
    internal let rooms: [RoomTemplate]
    package let pushEvent: String?
    package let pushKey: String
    package let access: Access
    package let passesGroups: Bool
    package let headers: [String]
    package let connect: ShampooHook?
    package let disconnect: ShampooHook?

    /// - Parameters:
    ///   - path: A regular expression, searched for in the path (``PathExpression``).
    ///   - methods: By the name clients call.
    ///   - rooms: What its connections hear, in the text form of rooms, where `{name}` is the text
    ///     of a named group: `number.{number}`. A group is always within one segment. A room one of
    ///     whose groups took no part is left out.
    ///   - pushEvent: The event of pushes made of publications; `nil` is the last segment of the
    ///     room.
    ///   - pushKey: What a payload that is no object becomes the only member of.
    ///   - access: What its connections may hear and call. One that may not hear a room of its own
    ///     is refused with 403.
    ///   - passesGroups: Whether the named groups become members of the request object, for callees
    ///     that are told nothing about the connection; in case of a clash the group wins (§1.1).
    ///   - headers: Fields of the opening request that handlers are told, in lower case.
    ///   - connect: Asked before the handshake; decides about it (§1.3).
    ///   - disconnect: Told when a connection has ended that came to be (§4).
    /// - Throws: ``ShampooEndpointError``.
    package init(
        name: String, path: String, methods: [String: ShampooMethod] = [:], rooms: [String] = [],
        pushEvent: String? = nil, pushKey: String = "data", access: Access = .open,
        passesGroups: Bool = false, headers: [String] = [], connect: ShampooHook? = nil,
        disconnect: ShampooHook? = nil
    ) throws(ShampooEndpointError) {
        do throws(PathExpressionError) {
            expression = try PathExpression(path)
        } catch {
            throw .path(endpoint: name, error)
        }
        var templates: [RoomTemplate] = []
        for room in rooms {
            do throws(RoomTemplateError) {
                templates.append(try RoomTemplate(room, names: expression.names))
            } catch {
                throw .room(endpoint: name, room, error)
            }
        }
        self.name = name
        self.methods = methods
        self.rooms = templates
        self.pushEvent = pushEvent
        self.pushKey = pushKey
        self.access = access
        self.passesGroups = passesGroups
        self.headers = headers
        self.connect = connect
        self.disconnect = disconnect
    }
}

/// What can be wrong with an endpoint's settings.
package enum ShampooEndpointError: Error, Equatable, CustomStringConvertible {
    case path(endpoint: String, PathExpressionError)
    case room(endpoint: String, String, RoomTemplateError)

    package var description: String {
        switch self {
        case .path(let endpoint, let error): "endpoint '\(endpoint)': \(error)"
        case .room(let endpoint, let room, let error):
            "endpoint '\(endpoint)': the room '\(room)' \(error)"
        }
    }
}
