// OpenAPISession, server_info — who is there, and what they subscribe to (specification §3.4).
//
// Over all cores. A long answer is made elsewhere: sorting and writing ten thousands of channels
// takes longer than the other connections of a core should wait for one.

import Bytes
import Codecs
import DialectKit
import Rooms

extension OpenAPISession {
    /// Patterns that the core lists itself: some 0.1 ms.
    private static var promptLimit: Int { 64 }

    internal func tellServerInfo(_ call: borrowing Envelope, _ commands: inout Commands) {
        let caller = Caller(of: call, tellingMethod: true)
        let dialect = dialect
        let count = dialect.directory.subscribedPatternCount(of: dialect.id, in: dialect.realm)
        guard count > Self.promptLimit else {
            let start = commands.beginResponse(caller)
            dialect.writeServerInfo(into: &commands.octets)
            commands.endReply(from: start)
            return
        }
        let (id, method) = (caller.id.array, caller.method.array)
        commands.append(.holdInput)
        commands.append(
            .workElsewhere {
                var info = OctetBuffer()
                dialect.writeServerInfo(into: &info)
                return ServerInfoNote(id: id, method: method, info: info.octets.array)
            })
    }

    func told(_ note: any SessionNote, _ commands: inout Commands) {
        guard let note = note as? ServerInfoNote else { return }
        let (id, method) = (note.id, note.method)
        let start = commands.beginResponse(
            Caller(id: unsafe id.span.bytes, method: unsafe method.span.bytes))
        commands.octets.append(note.info)
        commands.endReply(from: start)
        commands.append(.releaseInput)
    }
}

/// What was found elsewhere, and whom to tell it.
private final class ServerInfoNote: SessionNote {
    let id: [UInt8]
    let method: [UInt8]
    /// The value of the response, as JSON.
    let info: [UInt8]

    init(id: [UInt8], method: [UInt8], info: [UInt8]) {
        self.id = id
        self.method = method
        self.info = info
    }
}

extension OpenAPIDialect {
    /// Channels in the order of their first pattern, each with its patterns in their order.
    fileprivate func writeServerInfo(into octets: inout OctetBuffer) {
        var channels: [(parent: Room, patterns: [(text: [UInt8], subscriberCount: Int)])] = []
        var places: [Room: Int] = [:]
        for entry in directory.subscriptions(of: id, in: realm) {
            guard case .glob(let parent, let glob) = entry.pattern else { continue }
            let place = places[parent] ?? channels.count
            if place == channels.count {
                places[parent] = place
                channels.append((parent, []))
            }
            channels[place].patterns.append((glob.text, entry.subscriberCount))
        }
        octets.append(literal: #"{"connections":"#)
        octets.append(decimal: directory.connectionCount(of: id, in: realm))
        octets.append(literal: #","channels":{"#)
        for (position, channel) in channels.enumerated() {
            if position > 0 { octets.append(0x2C) }
            // Clients of this dialect have named it, in text.
            _ = octets.append(jsonName: channel.parent, segments: 0..<channel.parent.segmentCount)
            for (position, pattern) in channel.patterns.enumerated() {
                octets.append(literal: position == 0 ? ":{" : ",")
                octets.append(jsonString: unsafe pattern.text.span.bytes)
                octets.append(0x3A)
                octets.append(decimal: pattern.subscriberCount)
            }
            octets.append(0x7D)
        }
        octets.append(literal: "}}")
    }
}
