// WAMPOptions — what `--dialect wamp` takes beside a URL.

internal import ArgumentParser
internal import Measurement
internal import WAMP

/// A serialization as the command line names it.
enum Serializer: String, CaseIterable, ExpressibleByArgument {
    case json, msgpack, cbor
}

struct WAMPOptions: ParsableArguments {
    @Option(help: ArgumentHelp("WAMP: json, msgpack or cbor. (default: json)", valueName: "name"))
    var serializer: Serializer?

    @Flag(help: "WAMP: the batched form of the serialization.")
    var batched = false

    @Option(help: ArgumentHelp("WAMP: the realm. (default: realm1)", valueName: "name"))
    var realm: String?

    @Option(help: ArgumentHelp("WAMP: who joins.", valueName: "name"))
    var authid: String?

    @Option(
        help: ArgumentHelp("WAMP: the ticket that CHALLENGE is answered with.", valueName: "text"))
    var ticket: String?

    @Option(
        help: ArgumentHelp(
            "WAMP, echo and rpc: the procedure, which answers with its only argument. Somebody "
                + "else serves it, unless --callees say otherwise. "
                + "(default: \(WAMPSpeech.procedure), served by one callee) Shampoo: the method "
                + "(default: echo), rohrpost: the type (default: ping); its answer holds the "
                + "request's data.", valueName: "uri"))
    var procedure: String?

    @Option(
        help: ArgumentHelp(
            "WAMP, rpc: connections of ours that serve the procedure.", valueName: "count"))
    var callees: Int?

    /// The options that were given.
    private var given: [String] {
        [
            serializer.map { _ in "--serializer" }, batched ? "--batched" : nil,
            realm.map { _ in "--realm" }, authid.map { _ in "--authid" },
            ticket.map { _ in "--ticket" }, procedure.map { _ in "--procedure" },
            callees.map { _ in "--callees" },
        ].compactMap { $0 }
    }

    func validate() throws {
        if let callees, !(0...100_000).contains(callees) {
            throw ValidationError("--callees takes a number from 0 to 100000")
        }
        if ticket != nil, authid == nil {
            throw ValidationError("--ticket needs --authid: whose ticket is it?")
        }
    }

    /// Other dialects have no use for these, but for the name of what is called.
    func checkAbsent(in dialect: Dialect) throws {
        switch dialect {
        case .wamp: return
        case .rohrpost, .shampoo:
            // It goes into a template, and into JSON there.
            if let procedure,
                procedure.utf8.contains(where: { "\"\\%".utf8.contains($0) || $0 < 32 })
            {
                throw ValidationError("--procedure takes a plain name, not \(procedure)")
            }
            if let first = given.first(where: { $0 != "--procedure" }) {
                throw ValidationError("\(first) needs --dialect wamp")
            }
        case .openAPI, .highTemplar, .template:
            if let first = given.first { throw ValidationError("\(first) needs --dialect wamp") }
        }
    }

    /// How many connections of ours serve the procedure.
    var calleeCount: Int { callees ?? (procedure == nil ? 1 : 0) }

    private var subprotocol: Subprotocol {
        switch (serializer ?? .json, batched) {
        case (.json, false): .json
        case (.json, true): .batchedJSON
        case (.msgpack, false): .messagePack
        case (.msgpack, true): .batchedMessagePack
        case (.cbor, false): .cbor
        case (.cbor, true): .batchedCBOR
        }
    }

    func speech(usesEvents: Bool) -> Speech {
        .wamp(
            WAMPSpeech(
                subprotocol, realm: realm ?? "realm1", authID: authid, ticket: ticket,
                procedure: procedure ?? WAMPSpeech.procedure, isShared: calleeCount > 1,
                usesEvents: usesEvents))
    }

    var parameters: [RunReport.Parameter] { [.init("subprotocol", subprotocol.rawValue)] }
}
