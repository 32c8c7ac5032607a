// Call — what a client asks of a procedure, and how a procedure says no.

/// One call of a procedure.
public struct Call: Sendable {
    /// The name the procedure was registered under.
    public let procedure: String
    /// What the caller sent along: one valid JSON value. openapi-ws clients send an object.
    public let arguments: JSONText
}

/// Thrown by a handler to answer a call with an error that its caller is told.
///
/// Anything else a handler throws is a fault of ours, of which the caller learns nothing: it is
/// told of an internal error, or, by openapi-ws, its connection is closed with 1011.
public struct CallFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the caller is told.
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
