// A server with the control plane in it, on loopback ports of its own.

import Carillon
import Control
import Telemetry
import TestClients
import Testing

/// Started for one test, stopped with it.
final class RunningServer {
    let server: PushServer
    let handler: ControlHandler
    let process = ProcessMetrics()

    init(
        key: String? = nil, cores: Int = 2, host: String = "127.0.0.1", bodyLimit: Int = 1_048_576
    ) throws {
        var settings = ControlSettings()
        settings.key = key
        settings.bodyLimit = bodyLimit
        handler = ControlHandler(settings, process: process)
        var options = PushServer.Options(listen: "\(host):0")
        options.control = "127.0.0.1:0"
        options.cores = cores
        options.connectionLimit = 256
        options.handler = handler
        server = PushServer(options)
        try server.start()
    }

    deinit { server.stop() }

    /// The port is on every address where the server listens on all of them.
    var address: String {
        server.address.hasPrefix("0.0.0.0")
            ? "127.0.0.1" + server.address.dropFirst(7) : server.address
    }

    var client: HTTPClient { get throws { try client(address) } }

    var control: HTTPClient { get throws { try client(server.controlAddress ?? "") } }

    private func client(_ address: String) throws -> HTTPClient {
        let client = try HTTPClient(address)
        client.owner = self
        return client
    }

    /// Publishes `body` and returns the answer.
    func publish(_ body: String, fields: [String] = []) throws -> HTTPAnswer {
        try client.request("POST", "/api/publish", fields: fields, body: body)
    }

    /// A client subscribed to a channel and event.
    func subscriber(_ channel: String, event: String? = nil) throws -> WebSocketClient {
        let client = try WebSocketClient(address)
        client.owner = self
        let event = event.map { ",\"event\":\"\($0)\"" } ?? ""
        try client.send(
            #"{"id":"s","method":"subscribe","payload":{"channel":"\#(channel)"\#(event)}}"#
        )
        let reply = try client.message()
        try #require(reply.contains("\"response\""), "\(reply)")
        return client
    }
}
