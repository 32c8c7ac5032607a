// Broker — a connection to RabbitMQ, safe to use: the Swift face of CRabbitMQ.

internal import Bytes
internal import CRabbitMQ
internal import LinkKit

/// What has come from the broker.
enum BrokerFrame {
    case delivery(channel: UInt16, Delivery)
    case header(channel: UInt16, bodySize: UInt64, messageID: [UInt8]?)
    /// The octets are lent by ``Broker/withBody(_:)`` until the next frame.
    case body(channel: UInt16)
    /// The queue of a consumer is gone.
    case cancelled
    case other
}

/// An open session with a broker. It says goodbye when it goes.
///
/// Safety: `link` is made in `init`, destroyed in `deinit` and used by one thread. `frame` points
/// into the library's memory until the next call of `next`, and is read only in between.
@safe
struct Broker: ~Copyable {
    private let link: OpaquePointer
    /// To wait at; the library closes it.
    let descriptor: CInt
    private var frame = unsafe carillon_rabbitmq_frame()

    /// How long to wait for the answer to our goodbye, in ms.
    private static let goodbyeLimit: CInt = 500

    /// Logs in.
    ///
    /// - Parameter descriptor: A connected, non-blocking socket; owned by the broker from now on.
    init(adopting descriptor: CInt, _ settings: RabbitMQSettings) throws(LinkFailure) {
        guard let link = unsafe carillon_rabbitmq_create(descriptor) else {
            throw LinkFailure("no memory for a connection")
        }
        let limit = CInt(clamping: Int64(settings.answerLimit / .milliseconds(1)))
        // AMQP has 16 bits for it.
        let heartbeat = CInt(UInt16(clamping: settings.heartbeat.components.seconds))
        let isIn = unsafe carillon_rabbitmq_log_in(
            link, settings.virtualHost, settings.username, settings.password,
            settings.connectionName, heartbeat, max(1, limit))
        guard isIn else {
            let failure = unsafe Self.failure(of: link)
            unsafe carillon_rabbitmq_destroy(link, 0)
            throw failure
        }
        unsafe self.link = link
        self.descriptor = descriptor
    }

    deinit { unsafe carillon_rabbitmq_destroy(link, Self.goodbyeLimit) }

    /// How often `next` must be called at least.
    var attention: Duration {
        let heartbeat = unsafe carillon_rabbitmq_heartbeat(link)
        return heartbeat > 0 ? .milliseconds(250 * Int(heartbeat)) : .seconds(60)
    }

    func openChannel(_ channel: UInt16, prefetch: UInt16) throws(LinkFailure) {
        try check(unsafe carillon_rabbitmq_open_channel(link, channel, prefetch))
    }

    func declareExchange(
        _ name: String, kind: RabbitMQExchange.Kind, isDurable: Bool, on channel: UInt16
    ) throws(LinkFailure) {
        try check(
            unsafe carillon_rabbitmq_declare_exchange(
                link, channel, name, kind.rawValue, isDurable))
    }

    /// - Parameter isPassive: The queue must be there; the rest is not compared then.
    func declareQueue(
        _ name: String, isPassive: Bool = false, isDurable: Bool, isExclusive: Bool,
        on channel: UInt16
    ) throws(LinkFailure) {
        try check(
            unsafe carillon_rabbitmq_declare_queue(
                link, channel, name, isPassive, isDurable, isExclusive))
    }

    func bind(
        _ queue: String, to exchange: String, key: String, on channel: UInt16
    ) throws(LinkFailure) {
        try check(unsafe carillon_rabbitmq_bind(link, channel, queue, exchange, key))
    }

    /// Asks for the messages of `queue`, to be acknowledged.
    func consume(_ queue: String, on channel: UInt16) throws(LinkFailure) {
        try check(unsafe carillon_rabbitmq_consume(link, channel, queue))
    }

    /// Acknowledges `tag` and everything before it on the channel.
    func acknowledge(_ tag: UInt64, on channel: UInt16) throws(LinkFailure) {
        try check(unsafe carillon_rabbitmq_acknowledge(link, channel, tag))
    }

    /// What came next; `nil` when nothing is there. Never waits.
    mutating func next() throws(LinkFailure) -> BrokerFrame? {
        let status = unsafe carillon_rabbitmq_next(link, &frame)
        guard status >= 0 else { throw unsafe Self.failure(of: link) }
        guard status > 0 else { return nil }
        let channel = unsafe frame.channel
        switch unsafe Int(frame.kind) {
        case carillon_rabbitmq_delivery:
            let delivery = unsafe Delivery(
                tag: frame.tag, routingKey: octets.array, isRedelivered: frame.is_redelivered)
            return .delivery(channel: channel, delivery)
        case carillon_rabbitmq_header:
            let id = unsafe frame.has_message_id ? octets.array : nil
            return .header(channel: channel, bodySize: unsafe frame.body_size, messageID: id)
        case carillon_rabbitmq_body: return .body(channel: channel)
        case carillon_rabbitmq_cancelled: return .cancelled
        default: return .other
        }
    }

    /// Lends the octets of the body frame that `next` returned last.
    func withBody<R>(_ body: (RawSpan) throws(LinkFailure) -> R) throws(LinkFailure) -> R {
        try body(octets)
    }

    private var octets: RawSpan {
        @_lifetime(borrow self) get {
            guard let start = unsafe frame.octets else { return RawSpan() }
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: frame.size)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    private func check(_ isGood: Bool) throws(LinkFailure) {
        if !isGood { throw unsafe Self.failure(of: link) }
    }

    private static func failure(of link: OpaquePointer) -> LinkFailure {
        let code = unsafe carillon_rabbitmq_problem_code(link)
        let text = unsafe carillon_rabbitmq_problem_text(link).map { unsafe String(cString: $0) }
        let reason = text ?? "unknown"
        return LinkFailure(code > 0 ? "the broker said \(code) \(reason)" : reason)
    }
}
