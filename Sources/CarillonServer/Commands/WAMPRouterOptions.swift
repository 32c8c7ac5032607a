// WAMPRouterOptions — which router, as whom, and how long: what all `carillon wamp` commands share.

import ArgumentParser
import Codecs
import Configuration
import Glibc
import WAMP
import WAMPClient

/// A duration as people write it: `10s`, `250ms`, or seconds; 0 is for ever.
struct WAMPDuration: ExpressibleByArgument {
    let duration: Duration
    let text: String

    init?(argument: String) {
        guard let duration = DurationText.duration(argument), duration <= .seconds(86_400 * 365)
        else { return nil }
        self.duration = duration
        text = argument
    }

    var isForever: Bool { duration == .zero }
}

enum WAMPSerializer: String, ExpressibleByArgument, CaseIterable {
    case json, msgpack, cbor

    var serialization: Serialization {
        switch self {
        case .json: .json
        case .msgpack: .messagePack
        case .cbor: .cbor
        }
    }
}

enum WAMPMatch: String, ExpressibleByArgument, CaseIterable {
    case exact, prefix, wildcard

    /// `nil` for what a router does unasked.
    var policy: MatchPolicy? {
        switch self {
        case .exact: nil
        case .prefix: .prefix
        case .wildcard: .wildcard
        }
    }
}

struct WAMPRouterOptions: ParsableArguments {
    static let standardURL = "ws://127.0.0.1:8000/ws"

    @Option(
        help: ArgumentHelp(
            "The router. (default: CARILLON_URL or ws://127.0.0.1:8000/ws)", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("The realm to join.", valueName: "name"))
    var realm = "realm1"

    @Option(help: ArgumentHelp("How messages are written.", valueName: "name"))
    var serializer = WAMPSerializer.json

    @Option(help: ArgumentHelp("Who we say we are.", valueName: "name"))
    var authid: String?

    @Option(help: ArgumentHelp("A file with the ticket of --authid.", valueName: "file"))
    var ticketFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with the secret or password of --authid, for wampcra and SCRAM.",
            valueName: "file"))
    var secretFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with the private key for cryptosign: 32 octets in hexadecimal.",
            valueName: "file"))
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "How long an answer may take, such as 5s or 2m; 0 is for ever. (default: 30s)",
            valueName: "duration"))
    var timeout: WAMPDuration?

    @Flag(help: "Lines are JSON objects with everything in them.")
    var json = false

    @Flag(help: "Say on standard error when we are ready.")
    var verbose = false

    func validate() throws {
        if [ticketFile, secretFile, keyFile].count(where: { $0 != nil }) > 1 {
            throw ValidationError("give one of --ticket-file, --secret-file and --key-file")
        }
        if ticketFile != nil || secretFile != nil, authid == nil {
            throw ValidationError("a ticket or secret belongs to somebody: give --authid as well")
        }
        do throws(ClientError) {
            _ = try RouterAddress(address)
        } catch {
            guard case .badAddress(let sentence) = error else { return }
            throw ValidationError(
                url == nil && address != Self.standardURL ? "CARILLON_URL: " + sentence : sentence)
        }
    }

    /// The URL that holds.
    var address: String {
        if let url { return url }
        guard let text = unsafe getenv("CARILLON_URL") else { return Self.standardURL }
        let value = unsafe String(cString: text)
        return value.isEmpty ? Self.standardURL : value
    }

    /// Says something that only matters to who wants to follow.
    func note(_ text: String) {
        if verbose { StandardError.write("carillon: \(text)\n") }
    }

    /// What a session is opened with; who we are is added by ``connect(_:)``.
    func clientOptions() throws -> ClientOptions {
        var options = ClientOptions()
        options.realm = realm
        options.serialization = serializer.serialization
        options.agent = "carillon/\(carillonVersion)"
        options.authID = authid
        if let timeout {
            options.answerTime = timeout.isForever ? nil : timeout.duration
            if !timeout.isForever { options.openingTime = timeout.duration }
        }
        return options
    }

    /// Opens the session.
    ///
    /// - Throws: `ClientError`, or the exit status of a file that cannot be read.
    func connect(_ options: ClientOptions) throws -> WAMPClient {
        var options = options
        let credential = try WAMPCredential(self)
        credential?.prepare(&options)
        let client = try WAMPClient.connect(
            to: RouterAddress(address), options, authenticate: credential?.answer)
        do throws(ClientError) {
            try credential?.check(client)
        } catch {
            client.goodbye()
            throw error
        }
        let session = client.session
        note(
            "session \(session.id) on \(session.realm) as \(session.authID ?? "nobody"), "
                + "role \(session.authRole ?? "none")")
        return client
    }
}
