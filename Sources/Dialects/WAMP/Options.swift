// Options — what a router reads in the options of a request (reference §7, §8, §13).
//
// One flat value for all messages: a message has few of them, and a union would cost a branch per
// look. Unknown keys are skipped. Of keys that occur twice the last one counts, its type included.

package import Hub
package import Codecs

/// The keys that are read.
package enum OptionKey: UInt8, CaseIterable, Sendable {
    case match, invoke, concurrency, timeout, mode
    case eligible, eligibleAuthID, eligibleAuthRole
    case exclude, excludeAuthID, excludeAuthRole

    /// The key on the wire.
    package var name: StaticString {
        switch self {
        case .match: "match"
        case .invoke: "invoke"
        case .concurrency: "concurrency"
        case .timeout: "timeout"
        case .mode: "mode"
        case .eligible: "eligible"
        case .eligibleAuthID: "eligible_authid"
        case .eligibleAuthRole: "eligible_authrole"
        case .exclude: "exclude"
        case .excludeAuthID: "exclude_authid"
        case .excludeAuthRole: "exclude_authrole"
        }
    }
}

/// Booleans among the options. One of another type counts as absent (§3).
package struct OptionFlags: OptionSet, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let acknowledge = OptionFlags(rawValue: 1 << 0)
    package static let excludeMe = OptionFlags(rawValue: 1 << 1)
    package static let discloseMe = OptionFlags(rawValue: 1 << 2)
    package static let retain = OptionFlags(rawValue: 1 << 3)
    package static let getRetained = OptionFlags(rawValue: 1 << 4)
    package static let receiveProgress = OptionFlags(rawValue: 1 << 5)
    package static let progress = OptionFlags(rawValue: 1 << 6)
    package static let discloseCaller = OptionFlags(rawValue: 1 << 7)
    package static let forwardTimeout = OptionFlags(rawValue: 1 << 8)
    package static let forceReregister = OptionFlags(rawValue: 1 << 9)
    /// Only in EVENT.Details, for clients.
    package static let retained = OptionFlags(rawValue: 1 << 10)
}

// MARK: words of the dealer on the wire (§8.8, §8.11)

extension InvocationPolicy {
    /// The value of the option `invoke`.
    package var name: StaticString {
        switch self {
        case .single: "single"
        case .first: "first"
        case .last: "last"
        case .roundRobin: "roundrobin"
        case .random: "random"
        }
    }
}

extension CancelMode {
    /// The value of the option `mode`.
    package var name: StaticString {
        switch self {
        case .skip: "skip"
        case .kill: "kill"
        case .killNoWait: "killnowait"
        }
    }
}

/// Who may get an event, besides being subscribed (§7.5). All absent for most publications.
package struct EventFilters: Equatable, Sendable {
    /// Each is a list, or one value in place of a list of one; its items are integers in
    /// `eligible` and `exclude`, strings in the others. An empty list is not absent.
    package var eligible = Extent.absent
    package var eligibleAuthID = Extent.absent
    package var eligibleAuthRole = Extent.absent
    package var exclude = Extent.absent
    package var excludeAuthID = Extent.absent
    package var excludeAuthRole = Extent.absent

    package init() {}

    /// Whether nobody is filtered.
    package var isAbsent: Bool {
        (eligible.size | eligibleAuthID.size | eligibleAuthRole.size | exclude.size
            | excludeAuthID.size | excludeAuthRole.size) == 0
    }

    /// Whether some key is there that names session ids: such events have no history (§7.9).
    package var namesSessions: Bool { (eligible.size | exclude.size) != 0 }
}

/// The options of one request.
package struct Options: Sendable {
    /// Booleans that are there and true, and those that are there and false.
    package internal(set) var truths: OptionFlags = []
    package internal(set) var untruths: OptionFlags = []
    /// Keys of ``OptionKey`` whose value is of a wrong type or unknown: a bit per raw value.
    internal var invalidKeys: UInt16 = 0
    package internal(set) var match = MatchPolicy.exact
    package internal(set) var invoke = InvocationPolicy.single
    /// `killnowait` unless said otherwise; unknown modes mean the same.
    package internal(set) var mode = CancelMode.killNoWait
    /// Milliseconds until the call must be answered; 0 for no limit.
    package internal(set) var timeout: UInt64 = 0
    /// Unanswered invocations this callee wants at most; 0 for no limit.
    package internal(set) var concurrency: UInt64 = 0
    package internal(set) var filters = EventFilters()
    package internal(set) var passthru = Passthru()

    package init() {}

    /// The value of a boolean; `nil` when absent.
    package subscript(_ flag: OptionFlags) -> Bool? {
        if truths.contains(flag) { return true }
        return untruths.contains(flag) ? false : nil
    }

    /// Whether a boolean is there and true.
    package func has(_ flag: OptionFlags) -> Bool { truths.contains(flag) }

    /// Whether the publisher gets its own event (§7.4).
    package var excludesPublisher: Bool { !untruths.contains(.excludeMe) }

    /// The first key that is invalid.
    package var firstInvalidKey: OptionKey? {
        guard invalidKeys != 0 else { return nil }
        return OptionKey(rawValue: UInt8(invalidKeys.trailingZeroBitCount))
    }

    internal mutating func note(_ flag: OptionFlags, _ value: Bool?) {
        truths.remove(flag)
        untruths.remove(flag)
        switch value {
        case true?: truths.insert(flag)
        case false?: untruths.insert(flag)
        case nil: break
        }
    }

    internal mutating func note(_ key: OptionKey, isValid: Bool) {
        let bit: UInt16 = 1 << UInt16(key.rawValue)
        if isValid { invalidKeys &= ~bit } else { invalidKeys |= bit }
    }
}
