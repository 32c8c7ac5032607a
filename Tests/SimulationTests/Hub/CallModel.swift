// The table of calls, once more and naively: what an object becomes on its way to a procedure, and
// what a result or an error is to each caller (One-Hub.md).

import Hub

/// What a procedure gets of a request object.
func received(_ object: JSONTree, from tongue: Tongue, by rule: CallRule) -> Said {
    // WAMP callers say themselves what is an argument.
    if tongue.serialization != nil || rule.arguments == .object { return .value(object) }
    return .arguments(.array([]), object)
}

/// What a caller hears of a result.
func answer(_ result: Said, to tongue: Tongue, _ procedure: String, by rule: CallRule) -> JSONTree {
    let value = rule.result == .first ? result.first : result.value
    switch tongue {
    case .openAPI:
        return .members(["id": .text("c"), "method": .text(procedure), "response": value])
    case .rohrpost:
        var members: [(key: [UInt8], value: JSONTree)] = [
            (Array("id".utf8), .number("7")), (Array("type".utf8), .text(procedure)),
        ]
        if value != .null, !(value.isObject && value.isEmptyContainer) {
            let data = value.isObject ? value : .members(["data": value])
            members.append((Array("data".utf8), data))
        }
        return .object(members)
    case .shampoo:
        if case .arguments(let list, let map) = result, let triple = triple(list, map) {
            return triple
        }
        guard value.isObject else {
            return shampoo(500, "Uncaught exception during method call", .object([]))
        }
        return shampoo(200, "ok", value)
    case .json, .messagePack, .cbor:
        return .array([.number("50")] + result.said(in: tongue.serialization!).arguments)
    case .highTemplar: preconditionFailure("high-templar has no calls")
    }
}

/// An object alone beside a status, a message or both.
private func triple(_ list: JSONTree?, _ map: JSONTree?) -> JSONTree? {
    guard let items = list?.items, items.count == 1, items[0].isObject,
        case .object(let members)? = map, !members.isEmpty,
        members.allSatisfy({ ["status", "message"].map { Array($0.utf8) }.contains($0.key) })
    else { return nil }
    let (status, message) = (map?["status"], map?["message"])
    if case .number(let digits)? = status ?? .number("200"), let number = Int(digits),
        number >= 100, case .string? = message ?? .text("ok")
    {
        return .members([
            "type": .text("response"), "response_data": items[0], "status": .number(digits),
            "message": message ?? .text("ok"), "request_id": .number("3"),
        ])
    }
    return shampoo(500, "Uncaught exception during method call", .object([]))
}

private func shampoo(_ status: Int, _ message: String, _ data: JSONTree) -> JSONTree {
    .members([
        "type": .text("response"), "response_data": data, "status": .number("\(status)"),
        "message": .text(message), "request_id": .number("3"),
    ])
}

/// An error as the callers' dialects say it.
struct Failure {
    let uri: String
    /// What its row says.
    let status: Int
    let message: String
    /// Whether the message was the first argument, and what else was said.
    var isSaid = true
    var details: JSONTree = .object([])

    /// What a caller hears; `nil` where its connection is closed.
    func heard(by tongue: Tongue, _ procedure: String) -> JSONTree? {
        switch tongue {
        case .openAPI:
            if uri == "carillon.error.crashed" { return nil }
            var error: JSONTree = .members(["message": .text(message)])
            if uri == "carillon.error.not_json" {
                error = .members(["message": .text("JSON object expected")])
            } else if uri == "wamp.error.no_such_procedure" {
                error = .members([
                    "message": .text("Invalid RPC parameters"),
                    "errors": .members(["method": .text("\(procedure) method not available")]),
                ])
            }
            return .members(["error": error, "id": .text("c"), "method": .text(procedure)])
        case .rohrpost:
            var text = message.isEmpty ? "Internal server error." : message
            if uri == "carillon.error.crashed" { text = "Internal server error." }
            if uri == "wamp.error.no_such_procedure" {
                text = "Unknown message type '\(procedure)'."
            }
            return .members([
                "id": .number("7"), "type": .text(procedure), "error": .text(text),
            ])
        case .shampoo:
            if uri == "wamp.error.no_such_procedure" {
                return shampoo(404, "Method \(procedure) does not exist", .object([]))
            }
            if uri == "carillon.error.crashed" || (uri == "wamp.error.runtime_error" && !isSaid) {
                return shampoo(500, "Uncaught exception during method call", .object([]))
            }
            return shampoo(status, message, details)
        case .json, .messagePack, .cbor, .highTemplar:
            preconditionFailure("WAMP has the error itself, high-templar has no calls")
        }
    }
}

/// A WAMP answer without its ids and details: `[50, …]` or `[8, uri, …]`.
func withoutCallIDs(_ message: JSONTree, _ tongue: Tongue) -> JSONTree {
    guard tongue.serialization != nil, let items = message.items else { return message }
    if items.first == .number("8"), items.count >= 5 { return .array([items[0]] + items[4...]) }
    guard items.count >= 3 else { return message }
    return .array([items[0]] + items[3...])
}
