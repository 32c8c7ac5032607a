// URI — URIs of the protocol itself (reference §5.4, §8.13, §12).
//
// What the encoder is asked to write by name; errors and reasons of clients, and of those who
// decide about joining, are any text and only forwarded.

/// A URI of the protocol.
package struct URI: Equatable, Sendable, CustomStringConvertible {
    package let text: StaticString

    package init(_ text: StaticString) { self.text = text }

    package static func == (left: URI, right: URI) -> Bool {
        left.description == right.description
    }

    package var description: String { "\(text)" }
}

extension URI {
    package static let invalidURI = URI("wamp.error.invalid_uri")
    package static let invalidArgument = URI("wamp.error.invalid_argument")
    package static let protocolViolation = URI("wamp.error.protocol_violation")
    package static let payloadSizeExceeded = URI("wamp.error.payload_size_exceeded")
    package static let featureNotSupported = URI("wamp.error.feature_not_supported")
    package static let discloseMeDisallowed = URI("wamp.error.option_disallowed.disclose_me")
    package static let runtimeError = URI("wamp.error.runtime_error")
}

// MARK: - Broker and dealer

extension URI {
    package static let noSuchSubscription = URI("wamp.error.no_such_subscription")
    package static let noSuchRegistration = URI("wamp.error.no_such_registration")
    package static let noSuchProcedure = URI("wamp.error.no_such_procedure")
    package static let noSuchSession = URI("wamp.error.no_such_session")
    package static let procedureAlreadyExists = URI("wamp.error.procedure_already_exists")
    package static let historyUnavailable = URI("wamp.error.history_unavailable")
    package static let canceled = URI("wamp.error.canceled")
    package static let timeout = URI("wamp.error.timeout")
    package static let unavailable = URI("wamp.error.unavailable")
    package static let noAvailableCallee = URI("wamp.error.no_available_callee")
    /// Crossbar's; the specification has no word for it (§8.13).
    package static let concurrencyReached = URI("crossbar.error.max_concurrency_reached")
}

// MARK: - Joining and leaving

extension URI {
    package static let notAuthorized = URI("wamp.error.not_authorized")
    package static let closeRealm = URI("wamp.close.close_realm")
    package static let goodbyeAndOut = URI("wamp.close.goodbye_and_out")
}
