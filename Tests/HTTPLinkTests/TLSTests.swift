// TLSTests — certificates against the test server of the openssl command.

import DialectKit
import Glibc
import Testing

@testable import HTTPLink

private let hasCommand = unsafe access(Command.openssl, X_OK) == 0

@Suite("TLS", .enabled(if: hasCommand), .timeLimit(.minutes(2))) final class TLSTests {
    private let link = HTTPLink()
    private let folder: String
    private let server: Command
    private let port: UInt16

    init() throws {
        let letters = String(repeating: "X", count: 6)  // what mkdtemp(3) replaces
        var template = Array("/tmp/carillon-tls-\(letters)".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Refused(what: "mkdtemp") }
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let pair = ["-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"]
        let make = try Command(
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"]
                + ["/CN=localhost", "-addext", "subjectAltName=DNS:localhost"] + pair)
        try make.waitForEnd()
        server = try Command(
            ["s_server", "-www", "-accept", "127.0.0.1:0"]
                + ["-key", folder + "/key.pem", "-cert", folder + "/cert.pem"])
        port = try #require(UInt16(server.rest(after: "ACCEPT 127.0.0.1:")))
    }

    deinit {
        link.stop()
        for name in ["/key.pem", "/cert.pem"] { _ = unsafe unlink(folder + name) }
        _ = unsafe rmdir(folder)
    }

    private func backEnd(
        _ host: String, _ change: (inout HTTPBackEndSettings) -> Void = { _ in }
    ) throws -> HTTPBackEnd {
        var settings = HTTPBackEndSettings(name: "app", baseURL: "https://\(host):\(port)")
        settings.timeLimit = 60 * HTTPBackEndSettings.second
        change(&settings)
        return try link.add(settings)
    }

    @Test("asks whom it trusts, under the name of the certificate, and nobody else")
    func trust() async throws {
        let file = folder + "/cert.pem"
        let trusted = try backEnd("localhost") { $0.caFile = file }
        #expect(await trusted.ask("/").answer?.status == 200)
        let stranger = try backEnd("localhost")
        #expect(await stranger.ask("/").failure?.isUnreachable("certificate") == true)
        let misnamed = try backEnd("127.0.0.1") { $0.caFile = file }
        #expect(await misnamed.ask("/").failure?.isUnreachable("127.0.0.1") == true)
        let careless = try backEnd("127.0.0.1") { $0.verifiesPeer = false }
        #expect(await careless.ask("/").answer?.status == 200)
        let lost = try backEnd("localhost") { $0.caFile = folder + "/none.pem" }
        #expect(await lost.ask("/").failure?.isUnreachable() == true)
    }
}

private struct Refused: Error { let what: String }

/// The openssl command, with its output. Killed when it is let go of.
private final class Command {
    static let openssl = "/usr/bin/openssl"
    private let process: pid_t
    private let output: Int32
    private var hasEnded = false

    init(_ arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Refused(what: "pipe") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        unsafe posix_spawn_file_actions_addclose(&actions, ends[1])
        let words = unsafe ([Self.openssl] + arguments).map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var process = pid_t()
        let status = unsafe posix_spawn(&process, Self.openssl, &actions, nil, words, nil)
        close(ends[1])
        output = ends[0]
        self.process = process
        guard status == 0 else {
            hasEnded = true
            throw Refused(what: "openssl: \(status)")
        }
    }

    deinit {
        if !hasEnded {
            kill(process, SIGKILL)
            _ = waitpid(process, nil, 0)
        }
        close(output)
    }

    func waitForEnd() throws {
        hasEnded = true
        var status: Int32 = 0
        guard unsafe waitpid(process, &status, 0) == process, status == 0 else {
            throw Refused(what: "openssl ended with \(status)")
        }
    }

    /// Reads what it says until it has said `text` and the rest of that line, which is returned.
    func rest(after text: String) throws -> String {
        var said = ""
        while true {
            if let place = said.firstRange(of: text),
                let end = said[place.upperBound...].firstIndex(of: "\n")
            {
                return String(said[place.upperBound..<end])
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let size = unsafe read(output, &piece, piece.count)
            guard size > 0 else { throw Refused(what: "openssl said: \(said)") }
            said += String(decoding: piece[..<size], as: UTF8.self)
        }
    }
}
