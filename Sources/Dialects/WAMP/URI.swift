// URI — the URIs that WAMP itself has words for (reference §5.4, §8.13, §12).
//
// A router sends these; errors and reasons of clients are any text and only forwarded.

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
    package static let optionNotAllowed = URI("wamp.error.option_not_allowed")
    package static let discloseMeDisallowed = URI("wamp.error.option_disallowed.disclose_me")
    package static let networkFailure = URI("wamp.error.network_failure")
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
    package static let unregistered = URI("wamp.error.unregistered")
    package static let canceled = URI("wamp.error.canceled")
    package static let timeout = URI("wamp.error.timeout")
    package static let unavailable = URI("wamp.error.unavailable")
    package static let noAvailableCallee = URI("wamp.error.no_available_callee")
    /// Crossbar's; the specification has no word for it (§8.13).
    package static let concurrencyReached = URI("crossbar.error.max_concurrency_reached")
}

// MARK: - Joining and leaving

extension URI {
    package static let noSuchRealm = URI("wamp.error.no_such_realm")
    package static let noSuchRole = URI("wamp.error.no_such_role")
    package static let noSuchPrincipal = URI("wamp.error.no_such_principal")
    package static let notAuthorized = URI("wamp.error.not_authorized")
    package static let authorizationFailed = URI("wamp.error.authorization_failed")
    package static let authorizationDenied = URI("wamp.error.authorization_denied")
    package static let authorizationRequired = URI("wamp.error.authorization_required")
    package static let authenticationDenied = URI("wamp.error.authentication_denied")
    package static let authenticationFailed = URI("wamp.error.authentication_failed")
    package static let authenticationRequired = URI("wamp.error.authentication_required")
    package static let noMatchingMethod = URI("wamp.error.no_matching_auth_method")
    package static let closeRealm = URI("wamp.close.close_realm")
    package static let goodbyeAndOut = URI("wamp.close.goodbye_and_out")
    package static let systemShutdown = URI("wamp.close.system_shutdown")
    package static let killed = URI("wamp.close.killed")
    package static let normalClose = URI("wamp.close.normal")
}
