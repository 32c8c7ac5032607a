// Gate — an application that is asked whether clients may come in, and what they may do then.
//
// A route may have one, whatever its dialect is. What it says when a client connects
// becomes a grant that everything the client does is held against. Beyond that it may want to be
// asked about each subscription and each publication. Then a message is asked about before it is
// carried out: the session stops where it would have gone on, the engine keeps the message, and the
// session gets it once more when the answer is known. Nothing has happened by then that would have
// to be undone, and what came behind the message is still behind it.

package import Hub
package import Rooms

/// What a gate is asked about.
package struct GateQuestions: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let connect = GateQuestions(rawValue: 1)
    package static let subscribe = GateQuestions(rawValue: 2)
    package static let publish = GateQuestions(rawValue: 4)
    package static let all: GateQuestions = [.connect, .subscribe, .publish]
}

/// What one message of a client asks for.
package enum GateQuestion: Hashable, Sendable {
    case subscribe(Pattern)
    /// The data is one JSON value.
    case publish(Room, data: [UInt8])

    /// Octets of what it is about, names apart.
    package var dataSize: Int { if case .publish(_, let data) = self { data.count } else { 0 } }
}

/// Whether a client comes in.
package enum GateVerdict: Sendable {
    case admitted(GateGrant)
    case refused(Refusal)
}

/// What a client that came in may do: for each action the patterns that were named, or everything
/// its dialect allows where none were.
package struct GateGrant: Sendable {
    /// By ``Permissions/Action``; one judge each, because of several rules of one judge only the
    /// most specific counts, and the lists of a grant have nothing to do with each other.
    private let limits: [Access?]
    /// What the gate wants to be told with every question: a JSON object, or nothing.
    package let context: [UInt8]

    /// - Parameters:
    ///   - only: Any patterns but globs; an action with none is not allowed at all.
    package init(only: [Permissions.Action: [Pattern]] = [:], context: [UInt8] = []) {
        limits = Permissions.Action.allCases.map { action in
            only[action].map { patterns in
                Access(
                    rules: patterns.map {
                        Permissions.Rule($0, allows: Permissions.Actions(action))
                    })
            }
        }
        self.context = context
    }

    package func allows(_ action: Permissions.Action, on room: Room) -> Bool {
        limits[Int(action.rawValue)]?.allows(action, on: room) ?? true
    }

    /// Whether all of the pattern lies inside what is allowed.
    package func allows(_ action: Permissions.Action, on pattern: Pattern) -> Bool {
        limits[Int(action.rawValue)]?.allows(action, on: pattern) ?? true
    }

    /// What a handler is told of a caller: what its dialect says, and what the gate said.
    ///
    /// - Parameter context: A JSON object without a member `granted`, or nothing.
    package func context(addedTo context: [UInt8]) -> [UInt8] {
        if self.context.isEmpty { return context }
        var whole = context.isEmpty ? [0x7B] : Array(context.dropLast())
        if whole.count > 1 { whole.append(0x2C) }
        whole.append(contentsOf: Array(#""granted":"#.utf8))
        whole.append(contentsOf: self.context)
        whole.append(0x7D)
        return whole
    }
}

/// One application that is asked. All methods may be called from any thread and never wait; a
/// completion is called once, from any thread, within the time that the gate keeps.
package protocol Gate: AnyObject, Sendable {
    var questions: GateQuestions { get }

    /// Whether it looks at ``OpeningRequest/headers``.
    var readsHeaders: Bool { get }

    /// Asks about a client that wants to connect.
    func admit(
        _ request: OpeningRequest, _ completion: @escaping @Sendable (GateVerdict) -> Void
    ) -> any BackEndTicket

    /// Asks about something that a client wants to do.
    ///
    /// - Parameter context: That of its grant.
    func ask(
        _ question: GateQuestion, context: [UInt8],
        _ completion: @escaping @Sendable (_ isAllowed: Bool) -> Void
    ) -> any BackEndTicket
}

/// What a gate lets one connection do, as its session sees it. Lives on the connection's core.
package final class Clearance {
    package let grant: GateGrant
    package let questions: GateQuestions
    /// Whether a message is at hand that can be kept until there is an answer. Set by the engine.
    package var canAsk = false
    /// What the gate said about the message at hand. Set by the engine.
    package var answer: (question: GateQuestion, isAllowed: Bool)?

    package init(_ grant: GateGrant, asking questions: GateQuestions) {
        self.grant = grant
        self.questions = questions
    }
}

/// Whether a session may do what a message asks for.
package enum GatePermission: Sendable {
    case granted
    case denied
    /// Nobody knows yet: leave everything as it is, and stop. The message comes again, from
    /// ``Commands/resumption`` on.
    case asked
}

extension Commands {
    /// Whether the client may subscribe to a pattern. Nothing may have been done for the message.
    package mutating func permission(toSubscribe pattern: Pattern) -> GatePermission {
        guard let clearance else { return .granted }
        guard clearance.grant.allows(.subscribe, on: pattern) else { return .denied }
        guard clearance.questions.contains(.subscribe) else { return .granted }
        return permission(.subscribe(pattern), clearance)
    }

    /// Whether the client may publish to a room. Nothing may have been done for the message.
    ///
    /// - Parameter data: What it wants to publish, as one JSON value.
    package mutating func permission(
        toPublish room: Room, _ data: @autoclosure () -> [UInt8]
    ) -> GatePermission {
        guard let clearance else { return .granted }
        guard clearance.grant.allows(.publish, on: room) else { return .denied }
        guard clearance.questions.contains(.publish) else { return .granted }
        return permission(.publish(room, data: data()), clearance)
    }

    private mutating func permission(
        _ question: GateQuestion, _ clearance: Clearance
    ) -> GatePermission {
        if let answer = clearance.answer {
            // For one message; what comes behind it is asked about by itself.
            clearance.answer = nil
            if answer.question == question { return answer.isAllowed ? .granted : .denied }
        }
        guard clearance.canAsk else { return .denied }
        ask(question)
        return .asked
    }

    /// Whether the client may do what no gate is asked about each time.
    package func allows(_ action: Permissions.Action, on room: Room) -> Bool {
        clearance?.grant.allows(action, on: room) ?? true
    }

    package func allows(_ action: Permissions.Action, on pattern: Pattern) -> Bool {
        clearance?.grant.allows(action, on: pattern) ?? true
    }

    /// Whether the client may publish to a room at a time when nobody can be asked.
    package func allowsLaterPublication(to room: Room) -> Bool {
        guard let clearance else { return true }
        return !clearance.questions.contains(.publish) && clearance.grant.allows(.publish, on: room)
    }

    /// Whether the client may see what was published to the rooms of a pattern before: only where
    /// nobody has to be asked about a subscription to it.
    package func allowsHistory(of pattern: Pattern) -> Bool {
        guard let clearance else { return true }
        return !clearance.questions.contains(.subscribe)
            && clearance.grant.allows(.subscribe, on: pattern)
    }

    /// What handlers are told of the client as a caller.
    ///
    /// - Parameter context: What its dialect says: a JSON object, or nothing.
    package func callContext(_ context: [UInt8] = []) -> [UInt8] {
        clearance?.grant.context(addedTo: context) ?? context
    }
}
