// [server] and everything else, put together: the options the library's server is made of.

import Bytes
import CSystem
import Carillon
import Configuration
import Engine
import Rooms
import Uring

extension PushServer.Options {
    /// Everything but who answers requests that are no upgrades.
    ///
    /// - Parameters:
    ///   - memory: Octets the server plans with.
    ///   - routes: Makes the routes of the dialects, with what they ask.
    init(
        _ configuration: Configuration, memory: Int, routes: RouteMaker
    ) throws(LinkProblem) {
        let server = configuration.server
        let plan = CPUPlan()
        let coreCount = server.cores == 0 ? plan.coreCount : server.cores
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        unsafe carillon_descriptor_limit(&soft, &hard, false)

        self.init(listen: server.listen.description)
        control = server.control?.description
        cores = coreCount
        // Pinned only where every core has a CPU of its own; two servers that both take a part
        // of the machine would otherwise share the first CPUs and leave the others idle.
        cpus = coreCount == plan.allowed.count ? plan.allowed : []
        path = nil  // among the routes
        echoPath = server.echo
        origins = configuration.websocket.origins
        limits = Limits(configuration, memory: memory)
        index = IndexLimits(configuration.limits)
        ring = RingOptions(
            configuration,
            socketCount: RingOptions.socketCount(
                descriptors: soft, memory: memory, cores: coreCount))
        deflate = .init(configuration.websocket)
        deflateMinimumSize = configuration.websocket.deflateMinimumSize
        deflateMaximumSize = configuration.websocket.deflateMaximumSize
        flushSlice = configuration.engine.flushSlice
        batchingDelay = server.batchingDelay.nanoseconds
        wamp = WAMP(configuration)
        dialectRoutes = try routes.routes()
        shampoo = try routes.shampoo()
        handlers = routes.procedures()
        wamp?.gate = routes.gate(configuration.wamp.gate, "wamp")
        taps = routes.links.taps
        realmCount = routes.realms.all.count
    }
}
