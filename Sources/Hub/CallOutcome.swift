// CallOutcome — how a call ended, in the one form that every dialect translates (One-Hub.md).

/// A result or an error, as arguments.
package enum CallOutcome: Sendable {
    case result(Arguments)
    case failure(ProcedureError)
}

/// Why a call has no result: an error URI and what was said along with it.
///
/// The URI is what programs look at and WAMP callers see; ``status`` and ``message`` are what it is
/// to the other dialects (ErrorTable.swift).
package struct ProcedureError: Error, Sendable {
    package let uri: String
    package let arguments: Arguments

    package init(uri: String, arguments: Arguments = Arguments()) {
        self.uri = uri
        self.arguments = arguments
    }
}
