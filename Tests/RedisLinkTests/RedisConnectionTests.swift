// What a server can make us keep: the library reads replies of any shape, and we ask for few.

import Glibc
import LinkKit
import Testing

@testable import RedisLink

@Suite("Redis connection")
struct RedisConnectionTests {
    /// A connection, and the server's end of it.
    private final class Pair {
        let connection: RedisConnection
        let server: CInt

        init(messageLimit: Int = 1 << 20) throws {
            var ends: [CInt] = [0, 0]
            let status = unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
            try #require(status == 0)
            _ = fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK)
            connection = try RedisConnection(adopting: ends[0], messageLimit: messageLimit)
            server = ends[1]
        }

        deinit { close(server) }

        /// Lets the server say something, and reads what comes of it.
        ///
        /// - Throws: ``LinkFailure``.
        func hear(_ text: String) throws -> [RedisValue] {
            var replies: [RedisValue] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let part = rest.prefix(8192)
                rest = rest.dropFirst(8192)
                let count = unsafe part.withUnsafeBytes {
                    unsafe write(server, $0.baseAddress, $0.count)
                }
                try #require(count == part.count)
                try connection.receive()
                while let reply = try connection.next() { replies.append(reply) }
            }
            return replies
        }
    }

    @Test("reads the messages that it is here for, however they are cut")
    func messages() throws {
        let pair = try Pair()
        let text = "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$2\r\nhi\r\n"
        let expected = RedisValue.array(
            ["pmessage", "*", "a", "hi"].map { .string(Array($0.utf8)) })
        #expect(try pair.hear(text + text) == [expected, expected])
        #expect(try pair.hear(String(text.dropLast(5))) == [])
        #expect(try pair.hear(String(text.suffix(5))) == [expected])
    }

    @Test("arrays within arrays end the connection before they are kept")
    func nested() throws {
        let pair = try Pair()
        // Sixteen times sixteen: what is parsed of it no longer stands in the library's buffer.
        let inner = "*16\r\n" + String(repeating: ":1\r\n", count: 16)
        #expect(throws: LinkFailure.self) {
            try pair.hear("*16\r\n" + String(repeating: inner, count: 15))
        }
    }

    @Test("a reply of many strings is limited as a whole")
    func manyStrings() throws {
        let pair = try Pair(messageLimit: 10_000)
        let string = "$40000\r\n" + String(repeating: "x", count: 40_000) + "\r\n"
        #expect(throws: LinkFailure.self) {
            try pair.hear("*4\r\n" + String(repeating: string, count: 3))
        }
    }

    @Test("what a reply held no longer counts for the next one")
    func oneAfterTheOther() throws {
        let pair = try Pair(messageLimit: 10_000)
        let string = "$40000\r\n" + String(repeating: "x", count: 40_000) + "\r\n"
        for _ in 0..<4 { #expect(try pair.hear("*1\r\n" + string).count == 1) }
    }
}
