// RedisConnection — a connection to Redis, safe to use: the Swift face of CHiredis.

internal import Bytes
internal import CHiredis
internal import LinkKit

/// One connection. Nothing here waits.
///
/// Safety: `link` is made in `init`, destroyed in `deinit` and used by one thread. The octets of a
/// reply are copied before the next call.
@safe
struct RedisConnection: ~Copyable {
    private let link: OpaquePointer
    /// To wait at; the library closes it.
    let descriptor: CInt
    /// Largest reply taken, in octets.
    private let replyLimit: Int

    /// - Parameter descriptor: A connected, non-blocking socket; owned by the connection from now on.
    init(adopting descriptor: CInt, messageLimit: Int) throws(LinkFailure) {
        // Room for a message's channel and pattern.
        let limit = messageLimit + (64 << 10)
        guard let link = unsafe carillon_redis_create(descriptor, limit) else {
            throw LinkFailure("no memory for a connection")
        }
        unsafe self.link = link
        self.descriptor = descriptor
        replyLimit = limit
    }

    deinit { unsafe carillon_redis_destroy(link) }

    /// Octets that wait to be sent.
    var unsentSize: Int { unsafe carillon_redis_unsent(link) }

    /// Puts a command behind those that wait to be sent.
    func append(_ command: RedisCommand) throws(LinkFailure) {
        let octets = Array(command.joined())
        let sizes = command.map(\.count)
        let isIn = unsafe carillon_redis_append(link, octets, sizes, CInt(clamping: sizes.count))
        if !isIn { throw LinkFailure("no memory for a command") }
    }

    /// Sends as much as the socket takes.
    func flush() throws(LinkFailure) {
        guard unsentSize > 0 else { return }
        if unsafe !carillon_redis_flush(link) { throw failure }
    }

    /// Reads what has come, once.
    func receive() throws(LinkFailure) {
        if unsafe !carillon_redis_receive(link) { throw failure }
    }

    /// The next whole reply; `nil` when none is complete.
    func next() throws(LinkFailure) -> RedisValue? {
        var value = unsafe carillon_redis_value()
        let status = unsafe carillon_redis_next(link, &value)
        guard status >= 0 else { throw failure }
        guard status > 0 else {
            guard unsafe carillon_redis_incomplete(link) <= replyLimit else {
                throw LinkFailure("a message is larger than the limit")
            }
            return nil
        }
        guard unsafe value.kind == CInt(carillon_redis_array) else {
            return unsafe Self.value(value)
        }
        return .array(
            (0..<(unsafe value.size)).map {
                unsafe Self.value(carillon_redis_element(link, $0))
            })
    }

    private static func value(_ value: carillon_redis_value) -> RedisValue {
        switch unsafe Int(value.kind) {
        case carillon_redis_string: .string(unsafe octets(of: value))
        case carillon_redis_status: .status(text(of: unsafe octets(of: value)))
        case carillon_redis_error: .error(text(of: unsafe octets(of: value)))
        case carillon_redis_integer: .integer(unsafe Int(clamping: value.number))
        // Nothing we ask for is answered with arrays inside arrays.
        default: .null
        }
    }

    private static func octets(of value: carillon_redis_value) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: value.octets, count: value.size))
    }

    private static func text(of octets: [UInt8]) -> String {
        String(decoding: octets, as: UTF8.self)
    }

    private var failure: LinkFailure {
        let text = unsafe carillon_redis_problem(link).map { unsafe String(cString: $0) } ?? ""
        return LinkFailure(text.isEmpty ? "the connection broke" : text)
    }
}
