// ProcedureHandler — procedures that are answered inside this process: Swift closures, back ends.
//
// To the dealer a handler is a callee like any other: a party with one registration. Its
// invocations are carried out on the core of the caller, by mail, so the lock of the realm is not
// held while it runs; its answer, from any thread, goes back to that core, which tells the dealer.

package import DialectKit
package import Hub
import Lockfree
package import Rooms
import Synchronization
import Telemetry

/// Answers calls. Called on a core, so it must not wait: what takes time is done elsewhere.
package typealias ProcedureHandler = @Sendable (HandledCall) -> Void

/// A procedure, or a pattern of them, and what answers it.
package struct HandlerRegistration: Sendable {
    package let realm: Realm
    package let procedures: Pattern
    package let handler: ProcedureHandler

    package init(
        _ procedures: Pattern, in realm: Realm = .standard, handler: @escaping ProcedureHandler
    ) {
        self.realm = realm
        self.procedures = procedures
        self.handler = handler
    }
}

/// One call that a handler answers, from any thread.
package final class HandledCall: Sendable {
    private enum State {
        case running(onCancel: (@Sendable () -> Void)?)
        case over
    }

    package let procedure: Room
    package let call: CallArguments
    private let state = Guarded<State>(.running(onCancel: nil))
    private let completion: @Sendable (CallOutcome) -> Void
    private let engine: EngineState
    private let core: Int
    /// Octets counted besides the arguments.
    private let heldSize = Atomic<Int>(0)

    init(
        procedure: Room, call: CallArguments, engine: EngineState, core: Int,
        completion: @escaping @Sendable (CallOutcome) -> Void
    ) {
        self.procedure = procedure
        self.call = call
        self.engine = engine
        self.core = core
        self.completion = completion
    }

    deinit { engine.callMemory.remove(heldSize.load(ordering: .relaxed)) }

    /// Counts what is kept for the call besides its arguments, in octets, for as long as this
    /// object is held. Where calls have no more room, this one is over: it is answered so. To be
    /// called by the handler itself, on its core.
    ///
    /// - Returns: Whether there was room.
    package func hold(_ size: Int) -> Bool {
        heldSize.wrappingAdd(size, ordering: .relaxed)
        if engine.callMemory.add(size) { return true }
        engine.metrics[core].count(LimitName.processReceiveQueueShare)
        let refusal = CallRefusal.outOfMemory
        answer(.failure(ProcedureError(.refused(uri: refusal.uri, text: refusal.text), nil)))
        return false
    }

    /// Answers; what comes after the first answer is nobody's.
    package func answer(_ outcome: CallOutcome) {
        guard end() != nil else { return }
        completion(outcome)
    }

    /// Sends an event of its own to the connection that called, before the answer; behind it, or
    /// when nobody waits any more, there is nobody to send it to.
    package func push(event: String, data: [UInt8]) {
        let isRunning = state.withLock { if case .running = $0 { true } else { false } }
        guard isRunning, let origin = call.origin else { return }
        let id = ConnectionID(rawValue: origin)
        engine.post(.note(id, PushNote(event: event, data: data)), to: id.core)
    }

    /// Publishes for the server itself, in the order of such publications.
    package func publish(_ publication: Publication) { engine.publish(publication) }

    /// Says what is to be done when the caller no longer waits; at once if that is so already.
    package func whenCanceled(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            guard case .running = state else { return true }
            state = .running(onCancel: body)
            return false
        }
        if isOver { body() }
    }

    func cancel() {
        guard let onCancel = end() else { return }
        onCancel?()
        completion(.failure(ProcedureError(CallError.canceled, nil)))
    }

    /// - Returns: `nil` when it was over already.
    private func end() -> (@Sendable () -> Void)?? {
        state.withLock { state in
            guard case .running(let onCancel) = state else { return nil }
            state = .over
            return .some(onCancel)
        }
    }
}

/// A handler as its dealer knows it.
final class HandlerParty: Sendable {
    let id: PartyID
    let registration: HandlerRegistration
    private let running = Guarded<[UInt64: Asked]>([:])

    private struct Asked {
        /// Where it is begun, and where everything about it goes.
        let core: Int
        /// `nil` until it has begun.
        var call: HandledCall?
    }

    init(id: PartyID, _ registration: HandlerRegistration) {
        self.id = id
        self.registration = registration
    }

    /// Calls that were asked and not answered yet.
    var runningCount: Int { running.withLock { $0.count } }

    /// A call is on its way to `core`. Called under the dealer's lock.
    func asked(_ invocation: UInt64, on core: Int) {
        running.withLock { $0[invocation] = Asked(core: core) }
    }

    /// Where an invocation went; `nil` when it has been answered.
    func core(of invocation: UInt64) -> Int? {
        running.withLock { $0[invocation]?.core }
    }

    /// Begins a call on `core`.
    func begin(_ invocation: Invocation, on core: Int, _ engine: EngineState) {
        let procedure: Room
        if let room = invocation.procedure {
            procedure = room
        } else if case .exact(let room) = registration.procedures {
            procedure = room
        } else {
            preconditionFailure("a pattern's invocation names its procedure")
        }
        let number = invocation.id
        let call = HandledCall(
            procedure: procedure,
            call: invocation.payload as? CallArguments ?? CallArguments(Arguments()),
            engine: engine, core: core
        ) { [self] outcome in
            running.withLock { _ = $0.removeValue(forKey: number) }
            engine.post(.handled(self, number, outcome), of: outcome.mailSize, to: core)
        }
        running.withLock { $0[number]?.call = call }
        registration.handler(call)
    }

    func cancel(_ invocation: UInt64) {
        let call = running.withLock { $0[invocation]?.call }
        call?.cancel()
    }
}
