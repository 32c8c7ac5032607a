import Control
import HTTP1
import TestClients
import Testing

@Suite struct PublishTests {
    @Test("a publish tells how many connections took it, over all cores")
    func receivers() throws {
        let server = try RunningServer()
        let subscribers = try (0..<8).map { _ in try server.subscriber("news") }
        let answer = try server.publish(#"{"room":"news","data":{"n":1.50}}"#)
        #expect(answer.status == 200)
        #expect(answer.body == "{\"receivers\":8}\n")
        #expect(answer.fields["content-type"] == "application/json")
        for client in subscribers {
            // The octets of `data` are the publisher's: 1.50 stays 1.50.
            #expect(
                try client.message() == #"{"channel":"news","event":"","data":{"n":1.50}}"#)
        }
        #expect(try server.publish(#"{"room":"nobody","data":1}"#).body == "{\"receivers\":0}\n")
    }

    @Test("a room is read from its text form, escapes and all")
    func roomNames() throws {
        let server = try RunningServer()
        let whole = try server.subscriber("orders.filled")
        let event = try server.subscriber("orders", event: "filled")
        let answer = try server.publish(
            #"{"realm":"realm1","data":[7],"room":"orders.f\u0069lled"}"#)
        #expect(answer.body == "{\"receivers\":2}\n")
        #expect(try whole.message().contains(#""channel":"orders.filled""#))
        #expect(try event.message().contains(#""event":"filled""#))
    }

    @Test("a broadcast answers with the sum over its rooms")
    func broadcast() throws {
        let server = try RunningServer()
        let first = try server.subscriber("a")
        let second = try server.subscriber("b")
        let answer = try server.client.request(
            "POST", "/api/broadcast", body: #"{"rooms": [ "a" , "b", "a" ,"c"],"data":"all"}"#)
        #expect(answer.status == 200)
        #expect(answer.body == "{\"receivers\":3}\n")
        #expect(try first.message() == #"{"channel":"a","event":"","data":"all"}"#)
        #expect(try first.message() == #"{"channel":"a","event":"","data":"all"}"#)
        #expect(try second.message() == #"{"channel":"b","event":"","data":"all"}"#)
    }

    @Test("pipelined publications are answered and delivered in their order")
    func pipeline() throws {
        let server = try RunningServer()
        let subscriber = try server.subscriber("news")
        let client = try server.client
        for number in 0..<50 {
            try client.send("POST", "/api/publish", body: "{\"room\":\"news\",\"data\":\(number)}")
        }
        for _ in 0..<50 { #expect(try client.answer().body == "{\"receivers\":1}\n") }
        for number in 0..<50 {
            #expect(
                try subscriber.message()
                    == "{\"channel\":\"news\",\"event\":\"\",\"data\":\(number)}")
        }
    }

    @Test("a body that says nothing sensible gets 400 and a sentence, and the connection stays")
    func badBodies() throws {
        let server = try RunningServer(cores: 1)
        let client = try server.client
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let bodies = [
            "", "{", "nonsense", "[1]", "1", "{}", #"{"data":1}"#, #"{"room":"a"}"#,
            #"{"room":5,"data":1}"#, #"{"room":null,"data":1}"#, #"{"room":"","data":1}"#,
            #"{"room":"a","data":}"#, #"{"room":"a","data":1}}"#, #"{"room":"a","data":01}"#,
            #"{"room":"a","data":1,"room":"b"}"#, #"{"room":"a","data":1,"data":2}"#,
            #"{"room":"a","data":1,"realms":"x"}"#, #"{"room":"a","data":1,"realm":7}"#,
            #"{"room":"\ud800","data":1}"#, #"{"room":"%4","data":1}"#,
            #"{"rooms":["a"],"data":1}"#, "{\"room\":\"a\",\"data\":\(deep)}",
            "{\"room\":\"\(String(repeating: "r", count: 300))\",\"data\":1}",
            "{\"room\":\"\(String(repeating: "a.", count: 40))a\",\"data\":1}",
        ]
        for body in bodies {
            let answer = try client.request("POST", "/api/publish", body: body)
            #expect(answer.status == 400, "\(body)")
            #expect(answer.body.hasPrefix("{\"error\":\""), "\(answer.body)")
            #expect(answer.fields["content-type"] == "application/json")
        }
        for body in [
            #"{"rooms":[],"data":1}"#, #"{"rooms":[ ],"data":1}"#, #"{"rooms":"a","data":1}"#,
            #"{"rooms":["a",1],"data":1}"#, #"{"rooms":[["a"]],"data":1}"#,
            #"{"rooms":["a",],"data":1}"#, #"{"room":"a","data":1}"#,
        ] {
            #expect(
                try client.request("POST", "/api/broadcast", body: body).status == 400, "\(body)")
        }
        #expect(
            try client.request("POST", "/api/publish", body: #"{"room":"a","data":1}"#).status
                == 200)
    }

    @Test("octets that are not UTF-8 are refused wherever they stand")
    func notText() throws {
        let server = try RunningServer(cores: 1)
        for place in ["room", "data"] {
            let socket = try Socket(server.address)
            socket.owner = server
            let body =
                Array("{\"room\":\"".utf8) + (place == "room" ? [0xFF] : [0x61])
                + Array("\",\"data\":\"".utf8) + (place == "data" ? [0xC3] : []) + Array("\"}".utf8)
            try socket.send(
                "POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
            try socket.send(body)
            _ = try socket.receive()
            #expect(String(decoding: socket.received, as: UTF8.self).hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test("a realm that does not exist gets 404 and its name back")
    func wrongRealm() throws {
        let server = try RunningServer(cores: 1)
        let answer = try server.publish(#"{"room":"a","data":1,"realm":"other"}"#)
        #expect(answer.status == 404)
        #expect(answer.body.contains("other") && answer.body.contains("realm1"))
    }

    @Test("more than a thousand rooms in one broadcast are refused, a thousand are not")
    func manyRooms() throws {
        let server = try RunningServer(cores: 1)
        let client = try server.client
        for (count, status) in [(1000, 200), (1001, 413)] {
            let rooms = (0..<count).map { "\"r\($0)\"" }.joined(separator: ",")
            let answer = try client.request(
                "POST", "/api/broadcast", body: "{\"rooms\":[\(rooms)],\"data\":1}")
            #expect(answer.status == status)
        }
    }

    @Test("a body without a length gets 411, one above the limit 413, and both end the connection")
    func bodyLengths() throws {
        let server = try RunningServer(cores: 1, bodyLimit: 1000)
        let lengthless = try server.client
        try lengthless.send("POST /api/publish HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try lengthless.answer()
        #expect(answer.status == 411)
        #expect(answer.fields["connection"] == "close")
        #expect(try lengthless.isAtEnd())

        let large = try server.client
        try large.send("POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
        #expect(try large.answer().status == 413)
        #expect(try large.isAtEnd())

        let room = String(repeating: " ", count: 1000 - 21) + #"{"room":"a","data":1}"#
        #expect(try server.publish(room).status == 200)
        handlerTakesNewLimit(server)
    }

    private func handlerTakesNewLimit(_ server: RunningServer) {
        // A reload may raise it while the server runs.
        #expect(server.handler.bodyLimit(method: .post, path: "/api/publish", listener: 0) == 1000)
        server.handler.update(.init())
        #expect(
            server.handler.bodyLimit(method: .post, path: "/api/publish", listener: 0) == 1_048_576)
    }
}
