// [wamp] — where the WAMP dialect is spoken, and what holds for all of its sessions.
//
// Who may join and what they may do there is said by realm, in [[realm]].

extension Configuration {
    package struct WAMP: SectionDescription {
        /// Empty: not spoken over WebSocket.
        /// The last one is where a wampy client goes that was given no URL.
        package var paths = ["/", "/ws", "/connection/websocket", "/8080"]
        /// Octets, put together and inflated.
        package var messageSize = 16 << 20
        /// Empty: no RawSocket.
        package var rawsocketListen: [SocketAddress] = []
        /// Octets, a power of two.
        package var rawsocketMessageSize = 16 << 20
        package var strictRequestIDs = false
        package var helloTime = Duration.seconds(5)
        package var goodbyeTime = Duration.seconds(2)
        package var testamentsPerSession = 64

        package var gate = Gate()

        package init() {}

        /// Whether sessions can come at all.
        package var isServed: Bool { !paths.isEmpty || !rawsocketListen.isEmpty }

        private static let seconds = Duration.milliseconds(1)...Duration.seconds(86_400)

        package static let name = "wamp"
        package static let summary =
            "WAMP version 2, as broker and dealer. The tables [[realm]] say which realms there are "
            + "and who may do what in them."
        package static let settings: [Setting<WAMP>] =
            [
                Setting(
                    "paths", \.paths, .list(of: .path, atMost: 64),
                    "Where a WebSocket may ask for a subprotocol wamp.2.*, compared exactly. Empty: "
                        + "nowhere."),
                Setting(
                    "message_size", \.messageSize, .size(512...1_073_741_824),
                    "Octets of a message over WebSocket, here in place of limits.message_size. Then "
                        + "1009. The send queue of a session holds two of them, whatever "
                        + "limits.send_queue_size says."),
                Setting(
                    "rawsocket_listen", \.rawsocketListen, .list(of: .socket, atMost: 16),
                    "Addresses for RawSocket, WAMP without WebSocket. Empty: none."),
                Setting(
                    "rawsocket_message_size", \.rawsocketMessageSize,
                    .sizePowerOfTwo(512...(16 << 20)),
                    "Octets of a message over RawSocket, announced in its handshake. Then close."),
                Setting(
                    "strict_request_ids", \.strictRequestIDs, .flag,
                    "Demand that the requests of a session count 1, 2, 3. Off, since clients in use "
                        + "draw them at random. Then ABORT."),
                Setting(
                    "hello_time", \.helloTime, .duration(seconds),
                    "From accept to WELCOME, authentication included. Then ABORT and close."),
                Setting(
                    "goodbye_time", \.goodbyeTime, .duration(seconds),
                    "Wait for the peer's GOODBYE or close after ours. Then close."),
                Setting(
                    "testaments_per_session", \.testamentsPerSession, .count(0...10_000),
                    "Events a session may leave behind for when it ends. Then an error reply."),
            ] + Gate.settings.map { $0.nested(in: \.gate) }
    }
}
