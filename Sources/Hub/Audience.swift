// Audience — who may get a publication, besides being subscribed (wamp.md §7.5).
//
// A publisher can name up to six lists: those who are eligible and those who are excluded, each by
// session, authid and authrole. Nearly every publication names none; then an audience is a null
// reference and asking it costs a comparison. Lists are made once per publication and searched once
// per subscriber: short ones in sequence, longer ones as sets. A name is its octets.

internal import Bytes

/// The receivers that a publication admits.
@frozen
@usableFromInline
package struct Audience: Sendable {
    @usableFromInline internal let lists: AudienceLists?

    @inlinable
    internal init(lists: AudienceLists?) { self.lists = lists }

    /// No list at all.
    @inlinable
    package static var everybody: Audience { Audience(lists: nil) }

    /// The audience of a publication that carries these lists, `nil` being one it does not carry.
    ///
    /// An empty list of eligible ones admits nobody. An empty list of excluded ones keeps nobody
    /// out, so it counts as absent.
    package init(
        eligible: [UInt64]? = nil, eligibleAuthIDs: [String]? = nil,
        eligibleAuthRoles: [String]? = nil, exclude: [UInt64]? = nil,
        excludeAuthIDs: [String]? = nil, excludeAuthRoles: [String]? = nil
    ) {
        let lists = AudienceLists(
            eligible: eligible, eligibleAuthIDs: eligibleAuthIDs,
            eligibleAuthRoles: eligibleAuthRoles, exclude: exclude ?? [],
            excludeAuthIDs: excludeAuthIDs ?? [], excludeAuthRoles: excludeAuthRoles ?? [])
        self.lists = lists.isEmpty ? nil : lists
    }

    /// Whether no subscriber is kept out.
    @inlinable
    package var isEverybody: Bool { lists == nil }

    /// Whether sessions are named by id, so that it means nothing to later sessions (§7.9).
    package var namesSessions: Bool { lists?.namesSessions ?? false }

    /// About how many octets its lists take; 0 for everybody.
    package var size: Int { lists?.size ?? 0 }

    /// Whether a subscriber gets the publication, as far as the lists go. The publisher itself is
    /// not looked at (§7.4).
    ///
    /// - Complexity: O(1).
    @inlinable
    package func admits(session: UInt64, authID: String, authRole: String) -> Bool {
        guard let lists else { return true }
        return lists.admits(session: session, authID: authID, authRole: authRole)
    }

    /// Whether a subscriber gets it that has neither session id nor authid nor authrole, because
    /// its dialect knows none: it is in no list, so every list of eligible ones keeps it out.
    @inlinable
    package var admitsUnidentified: Bool {
        guard let lists else { return true }
        return lists.admitsUnidentified
    }
}

/// The lists of one publication; immutable, shared by all copies of its audience.
@usableFromInline
final class AudienceLists: Sendable {
    private let eligible: NameList<UInt64>?
    private let eligibleAuthIDs: NameList<ExactText>?
    private let eligibleAuthRoles: NameList<ExactText>?
    private let exclude: NameList<UInt64>
    private let excludeAuthIDs: NameList<ExactText>
    private let excludeAuthRoles: NameList<ExactText>

    init(
        eligible: [UInt64]?, eligibleAuthIDs: [String]?, eligibleAuthRoles: [String]?,
        exclude: [UInt64], excludeAuthIDs: [String], excludeAuthRoles: [String]
    ) {
        self.eligible = eligible.map { NameList($0) }
        self.eligibleAuthIDs = eligibleAuthIDs.map { NameList($0.map(ExactText.init)) }
        self.eligibleAuthRoles = eligibleAuthRoles.map { NameList($0.map(ExactText.init)) }
        self.exclude = NameList(exclude)
        self.excludeAuthIDs = NameList(excludeAuthIDs.map(ExactText.init))
        self.excludeAuthRoles = NameList(excludeAuthRoles.map(ExactText.init))
    }

    @usableFromInline
    var admitsUnidentified: Bool {
        eligible == nil && eligibleAuthIDs == nil && eligibleAuthRoles == nil
    }

    var isEmpty: Bool {
        admitsUnidentified && exclude.count == 0 && excludeAuthIDs.count == 0
            && excludeAuthRoles.count == 0
    }

    var namesSessions: Bool { eligible != nil || exclude.count > 0 }

    /// 16 octets for a number and 32 for a name are what a set takes at its usual load.
    var size: Int {
        let sessions = (eligible?.count ?? 0) + exclude.count
        let names =
            (eligibleAuthIDs?.count ?? 0) + (eligibleAuthRoles?.count ?? 0)
            + excludeAuthIDs.count + excludeAuthRoles.count
        let octets =
            (eligibleAuthIDs?.octetCount ?? 0) + (eligibleAuthRoles?.octetCount ?? 0)
            + excludeAuthIDs.octetCount + excludeAuthRoles.octetCount
        return 64 + 16 * sessions + 32 * names + octets
    }

    @usableFromInline
    func admits(session: UInt64, authID: String, authRole: String) -> Bool {
        if let eligible, !eligible.contains(session) { return false }
        let authID = ExactText(authID)
        let authRole = ExactText(authRole)
        if let eligibleAuthIDs, !eligibleAuthIDs.contains(authID) { return false }
        if let eligibleAuthRoles, !eligibleAuthRoles.contains(authRole) { return false }
        return !exclude.contains(session) && !excludeAuthIDs.contains(authID)
            && !excludeAuthRoles.contains(authRole)
    }
}

/// One list: up to eight elements are compared faster than one is hashed.
enum NameList<Element: Hashable & Sendable>: Sendable {
    case few([Element])
    case many(Set<Element>)

    init(_ elements: [Element]) {
        self = elements.count <= 8 ? .few(elements) : .many(Set(elements))
    }

    var count: Int {
        switch self {
        case .few(let elements): elements.count
        case .many(let elements): elements.count
        }
    }

    func contains(_ element: Element) -> Bool {
        switch self {
        case .few(let elements): elements.contains(element)
        case .many(let elements): elements.contains(element)
        }
    }
}

extension NameList<ExactText> {
    /// Octets of all names.
    var octetCount: Int {
        switch self {
        case .few(let names): names.reduce(0) { $0 + $1.text.utf8.count }
        case .many(let names): names.reduce(0) { $0 + $1.text.utf8.count }
        }
    }
}
