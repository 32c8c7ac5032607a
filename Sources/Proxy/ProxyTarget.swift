// ProxyTarget — where a back end is asked something, and what it is when there is no answer.

package import DialectKit
internal import Hub

/// One kind of question to one back end.
package struct ProxyTarget: Sendable {
    package let backEnd: any BackEnd
    /// Appended to the back end's base URL as it stands.
    package let target: String
    /// Sent along with the content type, such as a shared secret.
    package var headers: [(name: String, value: String)]
    /// In nanoseconds; `nil` is the back end's own, which is also the most there is.
    package var timeLimit: UInt64?

    package init(
        _ backEnd: any BackEnd, _ target: String, headers: [(name: String, value: String)] = [],
        timeLimit: UInt64? = nil
    ) {
        self.backEnd = backEnd
        self.target = target
        self.headers = headers
        self.timeLimit = timeLimit
    }

    func request(_ body: [UInt8], isShared: Bool = false) -> BackEndRequest {
        BackEndRequest(
            method: "POST", target: target,
            headers: [("Content-Type", "application/json"), ("Accept", "application/json")]
                + headers,
            body: body, timeLimit: timeLimit, isShared: isShared)
    }
}

extension BackEndFailure {
    /// What it is to a client, as a status: nobody outside learns more.
    var status: Int {
        switch self {
        case .timedOut: 504
        case .unreachable, .tooLarge: 502
        case .overloaded, .circuitOpen, .stopped, .canceled: 503
        }
    }

    /// What people are told.
    var sentence: String {
        switch self {
        case .timedOut: "the back end did not answer in time"
        case .unreachable: "the back end cannot be reached"
        case .tooLarge: "the back end's answer is too large"
        case .overloaded, .circuitOpen, .stopped, .canceled: "the back end is not available"
        }
    }

    /// What a call comes to that has no answer.
    var procedureError: ProcedureError {
        if case .canceled = self { return ProcedureError(CallError.canceled, nil) }
        return ProcedureError(status: status, message: sentence)
    }
}
