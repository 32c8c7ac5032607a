// The table of payloads, once more and naively: what was said in one dialect, as each other one has
// it (One-Hub.md). The tests hold the server's code against this.

import Codecs
import Rooms

/// A payload in one of the two canonical forms.
enum Said {
    case value(JSONTree)
    /// What stood behind the head of a WAMP message: nothing, a list, or a list and a map.
    case arguments(JSONTree?, JSONTree?)

    init(_ rest: ArraySlice<JSONTree>) {
        self = .arguments(rest.first, rest.dropFirst().first)
    }

    /// As one JSON value.
    var value: JSONTree {
        switch self {
        case .value(let value): return value
        case .arguments(let list, let map):
            let args = list?.items ?? []
            let isMapEmpty = map?.isEmptyContainer ?? true
            if args.isEmpty, isMapEmpty { return .null }
            if args.count == 1, isMapEmpty { return args[0] }
            if args.isEmpty, let map { return map }
            guard let map, !isMapEmpty else { return .array(args) }
            return .object([(Array("args".utf8), .array(args)), (Array("kwargs".utf8), map)])
        }
    }

    /// As the end of a WAMP message.
    var arguments: [JSONTree] {
        switch self {
        case .value(let value): [.array([value])]
        case .arguments(let list, let map): [list, map].compactMap { $0 }
        }
    }

    /// The first argument, or null.
    var first: JSONTree {
        switch self {
        case .value(let value): value
        case .arguments(let list, _): list?.items?.first ?? .null
        }
    }

    func said(in serialization: Serialization) -> Said {
        switch self {
        case .value(let value): .value(value.said(in: serialization))
        case .arguments(let list, let map):
            .arguments(list?.said(in: serialization), map?.said(in: serialization))
        }
    }
}

extension JSONTree {
    /// Of a few members.
    static func members(_ members: KeyValuePairs<String, JSONTree>) -> JSONTree {
        .object(members.map { (Array($0.key.utf8), $0.value) })
    }
}

/// What a subscriber hears of a publication; its ids are its dialect's affair.
func event(_ said: Said, in room: Room, to tongue: Tongue, _ options: HubOptions) -> JSONTree {
    let value = said.value
    switch tongue {
    case .openAPI:
        let name = ChannelName(room)
        return .members([
            "channel": .text(name?.channel ?? "?"), "event": .text(name?.event ?? "?"),
            "data": value,
        ])
    case .highTemplar:
        return .members(["type": .text("publish"), "data": value, "requestId": .text("r")])
    case .rohrpost:
        var (change, object) = (JSONTree.text("update"), value)
        let changes = ["create", "update", "delete"].map { JSONTree.text($0) }
        if let own = value["type"], let ownObject = value["object"], changes.contains(own) {
            (change, object) = (own, ownObject)
        }
        return .members([
            "type": .text("subscription-update"),
            "data": .members([
                "group": .text(room.plainName ?? "?"), "type": change, "object": object,
            ]),
        ])
    case .shampoo:
        return .members([
            "type": .text("push"),
            "push_event": .text(options.pushEvent ?? room.texts?.last ?? "?"),
            "push_data": value.isObject
                ? value : .object([(Array(options.pushKey.utf8), value)]),
        ])
    case .json, .messagePack, .cbor:
        return .array([.number("36")] + said.said(in: tongue.serialization!).arguments)
    }
}

/// A message that came, without what its dialect chose: ids, and details of WAMP's.
func withoutIDs(_ message: JSONTree, _ tongue: Tongue) -> JSONTree {
    switch (tongue, message) {
    case (.rohrpost, .object(let members)):
        return .object(members.filter { $0.key != Array("id".utf8) })
    case (.json, .array(let items)), (.messagePack, .array(let items)), (.cbor, .array(let items)):
        guard items.count >= 4 else { return message }
        return .array([items[0]] + items[4...])
    default: return message
    }
}
