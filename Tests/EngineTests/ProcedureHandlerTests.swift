// Handlers as callees of the dealer: where their mail goes, and how often they answer.

import DialectKit
import Hub
import Lockfree
import Rooms
import Telemetry
import Testing

@testable import Engine

@Suite struct ProcedureHandlerTests {
    private static func room(_ name: String) -> Room {
        let octets = Array(name.utf8)
        return try! Room(dotted: unsafe octets.span.bytes)
    }

    /// An engine of two cores that do not run, with a handler that keeps what it is asked.
    private final class Desk {
        let log = CallLog()
        let state: EngineState
        let caller = ConnectionID(core: 0, slot: 1, generation: 1)

        /// - Parameter callSize: Octets that calls may hold.
        init(callSize: Int = 1 << 30) {
            var settings = EngineSettings()
            settings.limits.processReceiveQueueSize = 4 * callSize
            let log = log
            settings.handlers = [
                HandlerRegistration(.exact(room("p"))) { call in
                    log.calls.withLock { $0.append(call) }
                }
            ]
            state = EngineState(settings: settings, registry: Registry(), coreCount: 2)
            ask(.open(owner: 0, [.cancelsCalls]))
        }

        /// Calls lead back to the engine that knows their handler.
        deinit { log.calls.withLock { $0 = [] } }

        func ask(_ question: DealerRequest.Question, now: UInt64 = 0) {
            _ = state.registry.dealer(of: .standard).ask(
                DealerRequest(PartyID(rawValue: 99), question), from: caller, now: now, random: 0,
                state)
        }

        func call(_ request: UInt64, timeout: UInt64 = 0) {
            var options = CallOptions()
            options.timeout = timeout
            let payload = CallArguments(Arguments(value: Array("[\(request)]".utf8)))
            ask(.call(room("p"), request: request, options, payload))
        }

        /// Carries out the handler's mail of a core.
        ///
        /// - Returns: What it was.
        func work(_ core: Int) -> [String] {
            var mails: [Mail] = []
            state.mailboxes[core].drain(into: &mails)
            return mails.map { mail in
                switch mail {
                case .invoke(let handler, let invocation):
                    handler.begin(invocation, on: core, state)
                    return "invoke"
                case .interrupt(let handler, let invocation):
                    handler.cancel(invocation)
                    return "interrupt"
                case .handled(let handler, let invocation, let outcome):
                    _ = state.registry.dealer(of: .standard).answer(
                        handler, invocation, outcome, now: 0, random: 0, core: core, state)
                    return "handled"
                case .dealt(_, .result(_, let request, _, _)): return "result \(request)"
                case .dealt(_, .error(_, let request, let error, _)):
                    return "error \(request) \(error.uri)"
                default: return "other"
                }
            }
        }
    }

    @Test("the end of a call reaches its handler behind the call, whichever core found it due")
    func interrupts() {
        let desk = Desk()
        desk.call(1, timeout: 100)
        // The other core's clock is ahead; the call is still in the mail.
        _ = desk.state.registry.dealer(of: .standard).expire(now: 200, core: 1, desk.state)
        #expect(desk.work(1).isEmpty)
        #expect(desk.work(0) == ["invoke", "error 1 wamp.error.timeout", "interrupt"])
        #expect(desk.work(0) == ["handled"])
        let isCanceled = Guarded(false)
        desk.log.calls.withLock { $0[0] }.whenCanceled { isCanceled.withLock { $0 = true } }
        #expect(isCanceled.withLock { $0 })
        #expect(desk.work(0).isEmpty)
    }

    @Test("the first answer counts, and who is no longer waited for hears it once")
    func answers() {
        let desk = Desk()
        for request in 1...3 as ClosedRange<UInt64> { desk.call(request) }
        #expect(desk.work(0) == ["invoke", "invoke", "invoke"])
        let calls = desk.log.calls.withLock { $0 }
        let cancelCount = Guarded(0)
        for call in calls { call.whenCanceled { cancelCount.withLock { $0 += 1 } } }
        calls[1].answer(.result(calls[1].call.arguments))
        calls[1].answer(.failure(.crashed))
        #expect(desk.work(0) == ["handled"])
        #expect(desk.work(0) == ["result 2"])
        #expect(cancelCount.withLock { $0 } == 0)
        desk.ask(.cancel(request: 2, .killNoWait))
        desk.ask(.cancel(request: 3, .killNoWait))
        desk.ask(.cancel(request: 3, .killNoWait))
        #expect(desk.work(0) == ["error 3 wamp.error.canceled", "interrupt"])
        #expect(cancelCount.withLock { $0 } == 1)
        calls[2].answer(.result(calls[2].call.arguments))
        #expect(desk.work(0) == ["handled"])
        #expect(desk.work(0).isEmpty)
        desk.ask(.close)
        #expect(desk.work(0) == ["interrupt"])
        #expect(cancelCount.withLock { $0 } == 2)
        calls[0].answer(.result(calls[0].call.arguments))
        #expect(desk.work(0) == ["handled"])
        #expect(desk.work(0).isEmpty)
    }

    @Test("many threads answer and cancel at once: each call ends once")
    func threads() async {
        let desk = Desk()
        for request in 1...200 as ClosedRange<UInt64> { desk.call(request) }
        #expect(desk.work(0).count == 200)
        let calls = desk.log.calls.withLock { $0 }
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<3 {
                group.addTask {
                    for call in calls {
                        if thread == 0 { call.cancel() } else { call.answer(.failure(.crashed)) }
                    }
                }
            }
        }
        #expect(desk.work(0) == Array(repeating: "handled", count: 200))
        #expect(desk.work(0).count == 200)
        #expect(desk.state.registry.dealer(of: .standard).query { $0.pendingCallCount } == 0)
    }

    @Test("what a handler keeps besides is counted until it lets go, and refused without room")
    func holding() {
        let desk = Desk(callSize: 10_000)
        let memory = desk.state.callMemory
        for request in 1...2 as ClosedRange<UInt64> { desk.call(request) }
        #expect(desk.work(0) == ["invoke", "invoke"])
        #expect(memory.size == 2 * CallMemory.recordSize)
        do {
            let calls = desk.log.calls.withLock { $0 }
            #expect(calls[0].hold(5_000))
            #expect(calls[0].hold(20_000))
            #expect(!calls[1].hold(7))
            #expect(desk.state.metrics[0].value(of: LimitName.processReceiveQueueShare) == 1)
            #expect(desk.work(0) == ["handled"])
            #expect(desk.work(0) == ["error 2 wamp.error.unavailable"])
            calls[0].answer(.failure(.crashed))
            #expect(desk.work(0) == ["handled"])
            #expect(desk.work(0) == ["error 1 carillon.error.crashed"])
            // Answered, and still in somebody's hands.
            #expect(memory.size == 25_007)
        }
        desk.log.calls.withLock { $0 = [] }
        #expect(memory.size == 0)
    }

    @Test("two handlers for one procedure stop the process")
    func twice() async {
        await #expect(processExitsWith: .failure) {
            var settings = EngineSettings()
            let octets = Array("p".utf8)
            let room = try! Room(dotted: unsafe octets.span.bytes)
            settings.handlers = Array(
                repeating: HandlerRegistration(.exact(room)) { _ in }, count: 2)
            _ = EngineState(settings: settings, registry: Registry(), coreCount: 1)
        }
    }
}

/// What a handler was asked.
private final class CallLog: Sendable {
    let calls = Guarded<[HandledCall]>([])
}
