// TargetOptions — the server on the command line, and the texts it is spoken to with.

internal import ArgumentParser

/// The server, and how it is spoken to.
struct TargetOptions: ParsableArguments {
    @Argument(help: "The server. (default: ws://127.0.0.1:8000 and the dialect's path)")
    var url: String?

    @Option(
        help: ArgumentHelp(
            "What is spoken; template are the texts given. "
                + "(default: openapi-ws, or template when a text is given)", valueName: "name"))
    var dialect: Dialect?

    @Option(help: ArgumentHelp("Where subscribers connect.", valueName: "text"))
    var path: String?

    @Option(
        help: ArgumentHelp(
            "Where publishers connect, or post. (default: --path, or what the dialect has)",
            valueName: "text"))
    var publishPath: String?

    @Flag(help: "Publish by POST to --publish-path, over HTTP and not over WebSockets.")
    var post = false

    @Option(help: ArgumentHelp("A subprotocol to offer; repeatable.", valueName: "name"))
    var subprotocol: [String] = []

    @Option(
        help: ArgumentHelp(
            "A header field for handshakes and what is posted; repeatable.",
            valueName: "name: value"))
    var header: [String] = []

    @Option(
        help: ArgumentHelp(
            "What a subscriber says first. Places: %R room, %E event, %W pattern, %I connection, "
                + "%N number, %P payload, %L its size, %V size of the rest as a variable-length "
                + "integer, %%; escapes \\n \\r \\t \\\\ \\0 \\xHH.", valueName: "text"))
    var subscribe: String?

    @Option(help: ArgumentHelp("A part of the answer to it, to wait for.", valueName: "text"))
    var subscribed: String?

    @Option(help: ArgumentHelp("What a publisher says first.", valueName: "text"))
    var publishStart: String?

    @Option(help: ArgumentHelp("A part of the answer to that.", valueName: "text"))
    var publishReady: String?

    @Option(help: ArgumentHelp("How a payload is published.", valueName: "text"))
    var publish: String?

    @Option(
        help: ArgumentHelp(
            "A request that is answered with its payload (echo, rpc).", valueName: "text"))
    var request: String?

    @Flag(help: "Send binary messages in place of text.")
    var binary = false

    @Flag(help: "Offer permessage-deflate, and send deflated messages where it is accepted.")
    var deflate = false

    @OptionGroup var wamp: WAMPOptions

    private var hasTemplates: Bool {
        subscribe != nil || subscribed != nil || publish != nil || request != nil
            || publishStart != nil || publishReady != nil || !subprotocol.isEmpty || binary || post
    }

    /// What is spoken.
    var spoken: Dialect {
        dialect ?? (hasTemplates || publishPath != nil ? .template : .openAPI)
    }

    private var isTemplate: Bool { spoken == .template }

    var isWAMP: Bool { spoken == .wamp }

    var dialectName: String { spoken.rawValue }

    func validate() throws {
        try wamp.checkAbsent(in: spoken)
        if !isTemplate, hasTemplates || publishPath != nil && !spoken.posts {
            throw ValidationError("texts of your own need --dialect template")
        }
        if post, publishPath == nil {
            throw ValidationError("--post needs --publish-path: where is it posted?")
        }
        for field in header where !field.contains(":") {
            throw ValidationError("--header takes \"Name: value\", not \"\(field)\"")
        }
    }

    func target() throws -> Target { try Target(url ?? "ws://127.0.0.1:8000") }

    /// The texts.
    ///
    /// - Parameters:
    ///   - usesEvents: Whether rooms have events to be told apart.
    ///   - covers: Whether a publication reaches all rooms.
    func speech(
        _ target: Target, usesEvents: Bool = false, covers: Bool = false
    ) throws -> Speech {
        var speech =
            switch spoken {
            case .openAPI: usesEvents ? Speech.openAPIWithEvents : .openAPI
            case .wamp: wamp.speech(usesEvents: usesEvents)
            case .highTemplar: Speech.highTemplar(covers: covers)
            case .rohrpost: Speech.rohrpost(type: wamp.procedure ?? "ping")
            case .shampoo: Speech.shampoo(method: wamp.procedure ?? "echo")
            case .template: Speech()
            }
        // A URL's bare "/" is nobody's wish; --path / is one.
        let fromURL = target.path == "/" && !isTemplate ? nil : target.path
        if let path = path ?? fromURL {
            speech.path = try Template(path)
            if !speech.posts { speech.publishPath = speech.path }
        }
        if let publishPath { speech.publishPath = try Template(publishPath) }
        speech.fields = header
        guard isTemplate || spoken == .openAPI else { return speech }
        speech.posts = post
        speech.subprotocols = subprotocol
        speech.isBinary = binary
        if let subscribe { speech.subscribe = try Template(subscribe) }
        if let subscribed { speech.subscribed = try literal(subscribed) }
        if let publishStart { speech.greet = try Template(publishStart) }
        if let publishReady { speech.greeted = try literal(publishReady) }
        if let publish { speech.publish = try payload(publish, "--publish") }
        if let request { speech.request = try payload(request, "--request") }
        return speech
    }

    private func payload(_ text: String, _ option: String) throws -> Template {
        let template = try Template(text)
        guard template.hasPayload else {
            throw ValidationError("\(option) has no place for the payload; write %P where it goes")
        }
        return template
    }

    /// A text to look for: escapes, and no places.
    private func literal(_ text: String) throws -> [UInt8] {
        let parts = try Template(text).parts
        guard parts.count == 1, case .text(let octets) = parts[0] else {
            throw ValidationError("\"\(text)\" is a text to wait for and has no places")
        }
        return octets
    }
}
