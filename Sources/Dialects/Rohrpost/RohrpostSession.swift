// RohrpostSession — one client: from a message to what answers it (specification §2 to §4).
//
// Messages are answered in the order in which they came. The dialect's own types are answered at
// once; a procedure may take its time, and the engine holds back what the client sends meanwhile
// (§6).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Tokens

/// The state of one connection: its groups, and the call it waits for.
internal final class RohrpostSession: Session {
    internal let dialect: RohrpostDialect
    internal var groups = GroupList()
    internal var lastToken: UInt32 = 0
    internal var pending: PendingCall?

    internal var settings: RohrpostSettings { dialect.settings }

    init(of dialect: RohrpostDialect) { self.dialect = dialect }

    /// Answers one message, checked in the order of §3.
    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        guard kind == .text, octets.byteCount > 0 else {
            return refuse(Caller(), Wording.empty, &commands)
        }
        do throws(JSONError) {
            var scanner = JSONScanner(octets)
            if scanner.isAtObject() {
                let call = try Envelope(scanning: octets)
                answer(call, &commands)
            } else {
                _ = try scanner.value(digitLimit: Envelope.digitLimit)
                try scanner.end()
                refuse(Caller(), Wording.notAnObject, &commands)
            }
        } catch {
            refuse(Caller(), Wording.noJSON + error.detail, &commands)
        }
    }

    private func answer(_ call: borrowing Envelope, _ commands: inout Commands) {
        guard let type = call.type else { return refuse(Caller(), Wording.noType, &commands) }
        guard call.id != nil else { return refuse(Caller(), Wording.noID, &commands) }
        guard let name = call.string(type) else {
            return refuseUnknownType(call, &commands)
        }
        let octets = unsafe name.span.bytes
        if octets.equals("ping") {
            pong(call, &commands)
        } else if octets.equals("subscribe") {
            subscribe(call, &commands)
        } else if octets.equals("unsubscribe") {
            unsubscribe(call, &commands)
        } else {
            self.call(name, call, &commands)
        }
    }

    /// §4.1. Whatever the data is comes back; what is no object comes back in one.
    private func pong(_ call: borrowing Envelope, _ commands: inout Commands) {
        let type: StaticString = #""pong""#
        let caller = unsafe Caller(
            id: call.raw(call.id),
            type: RawSpan(_unsafeStart: type.utf8Start, byteCount: type.utf8CodeUnitCount))
        guard let data = call.data else { return commands.answer(caller) }
        guard settings.pingsRawData else { return commands.answer(caller, data: call.raw(data)) }
        // The old reading: as it is, and like every member left out when it says nothing.
        let start = commands.beginAnswer(caller)
        let value = call.raw(data)
        if !value.isFalseToPython() { commands.appendMember(#""data":"#, value, after: start) }
        commands.endAnswer(from: start)
    }

    /// Whether the message brings a good token; what it claims then.
    internal func claims(of call: borrowing Envelope) -> [UInt8]? {
        let check = settings.token
        if check.isNone { return [] }
        guard let token = call.string(call.token) else { return nil }
        return try? check.claims(of: unsafe token.span.bytes, at: dialect.wallClock())
    }

    // MARK: Errors

    internal func refuse(
        _ caller: borrowing Caller, _ text: String, _ commands: inout Commands,
        isMistake: Bool = true
    ) {
        var contents = OctetBuffer(capacity: text.utf8.count + 16)
        var text = text
        text.withUTF8 { unsafe contents.append(jsonContents: $0.span.bytes) }
        commands.refuse(
            caller, contents: contents.octets, isMirrored: settings.mirrorsErrorInData,
            isMistake: isMistake)
    }

    /// `ACCESS_DENIED` (§4.2). No mistake: a client whose token has ended asks for all its groups,
    /// and once more if that ended its connection.
    internal func deny(_ caller: borrowing Caller, _ commands: inout Commands) {
        refuse(caller, Wording.denied, &commands, isMistake: false)
    }

    /// The last row of §3. What is no string is spelled as the reference spells it.
    internal func refuseUnknownType(_ call: borrowing Envelope, _ commands: inout Commands) {
        refuseUnknownType(Caller(of: call), &commands)
    }

    /// - Parameter caller: With the type as it was sent, which is a JSON value.
    internal func refuseUnknownType(_ caller: borrowing Caller, _ commands: inout Commands) {
        var contents = OctetBuffer(capacity: 128)
        contents.append("Unknown message type '" as StaticString)
        if caller.type.byteCount >= 2, caller.type[octet: 0] == 0x22 {
            // What stood between the quotes may stand between others.
            contents.append(caller.type.extracting(1..<caller.type.byteCount - 1))
        } else {
            var text = OctetBuffer(capacity: 128)
            text.append(spelling: caller.type)
            contents.append(jsonContents: text.octets)
        }
        contents.append("'." as StaticString)
        commands.refuse(
            caller, contents: contents.octets, isMirrored: settings.mirrorsErrorInData)
    }
}

extension OctetBuffer {
    /// Largest list or dictionary that is spelled out, in octets.
    private static var spellingLimit: Int { 1024 }

    /// Appends a JSON value as Python writes it; a large list or dictionary by the name of its
    /// kind, since nobody would read it a second time.
    fileprivate mutating func append(spelling value: RawSpan) {
        guard let item = try? JSONScanner.document(value) else { return }
        switch item.kind {
        case .array where value.byteCount > Self.spellingLimit: append("list" as StaticString)
        case .object where value.byteCount > Self.spellingLimit: append("dict" as StaticString)
        default: append(pythonText: item, of: value)
        }
    }
}

extension JSONError {
    /// What is told behind the prefix that clients may rely on (§3). Where the reference knows no
    /// limit, the limit is named.
    fileprivate var detail: String {
        switch self {
        case .malformed(let place): "not JSON at octet \(place)"
        case .tooDeep: "nested deeper than \(JSONScanner.depthLimit) levels"
        case .numberTooLong: "number longer than \(Envelope.digitLimit) digits"
        case .tooManyKeys: "more than \(Envelope.keyLimit) members"
        }
    }
}
