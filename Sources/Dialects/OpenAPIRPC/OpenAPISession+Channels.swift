// OpenAPISession, channels — subscribe, unsubscribe, publish (specification §3).
//
// A channel is a room of its dotted parts; a subscription is a glob below it; a publication is a
// room one segment further down when it names an event. All of them carry the number of segments
// that are the channel as their reading, so `a.b` without event and `a` with event `b` stay apart.

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms

extension OpenAPISession {
    /// §3.1. The subscription is in force before its response is on its way.
    internal func subscribe(_ call: borrowing Envelope, _ commands: inout Commands) {
        do throws(Problems) {
            let (channel, pattern) = try names(of: call)
            if !subscriptions.contains(channel: channel, pattern: pattern) {
                guard dialect.accepts(channel: unsafe channel.span.bytes) else {
                    throw Problems("channel", "Invalid channel")
                }
                let parent = try room(of: unsafe channel.span.bytes)
                guard let glob = glob(of: pattern) else {
                    throw Problems("event", "Invalid pattern")
                }
                let events = Pattern.glob(parent: parent, glob)
                guard dialect.settings.access.allows(.subscribe, on: events) else {
                    throw Problems("channel", "not authorized")
                }
                guard subscriptions.count < dialect.settings.subscriptionLimit,
                    subscriptions.size < dialect.settings.subscriptionSizeLimit
                else {
                    refuseOneTooMany(call, &commands)
                    return
                }
                switch commands.permission(toSubscribe: events) {
                case .granted: break
                case .denied: throw Problems("channel", "not authorized")
                case .asked: return
                }
                subscriptions.insert(channel: channel, pattern: pattern)
                commands.append(.subscribe(events, Reading(parent.segmentCount)))
            }
            tellSubscriptions(call, &commands)
        } catch {
            commands.refuse(Caller(of: call, tellingMethod: true), error)
        }
    }

    /// The subscription just made did not fit the index: it is taken back and refused.
    func refused(
        _ octets: RawSpan, _ pattern: Pattern, _ reading: Reading, _ commands: inout Commands
    ) {
        guard let call = try? Envelope(scanning: octets) else { return }
        do throws(Problems) {
            let (channel, pattern) = try names(of: call)
            _ = subscriptions.remove(channel: channel, pattern: pattern)
            throw Problems("event", "too many patterns on this channel")
        } catch {
            commands.refuse(Caller(of: call, tellingMethod: true), error)
        }
    }

    /// §3.2. Removes the pattern that was written, not what it would match.
    internal func unsubscribe(_ call: borrowing Envelope, _ commands: inout Commands) {
        do throws(Problems) {
            let (channel, pattern) = try names(of: call)
            let parent = try room(of: unsafe channel.span.bytes)
            if subscriptions.remove(channel: channel, pattern: pattern) {
                guard let glob = glob(of: pattern) else {
                    preconditionFailure("a pattern that was subscribed compiles again")
                }
                commands.append(
                    .unsubscribe(.glob(parent: parent, glob), Reading(parent.segmentCount)))
            } else if !subscriptions.holds(channel: channel),
                !dialect.directory.hasSubscribers(
                    under: parent, of: dialect.id, in: dialect.realm)
            {
                throw Problems("channel", "Invalid channel")
            }
            tellSubscriptions(call, &commands)
        } catch {
            commands.refuse(Caller(of: call, tellingMethod: true), error)
        }
    }

    /// §3.3. The hot path: what is allocated is the publication itself. The response comes before
    /// the event it causes on this connection (§2.4).
    internal func publish(_ call: borrowing Envelope, _ commands: inout Commands) {
        do throws(Problems) {
            let problems = parameterProblems(of: call, wantsData: true)
            guard problems.isEmpty, let channel = call.channel, let data = call.data else {
                throw problems
            }
            var room = try publicationRoom(of: channel, in: call)
            let reading = Reading(room.segmentCount)
            if let event = call.event, event.kind == .string, event.range.count > 2 {
                try append(event: event, of: call, to: &room)
            }
            guard dialect.settings.access.allows(.publish, on: room) else {
                throw Problems("channel", "not authorized")
            }
            switch commands.permission(toPublish: room, call.raw(data).array) {
            case .granted: break
            case .denied: throw Problems("channel", "not authorized")
            case .asked: return
            }
            respond(toPublish: call, channel: channel, data: data, &commands)
            commands.append(
                .publish(
                    Publication(
                        realm: dialect.realm, room: room, payload: call.raw(data).array,
                        dialect: dialect.id, reading: reading)))
        } catch {
            commands.refuse(Caller(of: call, tellingMethod: true), error)
        }
    }
}

// MARK: Responses

extension OpenAPISession {
    private func respond(
        toPublish call: borrowing Envelope, channel: JSONItem, data: JSONItem,
        _ commands: inout Commands
    ) {
        let start = commands.beginResponse(Caller(of: call, tellingMethod: true))
        commands.octets.append(literal: #"{"channel":"#)
        commands.octets.append(call.raw(channel))
        commands.octets.append(literal: #","event":"#)
        if let event = call.event {
            commands.octets.append(call.raw(event))
        } else {
            commands.octets.append(literal: "null")
        }
        commands.octets.append(literal: #","data":"#)
        commands.octets.append(call.raw(data))
        commands.octets.append(0x7D)
        commands.endReply(from: start)
    }

    private func tellSubscriptions(_ call: borrowing Envelope, _ commands: inout Commands) {
        let start = commands.beginResponse(Caller(of: call, tellingMethod: true))
        commands.octets.append(literal: #"{"subscribed":"#)
        subscriptions.write(into: &commands.octets)
        commands.octets.append(0x7D)
        commands.endReply(from: start)
    }

    /// Says no to a subscription beyond the limit, and goodbye to a client that will not listen.
    private func refuseOneTooMany(_ call: borrowing Envelope, _ commands: inout Commands) {
        let settings = dialect.settings
        let limit =
            subscriptions.count < settings.subscriptionLimit
            ? "\(settings.subscriptionSizeLimit) octets of"
            : "\(settings.subscriptionLimit)"
        refusalCount += 1
        commands.refuse(
            Caller(of: call, tellingMethod: true),
            Problems("channel", "limit of \(limit) subscriptions reached"))
        if refusalCount >= dialect.settings.refusalLimit {
            commands.append(.close(code: 1008, reason: "too many subscriptions"))
        }
    }
}
