// StatusReport — what the server is doing, for the log: asked for with SIGQUIT.

import Carillon
import Control
import DialectKit
import Engine
import Logging
import Telemetry

enum StatusReport {
    static func write(_ engine: EngineState, process: ProcessMetrics, to logger: Logger) {
        ProcessFigures.refresh(process)
        let cores = engine.metrics
        func sum(_ counter: Counter) -> Logger.MetadataValue {
            .stringConvertible(cores.reduce(0) { $0 &+ $1.value(of: counter) })
        }
        logger.notice(
            "status",
            metadata: [
                "draining": .stringConvertible(engine.isDraining),
                "connections": .stringConvertible(engine.connectionCount),
                "websockets": .stringConvertible(cores.total(.openWebSockets)),
                "subscriptions": .stringConvertible(cores.total(.subscriptions)),
                "send_queue_octets": .stringConvertible(cores.total(.backlogOctets)),
                "receive_queue_octets": .stringConvertible(cores.total(.inputOctets)),
                "call_queue_octets": .stringConvertible(engine.callMemory.size),
                "accepted": sum(.connectionsAccepted), "requests": sum(.requests),
                "messages": sum(.messagesReceived), "publications": sum(.publications),
                "deliveries": sum(.deliveries),
                "memory_octets": .stringConvertible(process.memoryUsed),
                "memory_limit_octets": .stringConvertible(process.memoryLimit),
                "descriptors": .stringConvertible(process.descriptorsUsed),
                "log_dropped": .stringConvertible(process.logLinesDropped),
                "cores": .array(
                    cores.map { core in
                        [
                            "core": .stringConvertible(core.core),
                            "asleep": .stringConvertible(engine.isAsleep(core: core.core)),
                            "turns": .stringConvertible(core.value(of: .loopTurns)),
                            "stalls": .stringConvertible(core.value(of: .loopStalls)),
                            "connections": .stringConvertible(core.value(of: .openConnections)),
                        ]
                    }),
            ])
    }
}

extension [CoreMetrics] {
    /// A gauge, summed over the cores.
    func total(_ gauge: Gauge) -> Int { reduce(0) { $0 + $1.value(of: gauge) } }
}
