// BackEnd — an HTTP application behind the server, as dialects ask it.
//
// A dialect says what to ask and gets the answer some time later, on a thread that is not its
// core's: it carries it home as a note or a decision. Connections, time limits and everything else
// of the network are the link's, so tests put a table of answers in its place.

/// One request. The back end knows where it goes.
package struct BackEndRequest: Sendable {
    package var method: String
    /// Appended to the base URL of the back end as it stands.
    package var target: String
    /// Names and values as they are sent. No value has line ends; what has is not sent.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// In nanoseconds; `nil` is the back end's own, which is also the most there is.
    package var timeLimit: UInt64?
    /// Whether requests with the same method, target, headers and body that are under way at the
    /// same time become one. For questions whose answer is the same for all who ask.
    package var isShared: Bool
    /// Whether nobody waits for the answer. How notices fare says nothing about questions: none
    /// makes a back end count as failing, and none is sent to one that does.
    package var isNotice: Bool

    package init(
        method: String, target: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = [], timeLimit: UInt64? = nil, isShared: Bool = false,
        isNotice: Bool = false
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.timeLimit = timeLimit
        self.isShared = isShared
        self.isNotice = isNotice
    }
}

/// What came back, redirects followed.
package struct BackEndAnswer: Sendable, Equatable {
    package let status: Int
    /// The media type without parameters, in lower case; empty when none was given.
    package let contentType: String
    package let body: [UInt8]

    package init(status: Int, contentType: String = "", body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// Why there is no answer.
package enum BackEndFailure: Error, Hashable, Sendable {
    case timedOut
    /// No connection, or it broke, or the request is none that can be sent; the sentence is for
    /// the log.
    case unreachable(String)
    /// As many requests wait as may.
    case overloaded
    /// It failed so often that it is left alone for a while.
    case circuitOpen
    /// The answer has more octets than are taken.
    case tooLarge(limit: Int)
    /// Who asked no longer wants to know.
    case canceled
    /// The link is stopped.
    case stopped
}

/// One application. All methods may be called from any thread and never wait.
package protocol BackEnd: AnyObject, Sendable {
    /// What configuration calls it.
    var name: String { get }

    /// Sends a request.
    ///
    /// - Parameter completion: Called once, on the link's thread, within the time limit; before
    ///   this returns where there is no need to ask.
    @discardableResult
    func send(
        _ request: BackEndRequest,
        _ completion: @escaping @Sendable (Result<BackEndAnswer, BackEndFailure>) -> Void
    ) -> any BackEndTicket
}

/// A request under way.
package protocol BackEndTicket: AnyObject, Sendable {
    /// Completes the request with ``BackEndFailure/canceled``, unless it has completed.
    func cancel()
}
