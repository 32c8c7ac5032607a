// OpenAPISession, parameters — what the payload of a pub/sub method says, or what is wrong with it
// (specification §2.3, §3).

import Bytes
import Codecs
import Rooms

extension OpenAPISession {
    /// What is wrong with the types of a pub/sub method's parameters, all of it together (§2.3).
    func parameterProblems(of call: borrowing Envelope, wantsData: Bool) -> Problems {
        var problems = Problems()
        if wantsData {
            switch call.data?.kind {
            case nil: problems.add("data", "required")
            case .null, .string, .array, .object: break
            case .false, .true, .integer, .fraction: problems.add("data", "not valid type")
            }
        }
        switch call.channel?.kind {
        case nil, .null: problems.add("channel", "required")
        case .string: break
        default: problems.add("channel", "not valid type")
        }
        switch call.event?.kind {
        case nil, .null, .string: break
        default: problems.add("event", "not valid type")
        }
        return problems
    }

    /// Channel and pattern of a subscription; the pattern is `*` unless another one is written.
    func names(
        of call: borrowing Envelope
    ) throws(Problems) -> (channel: [UInt8], pattern: [UInt8]) {
        let problems = parameterProblems(of: call, wantsData: false)
        guard problems.isEmpty else { throw problems }
        guard let channel = call.name(call.channel) else {
            throw Problems("channel", "Invalid channel")
        }
        guard let pattern = call.name(call.event) else {
            throw Problems("event", "Invalid pattern")
        }
        return (channel, pattern.isEmpty ? [0x2A] : pattern)
    }

    /// Compiles a pattern; `nil` for one that is none, or is larger than the list can hold.
    func glob(of pattern: [UInt8]) -> Glob? {
        guard pattern.count <= SubscriptionList.nameLimit else { return nil }
        return try? Glob(text: pattern)
    }

    func room(of channel: RawSpan) throws(Problems) -> Room {
        do throws(RoomError) {
            return try Room(dotted: channel)
        } catch {
            throw Problems("channel", error.answer)
        }
    }

    /// The room a channel is, if clients may publish to it.
    func publicationRoom(
        of item: JSONItem, in call: borrowing Envelope
    ) throws(Problems) -> Room {
        guard item.hasEscapes else {
            return try publicationRoom(of: call.text.extracting(item.contents))
        }
        guard let name = call.name(item) else {
            throw Problems("channel", "Cannot publish to channel")
        }
        return try publicationRoom(of: unsafe name.span.bytes)
    }

    private func publicationRoom(of channel: RawSpan) throws(Problems) -> Room {
        guard dialect.accepts(channel: channel) else {
            throw Problems("channel", "Cannot publish to channel")
        }
        return try room(of: channel)
    }

    /// Adds the event as one last segment, dots and all.
    func append(
        event: JSONItem, of call: borrowing Envelope, to room: inout Room
    ) throws(Problems) {
        guard event.hasEscapes else {
            try append(event: call.text.extracting(event.contents), to: &room)
            return
        }
        guard let name = call.name(event) else { throw Problems("event", "Invalid event") }
        try append(event: unsafe name.span.bytes, to: &room)
    }

    private func append(event: RawSpan, to room: inout Room) throws(Problems) {
        do throws(RoomError) {
            try room.append(event)
        } catch {
            throw Problems("event", error.answer)
        }
    }
}

extension RoomError {
    /// The text beside the member whose name does not fit a room.
    fileprivate var answer: String {
        switch self {
        case .tooLong(let limit): "longer than \(limit) octets"
        case .tooManySegments(let limit): "more than \(limit) segments"
        default: "not valid name"
        }
    }
}
