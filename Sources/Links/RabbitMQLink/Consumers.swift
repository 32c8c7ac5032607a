// Consumers — what the consumers of one link do with a broker, connection after connection.
//
// A consumer has a channel of its own, so a delivery says whose it is and one acknowledgement
// covers everything before it. Acknowledgements are saved up while more messages are at hand, at
// most for half of what the broker sends ahead, so it never stands still.

internal import Bytes
internal import LinkKit
internal import Rooms
internal import Telemetry

/// The consumers of a link; what they remember outlives a connection. Used by the link's thread.
final class Consumers {
    private let settings: RabbitMQSettings
    private let desk: LinkDesk
    private var memories: [Memory]
    private var channels: [Channel] = []

    /// What a consumer knows for as long as the process lives.
    private struct Memory {
        let bindings: [BindingPattern]
        var recent: RecentIDs?
    }

    /// What a consumer knows about one connection.
    private struct Channel {
        var assembly: DeliveryAssembly
        /// The last message handed over and not acknowledged.
        var pendingTag: UInt64?
        var pendingCount = 0
        /// When the first of those was.
        var pendingSince = ContinuousClock.now
        let acknowledgeEvery: Int
    }

    /// With a slow handler and a full buffer nothing else tells the broker that we are there.
    private static let acknowledgeWithin = Duration.milliseconds(500)

    /// high-templar's messages are small and handed over at once.
    private static let triggerPrefetch: UInt16 = 256

    init(_ settings: RabbitMQSettings, _ desk: LinkDesk) {
        self.settings = settings
        self.desk = desk
        memories = settings.consumers.map { consumer in
            switch consumer {
            case .highTemplar: Memory(bindings: [], recent: nil)
            case .source(let source):
                Memory(
                    bindings: BindingPattern.patterns(of: source),
                    recent: RecentIDs(limit: source.recentIDLimit))
            }
        }
    }

    /// Declares, consumes, and hands over until the connection or the thread is to end.
    func serve(
        _ broker: consuming Broker, on thread: LinkThread, _ life: inout LinkLife
    ) throws(LinkFailure) {
        channels = []
        var queues: [String] = []
        for (index, consumer) in settings.consumers.enumerated() {
            queues.append(try declare(consumer, on: Self.channel(index), broker))
        }
        // When everything is declared: messages would only wait behind the broker's answers.
        for (index, queue) in queues.enumerated() {
            try broker.consume(queue, on: Self.channel(index))
        }
        life.serves()
        let attention = broker.attention
        while !thread.isStopping {
            while !thread.isStopping, let frame = try broker.next() { try take(frame, &broker) }
            for index in channels.indices { try acknowledge(index, broker) }
            _ = thread.wait(for: broker.descriptor, until: .now + attention)
        }
    }

    private static func channel(_ index: Int) -> UInt16 { UInt16(index + 1) }

    /// - Returns: The queue to consume.
    private func declare(
        _ consumer: RabbitMQConsumer, on channel: UInt16, _ broker: borrowing Broker
    ) throws(LinkFailure) -> String {
        switch consumer {
        case .highTemplar(let exchange):
            try open(channel, prefetch: Self.triggerPrefetch, broker)
            try broker.declareExchange(exchange, kind: .direct, isDurable: false, on: channel)
            // A new name each time: the broker may still hold the old connection's queue.
            let queue = "hightemplar_\(randomUUID())"
            try broker.declareQueue(queue, isDurable: false, isExclusive: true, on: channel)
            // On a direct exchange this is the key `*`, not a pattern.
            try broker.bind(queue, to: exchange, key: "*", on: channel)
            return queue
        case .source(let source):
            try open(channel, prefetch: source.prefetch, broker)
            if let exchange = source.exchange, let kind = exchange.kind {
                try broker.declareExchange(
                    exchange.name, kind: kind, isDurable: exchange.isDurable, on: channel)
            }
            let queue = source.isDurable ? source.queue : "\(source.queue)_\(randomUUID())"
            try broker.declareQueue(
                queue, isPassive: !source.declaresQueue, isDurable: source.isDurable,
                isExclusive: !source.isDurable, on: channel)
            if let exchange = source.exchange {
                for key in source.bindings {
                    try broker.bind(queue, to: exchange.name, key: key, on: channel)
                }
            }
            return queue
        }
    }

