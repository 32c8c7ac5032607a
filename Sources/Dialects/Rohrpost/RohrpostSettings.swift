// RohrpostSettings — what a route may decide about the dialect (specification §2.1, §4).

package import Hub
package import Tokens

/// Which message types are calls, and of what (§4.4).
package struct CallableTypes: Sendable {
    /// Types that the dialect answers itself, and those whose answers its clients would take for
    /// something else. None of them is ever a call.
    package static let reserved: Set<String> = [
        "ping", "pong", "subscribe", "unsubscribe", "subscription-update",
    ]

    private static let reservedNames = Set(reserved.map { Array($0.utf8) })
    private var rules: [[UInt8]: CallRule] = [:]
    /// The rule for every type that has none of its own; `nil`: there are no other calls.
    private let rule: CallRule?

    /// Every type is the procedure that the rule makes of it; its own name, unless said otherwise.
    package init(every rule: CallRule = CallRule()) { self.rule = rule }

    /// No type is a call, until one is added.
    package static let none = CallableTypes(otherwise: nil)

    private init(otherwise rule: CallRule?) { self.rule = rule }

    /// These types, all by one rule.
    package init(
        only types: [String], _ rule: CallRule = CallRule()
    ) throws(TakenTypeError) {
        self = .none
        for type in types { try add(type, rule) }
    }

    /// Gives a type a rule of its own.
    ///
    /// - Throws: ``TakenTypeError`` for a reserved type and for one that has a rule; a mistake of
    ///   the configuration (§4.4).
    package mutating func add(_ type: String, _ rule: CallRule) throws(TakenTypeError) {
        guard !Self.reserved.contains(type), rules[Array(type.utf8)] == nil else {
            throw TakenTypeError(type: type)
        }
        rules[Array(type.utf8)] = rule
    }

    /// How a type is called; `nil` when it is not.
    internal func rule(for type: [UInt8]) -> CallRule? {
        if let own = rules[type] { return own }
        guard let rule, !Self.reservedNames.contains(type) else {
            return nil
        }
        return rule
    }
}

/// A type cannot be given to a procedure.
package struct TakenTypeError: Error, Equatable, CustomStringConvertible {
    package let type: String

    package init(type: String) { self.type = type }

    /// The words of the specification.
    package var description: String { #"Handler for "\#(type)" is already defined."# }
}

/// How a route speaks the dialect.
package struct RohrpostSettings: Sendable {
    /// Errors are said a second time in `data.error`, where the README has them.
    package var mirrorsErrorInData: Bool
    /// A ping's data that is no object comes back as it is, not as `{"data":…}`.
    package var pingsRawData: Bool
    /// What `auth_jwt` has to be in subscribe, unsubscribe and calls.
    package var token: TokenCheck
    /// What clients of the route may subscribe to and call.
    package var access: Access
    package var calls: CallableTypes
    /// Nanoseconds until a call is given up; 0 is never. The connection is not read meanwhile, and
    /// clients give up after two seconds.
    package var callTimeLimit: UInt64
    /// The group of a subscription, with `{type}` and `{id}`.
    package var groupTemplate: NameTemplate
    /// Groups of one connection.
    package var subscriptionLimit: Int

    package init(
        mirrorsErrorInData: Bool = false, pingsRawData: Bool = false, token: TokenCheck = .none,
        access: Access = .open, calls: CallableTypes = CallableTypes(),
        callTimeLimit: UInt64 = 30_000_000_000, groupTemplate: NameTemplate = .group,
        subscriptionLimit: Int = 10_000
    ) {
        precondition(subscriptionLimit >= 0)
        self.mirrorsErrorInData = mirrorsErrorInData
        self.pingsRawData = pingsRawData
        self.token = token
        self.access = access
        self.calls = calls
        self.callTimeLimit = callTimeLimit
        self.groupTemplate = groupTemplate
        self.subscriptionLimit = subscriptionLimit
    }
}
