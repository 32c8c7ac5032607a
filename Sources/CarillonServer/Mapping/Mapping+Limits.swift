// [limits] and [drain] as the engine takes them. Every setting of both sections is used here, in
// `Mapping+Protocols.swift` (subscriptions), in `MemoryPlan.swift` (memory), or by the control
// plane (body_size).

import Bytes
import Carillon
import Configuration
import Engine
import Rooms

extension Limits {
    /// - Parameter memory: Octets the server plans with.
    init(_ configuration: Configuration, memory: Int) {
        let given = configuration.limits
        self.init()
        handshakeTime = given.handshakeTime.nanoseconds
        requestLineSize = given.requestLineSize
        headerLineSize = given.headerLineSize
        headersSize = given.headersSize
        headerCount = given.headerCount
        bodySize = given.bodySize
        bodyTime = given.bodyStallTime.nanoseconds
        keepAliveTime = given.keepAliveIdle.nanoseconds
        connectionsPerCore = given.connectionsPerCoreShare
        acceptPauseShare = given.acceptPauseShare
        connectionsPerAddress = given.connectionsPerAddress
        handshakesInProgress = given.handshakesInProgress

        messageSize = given.messageSize
        fragmentCount = given.fragmentsPerMessage
        inflatedPerTurn = given.inflatedPerTurn
        framesPerTurn = given.framesPerTurn
        parkedSize = given.parkedReceiveSize
        processReceiveQueueSize = max(1 << 20, Int(Double(memory) * given.processReceiveQueueShare))

        sendQueueSize = given.sendQueueSize
        kernelUnsentSize = UInt32(clamping: given.unsentLowWater)
        processSendQueueSize = max(1 << 20, Int(Double(memory) * given.processSendQueueShare))
        slowWriteTime = given.slowWriteTime.nanoseconds
        mailSize = configuration.engine.mailSize

        // Nobody waits a hundred years for a ping.
        pingInterval =
            given.pingInterval == .zero
            ? Duration.seconds(3_155_760_000).nanoseconds : given.pingInterval.nanoseconds
        pongTime = given.pongTimeout.nanoseconds
        closeTime = given.closeHandshakeTime.nanoseconds
        lingerTime = given.lingeringReadTime.nanoseconds

        messageRate = given.messageRate
        messageBurst = given.effectiveMessageBurst
        errorsPerMinute = given.errorsPerMinute

        drainDelay = configuration.drain.delay.nanoseconds
        drainSpread = configuration.drain.spread.nanoseconds
        drainDeadline = configuration.drain.deadline.nanoseconds
    }
}

extension IndexLimits {
    init(_ given: Configuration.Limits) {
        self.init()
        globsPerParent = given.globsPerParent
    }
}
