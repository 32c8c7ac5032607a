// AuthMethod — the methods of authentication by the names they have in HELLO (reference §10).

internal import Bytes

/// A method that this module can do.
package enum AuthMethod: String, Sendable, CaseIterable {
    case anonymous
    case ticket
    case wampCRA = "wampcra"
    /// SCRAM as the specification has it.
    case wampSCRAM = "wamp-scram"
    /// SCRAM as Autobahn and Crossbar have it.
    case scram
    case cryptosign

    /// The method of that name, which a stranger chose.
    internal init?(named name: String) {
        guard let method = Self.allCases.first(where: { $0.rawValue.isExactly(name) }) else {
            return nil
        }
        self = method
    }
}
