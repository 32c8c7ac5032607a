// Confidential — values that hold secrets and do not tell them to logs, messages and debuggers.

/// A value whose description is what kind of thing it is.
package protocol Confidential: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{}

extension Confidential {
    package var description: String { "(\(Self.self))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Credential: Confidential {}
extension SCRAMVerifier: Confidential {}
extension RouterKey: Confidential {}
extension ClientCredential: Confidential {}
extension PendingJoin: Confidential {}