    private func open(
        _ channel: UInt16, prefetch: UInt16, _ broker: borrowing Broker
    ) throws(LinkFailure) {
        try broker.openChannel(channel, prefetch: prefetch)
        channels.append(
            Channel(
                assembly: DeliveryAssembly(messageLimit: settings.messageLimit),
                acknowledgeEvery: max(1, min(64, Int(prefetch) / 2))))
    }

    private func take(_ frame: BrokerFrame, _ broker: inout Broker) throws(LinkFailure) {
        switch frame {
        case .delivery(let channel, let delivery):
            try channels[index(channel)].assembly.begin(delivery)
        case .header(let channel, let bodySize, let messageID):
            let index = try index(channel)
            if let whole = try channels[index].assembly.header(
                bodySize: bodySize, messageID: messageID)
            {
                try take(whole, index, broker)
            }
        case .body(let channel):
            let index = try index(channel)
            let whole = try broker.withBody { (octets) throws(LinkFailure) in
                try channels[index].assembly.body(octets)
            }
            if let whole { try take(whole, index, broker) }
        case .cancelled: throw LinkFailure("the broker ended a consumer: its queue is gone")
        case .other: break
        }
    }

    private func index(_ channel: UInt16) throws(LinkFailure) -> Int {
        guard channel >= 1, channel <= channels.count else {
            throw LinkFailure("the broker used channel \(channel), which is not open")
        }
        return Int(channel) - 1
    }

    private func take(
        _ delivery: Delivery, _ index: Int, _ broker: borrowing Broker
    ) throws(LinkFailure) {
        desk.status.count(.messages)
        if let id = delivery.messageID, memories[index].recent?.contains(id) == true {
            desk.status.count(.duplicates)
        } else {
            if case .rejected(let reason) = handOver(delivery, index) {
                desk.drop(delivery.routingKey, reason)
            }
            // Rejected ones too: they would not be better the next time.
            if let id = delivery.messageID { memories[index].recent?.insert(id) }
        }
        let now = ContinuousClock.now
        if channels[index].pendingTag == nil { channels[index].pendingSince = now }
        channels[index].pendingTag = delivery.tag
        channels[index].pendingCount += 1
        if channels[index].pendingCount >= channels[index].acknowledgeEvery
            || now - channels[index].pendingSince >= Self.acknowledgeWithin
        {
            try acknowledge(index, broker)
        }
    }

    private func handOver(_ delivery: Delivery, _ index: Int) -> LinkVerdict {
        guard !channels[index].assembly.isOversized(delivery) else {
            return .rejected(
                "\(delivery.bodySize) octets, the limit is \(settings.messageLimit)")
        }
        var message = LinkMessage(
            subscription: index, origin: delivery.routingKey, payload: delivery.body,
            messageID: delivery.messageID)
        if case .source(let source) = settings.consumers[index] {
            for binding in memories[index].bindings {
                guard let captures = binding.captures(in: delivery.routingKey) else { continue }
                if binding.wildcardCount > 0 { message.pattern = binding.text }
                message.captures = captures
                break
            }
            do throws(RoomError) {
                message.room = try source.template.room(
                    origin: message.origin, captures: message.captures)
            } catch {
                return .rejected("no room can be made of its routing key: \(error.sentence)")
            }
            guard message.room != nil else {
                return .rejected("its routing key matches no binding that the template is for")
            }
        }
        return desk.handOver(message)
    }

    private func acknowledge(_ index: Int, _ broker: borrowing Broker) throws(LinkFailure) {
        guard let tag = channels[index].pendingTag else { return }
        try broker.acknowledge(tag, on: Self.channel(index))
        channels[index].pendingTag = nil
        channels[index].pendingCount = 0
    }
}

/// A random UUID (RFC 9562 §5.4), in lower case.
private func randomUUID() -> String {
    var octets = (0..<16).map { _ in UInt8.random(in: 0...255) }
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    var text = ""
    for (index, octet) in octets.enumerated() {
        if [4, 6, 8, 10].contains(index) { text += "-" }
        for digit in [octet >> 4, octet & 0x0F] { text += String(digit, radix: 16) }
    }
    return text
}
