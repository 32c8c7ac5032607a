// Links — the connections to back ends and brokers, from the configuration to their end.
//
// Back ends exist before the server, because dialects ask them; brokers connect when it runs,
// because their messages are published.

import Bytes
import Carillon
import Configuration
import DialectKit
import Engine
import HTTPLink
import HighTemplar
import LinkKit
import Lockfree
import Logging
import RabbitMQLink
import RedisLink
import Rohrpost
import Rooms
import Telemetry

/// Why a link cannot be made as it is configured. A sentence.
struct LinkProblem: Error {
    let sentence: String
}

final class Links {
    private let http = HTTPLink()
    private var backEnds: [String: HTTPBackEnd] = [:]
    private var rabbitMQ: [RabbitMQLink] = []
    private var redis: [RedisLink] = []
    private let publisher = LinkPublisher()
    private let realms: RealmTable
    private let triggers: TriggerIntakes
    private let log: Logger
    private(set) var statuses: [LinkStatus] = []
    /// What is published that leaves by a link.
    private(set) var taps: [Tap] = []

    init(
        _ configuration: Configuration, _ realms: RealmTable, _ triggers: TriggerIntakes,
        log: Logger
    ) throws(LinkProblem) {
        self.realms = realms
        self.triggers = triggers
        self.log = log
        do throws(LinkProblem) {
            for backEnd in configuration.backEnds {
                try add(HTTPBackEndSettings(backEnd), as: backEnd.name)
            }
            for broker in configuration.rabbitMQ { try add(broker, configuration) }
            for broker in configuration.redis { try add(broker, configuration) }
        } catch {
            // Its thread would keep it.
            http.stop()
            throw error
        }
    }

    /// The `[[backend]]` of that name, which configuration has been checked for.
    func backEnd(_ name: String) -> any BackEnd {
        guard let backEnd = backEnds[name] else {
            preconditionFailure("configuration names a back end that it does not have")
        }
        return backEnd
    }

    /// The application of a high-templar route.
    func application(
        _ url: String, socket: String?, _ given: Configuration.HighTemplar
    ) throws(LinkProblem) -> any BackEnd {
        // Routes that ask the same application share its limits.
        let name = "hightemplar \(url) \(socket ?? "")"
        if let known = backEnds[name] { return known }
        var settings = HTTPBackEndSettings(
            name: Self.applicationName(url, among: statuses.map(\.name)), baseURL: url)
        settings.unixSocketPath = socket
        settings.timeLimit = given.bootstrapTime.nanoseconds
        settings.inFlightLimit = given.inFlight
        settings.breakThreshold = 20
        return try add(settings, as: name)
    }

    /// What metrics call an application: the first one is the one of most servers. A name or secret
    /// in a URL is nobody's business there.
    static func applicationName(_ url: String, among taken: [String]) -> String {
        let place = URLText.aroundUser(of: url)?.after ?? url[...]
        let names = ["hightemplar", "hightemplar \(place)"]
        if let free = names.first(where: { !taken.contains($0) }) { return free }
        var number = 2
        while taken.contains("\(names[1]) \(number)") { number += 1 }
        return "\(names[1]) \(number)"
    }

    @discardableResult
    private func add(
        _ settings: HTTPBackEndSettings, as name: String
    ) throws(LinkProblem) -> HTTPBackEnd {
        do throws(HTTPLinkError) {
            let backEnd = try http.add(settings)
            backEnds[name] = backEnd
            statuses.append(backEnd.status)
            return backEnd
        } catch {
            throw LinkProblem(sentence: "the back end \(settings.name): \(error.sentence)")
        }
    }

    // MARK: brokers

