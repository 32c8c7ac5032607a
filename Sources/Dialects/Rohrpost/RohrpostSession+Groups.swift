// RohrpostSession, groups — subscribe and unsubscribe (specification §4.2, §4.3).
//
// A group is the room of its dotted parts, and a membership a subscription to that one room. What
// a client may not have, what has no name and what no room can be called is all `ACCESS_DENIED`:
// who is refused learns nothing else.

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms

extension RohrpostSession {
    /// §4.2. The membership is effective before its answer is on its way.
    internal func subscribe(_ call: borrowing Envelope, _ commands: inout Commands) {
        let caller = Caller(of: call)
        guard let (name, room) = group(of: call) else {
            return deny(caller, &commands)
        }
        // Once more is as good as once; nothing is doubled.
        if !groups.contains(name) {
            guard groups.count < settings.subscriptionLimit else {
                let text = "limit of \(settings.subscriptionLimit) subscriptions reached"
                return refuse(caller, text, &commands)
            }
            switch commands.permission(toSubscribe: .exact(room)) {
            case .granted: break
            case .denied: return refuse(caller, Wording.denied, &commands)
            case .asked: return
            }
            groups.insert(name)
            commands.append(.subscribe(.exact(room), 0))
        }
        let start = commands.beginAnswer(caller)
        commands.appendMember(#""data":{"group":"#, RawSpan(), after: start)
        commands.octets.append(jsonString: unsafe name.span.bytes)
        commands.octets.append(0x7D)
        commands.endAnswer(from: start)
    }

    /// The subscription just made did not fit the index: it is taken back and refused.
    func refused(
        _ octets: RawSpan, _ pattern: Pattern, _ reading: Reading, _ commands: inout Commands
    ) {
        guard let call = try? Envelope(scanning: octets), let (name, _) = namedGroup(of: call)
        else { return }
        groups.remove(name)
        deny(Caller(of: call), &commands)
    }

    /// §4.3. Succeeds for who is no member, too.
    internal func unsubscribe(_ call: borrowing Envelope, _ commands: inout Commands) {
        let caller = Caller(of: call)
        guard let (name, room) = group(of: call) else {
            return deny(caller, &commands)
        }
        if groups.contains(name) {
            groups.remove(name)
            commands.append(.unsubscribe(.exact(room), 0))
        }
        commands.answer(caller)
    }

    /// The group that `data` names, for a client that may be its member.
    private func group(of call: borrowing Envelope) -> (name: [UInt8], room: Room)? {
        guard claims(of: call) != nil, let group = namedGroup(of: call),
            settings.access.allows(.subscribe, on: group.room)
        else { return nil }
        return group
    }

    private func namedGroup(of call: borrowing Envelope) -> (name: [UInt8], room: Room)? {
        guard let type = call.string(call.groupType), !type.isEmpty,
            let id = scalar(call.groupID, of: call), !id.isEmpty,
            let name = settings.groupTemplate.name(type, id, sizeLimit: Room.sizeLimit),
            !name.isEmpty, let room = try? Room(dotted: unsafe name.span.bytes)
        else { return nil }
        return (name, room)
    }

    /// An id as a part of a name: a text as it is, a number or a truth value as JavaScript and JSON
    /// write it, since the client makes the same name of it.
    private func scalar(_ item: JSONItem?, of call: borrowing Envelope) -> [UInt8]? {
        switch item?.kind {
        case .string: call.string(item)
        case .integer, .fraction, .true, .false: call.raw(item).array
        case nil, .null, .array, .object: nil
        }
    }
}
