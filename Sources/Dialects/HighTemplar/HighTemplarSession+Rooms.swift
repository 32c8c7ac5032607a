// HighTemplarSession, rooms — subscribe and unsubscribe (specification §3.2, §3.3).
//
// A subscription is a room, or a pattern where the route wants that, with the client's requestId as
// its tail. Whether the client may join is asked here and never again.

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms

extension HighTemplarSession {
    /// §3.2, the checks in its order. The subscription is in force before its reply is on its way.
    internal func subscribe(_ message: borrowing Envelope, _ commands: inout Commands) {
        guard let room = message.room, room.kind == .object else {
            end(&commands)
            return
        }
        guard let identity = requestIdentity(of: message, &commands) else { return }
        guard let pattern = permittedPattern(message.raw(room)) else {
            reply(to: message, refusing: "room-not-found", &commands)
            return
        }
        let key = RequestList.Key(identity: identity, pattern: pattern)
        if !subscriptions.contains(key) {
            guard subscriptions.count < dialect.settings.subscriptionLimit,
                subscriptions.takesMore(identity: identity)
            else {
                refuseOneTooMany(message, &commands)
                return
            }
            guard let requestID = message.requestID else { return }
            switch commands.permission(toSubscribe: pattern) {
            case .granted: break
            case .denied:
                reply(to: message, refusing: "room-not-found", &commands)
                return
            case .asked: return
            }
            let raw = message.raw(requestID)
            _ = subscriptions.insert(key, requestID: raw)
            commands.append(.subscribe(pattern, 0, tail: HighTemplarDialect.tail(of: raw)))
        }
        reply(to: message, refusing: nil, &commands)
    }

    /// The subscription just made did not fit the index: it is taken back and refused.
    func refused(
        _ octets: RawSpan, _ pattern: Pattern, _ reading: Reading, _ commands: inout Commands
    ) {
        guard let message = try? Envelope(scanning: octets),
            let requestID = message.requestID
        else { return }
        let identity = identity(of: message.raw(requestID))
        _ = subscriptions.remove(RequestList.Key(identity: identity, pattern: pattern))
        reply(to: message, refusing: "room-not-found", &commands)
    }

    /// §3.3. All subscriptions of the requestId end.
    internal func unsubscribe(_ message: borrowing Envelope, _ commands: inout Commands) {
        guard let identity = requestIdentity(of: message, &commands) else { return }
        let ended = subscriptions.removeAll(identity: identity)
        guard !ended.isEmpty else {
            reply(to: message, refusing: "not-subscribed", &commands)
            return
        }
        for subscription in ended {
            let tail = HighTemplarDialect.tail(of: unsafe subscription.requestID.span.bytes)
            commands.append(.unsubscribe(subscription.pattern, 0, tail: tail))
        }
        reply(to: message, refusing: nil, &commands)
    }

    /// What tells the message's requestId from others; `nil` after it was answered because it has
    /// none, or none that can be used.
    private func requestIdentity(
        of message: borrowing Envelope, _ commands: inout Commands
    ) -> [UInt8]? {
        guard let requestID = message.requestID else {
            reply(to: message, refusing: "no-request-id", &commands)
            return nil
        }
        guard !requestID.isComposite else {
            end(&commands)
            return nil
        }
        guard requestID.range.count <= HighTemplarDialect.requestIDLimit else {
            reply(to: message, refusing: "request-id-too-long", &commands)
            return nil
        }
        return identity(of: message.raw(requestID))
    }

    /// Equal for equal JSON values; text that is not Unicode is only equal to itself as written.
    private func identity(of requestID: RawSpan) -> [UInt8] {
        CanonicalText.of(requestID, .numeric) ?? requestID.array
    }

    /// Octets of a room as a client may write it; the limit of rooms is for what it says. A
    /// megabyte of fractions would be read and written anew before it is known to be too long.
    private static var roomTextLimit: Int { 16_384 }

    /// The room or pattern to join; `nil` where that is not permitted or there is no such room.
    private func permittedPattern(_ object: RawSpan) -> Pattern? {
        guard let rooms, object.byteCount <= Self.roomTextLimit,
            let address = RoomAddress(object), let room = address.room,
            rooms.allows(address, object)
        else { return nil }
        var pattern = Pattern.exact(room)
        if dialect.settings.subscribeMatch == .pattern, address.hasStars {
            guard let segments = address.openSegments else { return nil }
            pattern = .wildcard(segments)
        }
        return dialect.access.allows(.subscribe, on: pattern) ? pattern : nil
    }

    /// Says no to a subscription beyond the limit, and goodbye to a client that will not listen.
    private func refuseOneTooMany(_ message: borrowing Envelope, _ commands: inout Commands) {
        refusalCount += 1
        reply(to: message, refusing: "too-many-subscriptions", &commands)
        if refusalCount >= dialect.settings.refusalLimit {
            rooms = nil
            commands.append(.close(code: 1008, reason: "too many subscriptions"))
        }
    }

    /// Queues `{"code":"success"}` or, with a reason, an error. None counts as a mistake: a client
    /// that lost a hundred rooms asks for all of them, and once more if that ended its connection.
    private func reply(
        to message: borrowing Envelope, refusing reason: StaticString?,
        _ commands: inout Commands
    ) {
        let start = commands.octets.count
        if let reason {
            commands.octets.append(#"{"code":"error","message":""# as StaticString)
            commands.octets.append(reason)
            commands.octets.append(0x22)
        } else {
            commands.octets.append(#"{"code":"success""# as StaticString)
        }
        if dialect.settings.repliesWithRequestID, let requestID = message.requestID {
            commands.octets.append(#","requestId":"# as StaticString)
            commands.octets.append(message.raw(requestID))
        }
        commands.octets.append(0x7D)
        commands.appendReply(.text, from: start)
    }
}
