// Banner — what a person at a terminal sees first: where to connect, and a line to try.

import Configuration

enum Banner {
    /// - Parameters:
    ///   - address: Where the server listens, ports filled in.
    ///   - control: Where the control listener listens.
    static func text(_ configuration: Configuration, address: String, control: String?) -> String {
        let place = reachable(address)
        var lines = ["carillon \(carillonVersion) listening on \(address)"]
        if let control { lines.append("  control on \(control) (/metrics, /health/ready)") }
        if let path = configuration.openapi.path {
            lines += [
                "",
                "  A subscriber:  websocat ws://\(place)\(path)",
                "    then type    "
                    + #"{"id":"1","method":"subscribe","payload":{"channel":"news"}}"#,
                "  A publisher:   " + publisher(configuration, at: place),
            ]
        }
        if let path = configuration.wamp.paths.first(where: { $0 != "/" })
            ?? configuration.wamp.paths.first
        {
            let realm = configuration.realms.first?.name ?? ""
            lines.append("  WAMP clients:  ws://\(place)\(path), realm \(realm)")
        }
        if let echo = configuration.server.echo {
            lines.append("  An echo:       ws://\(place)\(echo)")
        }
        lines += ["", "  Ctrl-C ends it.", ""]
        return lines.map { $0 + "\n" }.joined()
    }

    private static func publisher(_ configuration: Configuration, at place: String) -> String {
        guard !configuration.isAPIClosed else {
            return "needs a key (api.key), since the listener is not loopback"
        }
        let key =
            configuration.api.key == nil ? "" : "-H \"Authorization: Bearer $KEY\" "
        return "curl \(key)-d '{\"room\":\"news\",\"data\":\"hello\"}' http://\(place)/api/publish"
    }

    /// An address one can connect to: listening on every address means that any will do.
    private static func reachable(_ address: String) -> String {
        if address.hasPrefix("0.0.0.0:") { return "127.0.0.1:" + address.dropFirst(8) }
        if address.hasPrefix("[::]:") { return "[::1]:" + address.dropFirst(5) }
        return address
    }
}

extension Configuration {
    /// Without a key nobody may use the API of a listener that others can reach.
    var isAPIClosed: Bool { api.key == nil && !server.listen.isLoopback }
}