    private func add(
        _ given: Configuration.RabbitMQ, _ configuration: Configuration
    ) throws(LinkProblem) {
        var consumers: [RabbitMQConsumer] = []
        var uses: [LinkUse] = []
        if let exchange = given.highTemplarExchange {
            consumers.append(.highTemplar(exchange: exchange))
            uses.append(
                .triggers(triggers.intake(of: realms.realm(configuration.hightemplar.realm))))
        }
        for source in given.sources {
            consumers.append(.source(try RabbitMQSource(source)))
            uses.append(use(source.kind, realms.realm(source.realm), configuration))
        }
        var settings = RabbitMQSettings(consumers: consumers)
        settings.host = given.host
        settings.port = UInt16(clamping: given.port)
        settings.username = given.username
        settings.password = given.password?.text ?? "guest"
        settings.virtualHost = given.virtualHost
        settings.heartbeat = given.heartbeat
        if let problem = settings.problems.first {
            throw LinkProblem(sentence: "rabbitmq \(given.name): \(problem)")
        }
        let status = LinkStatus(kind: .rabbitmq, name: given.name)
        do throws(LinkFailure) {
            rabbitMQ.append(
                try RabbitMQLink(
                    settings,
                    desk: desk(status, uses, number: UInt16(clamping: statuses.count + 1))))
        } catch {
            throw LinkProblem(sentence: "rabbitmq \(given.name): \(error.reason)")
        }
        statuses.append(status)
    }

    private func add(
        _ given: Configuration.Redis, _ configuration: Configuration
    ) throws(LinkProblem) {
        var subscriptions: [RedisSubscription] = []
        var uses: [LinkUse] = []
        for source in given.sources {
            let template = try RoomTemplate(checked: source.room, of: "redis \(given.name)")
            let use = use(source.kind, realms.realm(source.realm), configuration)
            subscriptions += source.channels.map { .channel($0, template: template) }
            subscriptions += source.patterns.map { .pattern($0, template: template) }
            uses += Array(repeating: use, count: source.channels.count + source.patterns.count)
        }
        var settings = RedisSettings(
            subscriptions: subscriptions, isPublisher: !given.sinks.isEmpty)
        settings.address =
            given.socket.map { .unix(path: $0) }
            ?? .tcp(host: given.host, port: UInt16(clamping: given.port))
        settings.username = given.username
        settings.password = given.password?.text
        settings.database = given.database
        if let problem = settings.problems.first {
            throw LinkProblem(sentence: "redis \(given.name): \(problem)")
        }
        let status = LinkStatus(kind: .redis, name: given.name)
        do throws(LinkFailure) {
            let number = UInt16(clamping: statuses.count + 1)
            let link = try RedisLink(settings, desk: desk(status, uses, number: number))
            redis.append(link)
            for sink in given.sinks {
                taps.append(Tap(sink, realms.realm(sink.realm), link, number: number))
            }
        } catch {
            throw LinkProblem(sentence: "redis \(given.name): \(error.reason)")
        }
        statuses.append(status)
    }

    private func use(
        _ kind: Configuration.SourceKind, _ realm: Realm, _ configuration: Configuration
    ) -> LinkUse {
        switch kind {
        case .publish: .payload(realm)
        case .trigger: .triggers(triggers.intake(of: realm))
        case .notification:
            .changes(realm, NameTemplate(model: configuration.rohrpost.modelGroupTemplate))
        }
    }

    private func desk(_ status: LinkStatus, _ uses: [LinkUse], number: UInt16) -> LinkDesk {
        let name = "\(status.kind.rawValue) \(status.name)"
        let news = LinkLog(log, link: name)
        return LinkDesk(
            status: status, handler: publisher.handler(uses, link: number),
            report: { news.write($0) })
    }

    // MARK: life

    /// Connects to the brokers; never waits for them.
    func start(publishingOn engine: EngineState) throws(LinkProblem) {
        publisher.attach(engine)
        do throws(LinkFailure) {
            for link in rabbitMQ { try link.start() }
            for link in redis { try link.start() }
        } catch {
            throw LinkProblem(sentence: "a link cannot be started: \(error.reason)")
        }
    }

    /// Takes nothing more from brokers; to be called before the server stops.
    func stopBrokers() {
        for link in rabbitMQ { link.stop() }
        for link in redis { link.stop() }
        publisher.detach()
    }

    /// Whether back ends are still being told or asked something.
    var isBusy: Bool {
        backEnds.values.contains { $0.status[.inFlight] + $0.status[.waiting] > 0 }
    }

    /// Ends what is under way to back ends; to be called when the server has stopped.
    func stop() { http.stop() }
}
