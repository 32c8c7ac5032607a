// WAMPClient+Requests — what a publisher, subscriber, caller and callee ask for (reference §7, §8).
//
// Each request waits for its own answer within `answerTime` and throws `refused` for an ERROR; what
// else comes meanwhile is kept for `next`.

package import Hub
package import WAMP

extension WAMPClient {
    // MARK: Broker

    /// Subscribes.
    ///
    /// - Parameter getRetained: Asks for what was retained, which then comes as events.
    /// - Returns: The subscription.
    package func subscribe(
        _ topic: String, match: MatchPolicy? = nil, getRetained: Bool? = nil
    ) throws(ClientError) -> UInt64 {
        let id = counter.next()
        try send(.subscribe(id, topic: topic, match, getRetained: getRetained), patience)
        return try acknowledgement(of: id, .subscribe)
    }

    package func unsubscribe(_ subscription: UInt64) throws(ClientError) {
        let id = counter.next()
        try send(.unsubscribe(id, subscription: subscription), patience)
        _ = try acknowledgement(of: id, .unsubscribe)
    }

    /// Publishes.
    ///
    /// - Returns: The publication if `options` ask for an acknowledgement; otherwise nobody ever
    ///   says whether it was taken.
    @discardableResult
    package func publish(
        _ topic: String, _ arguments: Arguments = Arguments(),
        _ options: PublishOptions = PublishOptions()
    ) throws(ClientError) -> UInt64? {
        let id = counter.next()
        try send(.publish(id, topic: topic, options, arguments), patience)
        return options.acknowledge == true ? try acknowledgement(of: id, .publish) : nil
    }

    // MARK: Caller

    /// Calls and waits for the end of the call.
    ///
    /// - Parameter progress: Gets the progressive results, if `options` ask for them.
    /// - Throws: `refused` for an ERROR. After `timedOut` and `interrupted` the call is canceled.
    package func call(
        _ procedure: String, _ arguments: Arguments = Arguments(),
        _ options: ClientCallOptions = ClientCallOptions(), progress: (Answer) -> Void = { _ in }
    ) throws(ClientError) -> Answer {
        let id = try beginCall(procedure, arguments, options)
        do throws(ClientError) {
            var wait = patience
            while true {
                switch try arrival(wait, .answer) {
                case .happening(.progress(id, let answer)):
                    progress(answer)
                    wait = patience
                case .happening(.result(id, let answer)): return answer
                case .happening(.failure(id, let refusal)): throw .refused(refusal)
                case .happening(let other): try keep(other)
                case .acknowledgement, .refusal, .nothing: break
                }
            }
        } catch {
            if openCalls.contains(id), !error.endsSession { try? cancel(id) }
            throw error
        }
    }

    /// Begins a call whose results come from `next`.
    package func beginCall(
        _ procedure: String, _ arguments: Arguments = Arguments(),
        _ options: ClientCallOptions = ClientCallOptions()
    ) throws(ClientError) -> UInt64 {
        let id = counter.next()
        try send(.call(id, procedure: procedure, options, arguments), patience)
        openCalls.insert(id)
        return id
    }

    /// Cancels a call; with `kill` its answer still comes, otherwise nothing more does.
    package func cancel(_ call: UInt64, _ mode: CancelMode = .killNoWait) throws(ClientError) {
        guard openCalls.contains(call) else { return }
        if mode != .kill { openCalls.remove(call) }
        try send(.cancel(call, mode), Wait(until: .now + .seconds(1)))
    }

    // MARK: Callee

    /// Registers.
    ///
    /// - Returns: The registration.
    package func register(
        _ procedure: String, _ options: ClientRegisterOptions = ClientRegisterOptions()
    ) throws(ClientError) -> UInt64 {
        let id = counter.next()
        try send(.register(id, procedure: procedure, options), patience)
        return try acknowledgement(of: id, .register)
    }

    package func unregister(_ registration: UInt64) throws(ClientError) {
        let id = counter.next()
        try send(.unregister(id, registration: registration), patience)
        _ = try acknowledgement(of: id, .unregister)
    }

    /// Answers an invocation, or says how far it is.
    package func yield(
        _ invocation: UInt64, _ arguments: Arguments = Arguments(), isProgress: Bool = false
    ) throws(ClientError) {
        try send(.yield(invocation, isProgress: isProgress, arguments), patience)
    }

    /// Answers an invocation with an error.
    package func fail(
        _ invocation: UInt64, uri: String, _ arguments: Arguments = Arguments()
    ) throws(ClientError) {
        try send(.fail(invocation, uri: uri, arguments), patience)
    }
}
