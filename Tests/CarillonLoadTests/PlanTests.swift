import Bytes
import Testing

@testable import CarillonLoad

@Suite("template")
struct TemplateTests {
    private func text(_ template: String, payload: String = "PAYLOAD") throws -> [UInt8] {
        var values = Template.Values()
        values.room = 12
        values.event = 3
        values.pattern = "e*"
        values.connection = 77
        values.number = 5
        values.payloadSize = payload.utf8.count
        var buffer = OctetBuffer()
        try Template(template).write(values, into: &buffer) { $0.append(payload) }
        return buffer.octets.array
    }

    @Test("places are filled and escapes are octets")
    func places() throws {
        #expect(try text("r%R e%E %W i%I n%N %P %L%%") == Array("r12 e3 e* i77 n5 PAYLOAD 7%".utf8))
        #expect(try text(#"\x00\xfF\n\r\t\\\0"#) == [0, 255, 10, 13, 9, 0x5C, 0])
        #expect(try text("") == [])
    }

    @Test("a variable-length size counts what is behind it")
    func restSize() throws {
        #expect(try text(#"\x30%V\x00\x02r%R%P"#) == [0x30, 12, 0, 2] + Array("r12PAYLOAD".utf8))
        let long = String(repeating: "x", count: 321)
        let octets = try text("%V%P", payload: long)
        #expect(octets[..<2] == [0xC1, 0x02])
        #expect(octets.count == 323)
    }

    @Test(
        "what is no template is refused with its reason",
        arguments: ["%", "a%", "%x", #"\"#, #"\q"#, #"\x1"#, #"\xzz"#])
    func refusals(text: String) {
        #expect(throws: TemplateError.self) { try Template(text) }
    }
}

@Suite("schedule")
struct ScheduleTests {
    @Test("a constant rate is even, for ever")
    func constant() {
        let schedule = Schedule(rate: 1000)
        #expect(schedule.time(of: 0) == 0)
        #expect(abs(schedule.time(of: 1_000_000)! - 1000) < 1e-6)
    }

    @Test("a ramp sends the area below its line, in order")
    func ramp() throws {
        let schedule = try Schedule("10s:0..1000,5s:1000,10s:1000..0")
        #expect(schedule.duration == 25)
        var last = -1.0
        var counts = [Int](repeating: 0, count: 25)
        for number in 0..<15_000 {
            guard let time = schedule.time(of: Double(number)) else {
                Issue.record("\(number) has no time")
                break
            }
            #expect(time >= last - 1e-9 && time <= 25)
            last = time
            counts[min(24, Int(time))] += 1
        }
        #expect(schedule.time(of: 15_000) == nil)
        for second in 0..<10 { #expect(abs(counts[second] - (100 * second + 50)) <= 2) }
        for second in 10..<15 { #expect(abs(counts[second] - 1000) <= 2) }
        for second in 15..<25 {
            #expect(abs(counts[second] - (100 * (24 - second) + 50)) <= 2)
        }
    }

    @Test("a silent phase passes")
    func silence() throws {
        let schedule = try Schedule("1s:10,1s:0,1s:10")
        #expect(abs(schedule.time(of: 9)! - 0.9) < 1e-9)
        #expect(abs(schedule.time(of: 10)! - 2.0) < 1e-9)
    }

    @Test(
        "what is no schedule is refused with its reason",
        arguments: [
            "", "10s", "10s:", ":5", "10s:x", "10s:1..2..3", "0s:5", "10s:-1", "10s:nan", "1s:5,",
        ])
    func refusals(text: String) {
        #expect(throws: ScheduleError.self) { try Schedule(text) }
    }
}

@Suite("stream map")
struct StreamMapTests {
    @Test("every stream has one publisher, one room, and one place with each subscriber")
    func exhaustive() {
        for rooms in 1...4 {
            for events in 1...3 {
                for counts in [[1], [3], [7], [20], [2, 9]] {
                    var map = StreamMap(roomCount: rooms, eventCount: events)
                    for count in counts { _ = map.addPublishers(count) }
                    var owners: [Int: Int] = [:]
                    for (place, count) in counts.enumerated() {
                        for publisher in 0..<count {
                            for index in 0..<map.streamCount(of: publisher, in: place) {
                                let (stream, room) = map.stream(index, of: publisher, in: place)
                                #expect(stream < map.count && owners[stream] == nil)
                                owners[stream] = room
                            }
                        }
                    }
                    check(map, owners)
                }
            }
        }
    }

    private func check(_ map: StreamMap, _ owners: [Int: Int]) {
        for room in 0..<map.roomCount {
            var places: Set<Int> = []
            for event in 0..<map.eventCount {
                for (place, stream) in map.streams(ofRoom: room, event: event) {
                    #expect(place < map.placesPerRoom)
                    #expect(places.insert(place).inserted)
                    #expect(owners[stream] == room * map.eventCount + event)
                    let found = map.place(of: stream, inRoom: room)
                    #expect(found?.place == place && found?.event == event)
                }
            }
            let owed = owners.filter { $0.value / map.eventCount == room }
            #expect(places.count == owed.count)
            for (stream, flatRoom) in owners where flatRoom / map.eventCount != room {
                #expect(map.place(of: stream, inRoom: room) == nil)
            }
        }
    }
}

@Suite("target")
struct TargetTests {
    @Test("an address is read with and without its parts")
    func addresses() throws {
        let whole = try Target("ws://127.0.0.1:8000/a/b?c=d")
        #expect(whole.address == "127.0.0.1" && whole.port == 8000 && whole.path == "/a/b?c=d")
        #expect(whole.hostField == "127.0.0.1:8000" && whole.isLoopback)
        let short = try Target("127.0.0.1")
        #expect(short.port == 80 && short.path == nil && short.hostField == "127.0.0.1")
        let six = try Target("ws://[::1]:9/x")
        #expect(six.address == "::1" && six.port == 9 && six.hostField == "[::1]:9" && six.isIPv6)
    }

    @Test(
        "what is no address is refused with its reason",
        arguments: [
            "wss://127.0.0.1/", "ws://", "ws://127.0.0.1:0/", "ws://127.0.0.1:x/",
            "ws://127.0.0.1:99999", "ws://[::1", "ws://no.such.name.invalid/",
        ])
    func refusals(text: String) {
        #expect(throws: TargetError.self) { try Target(text) }
    }
}

@Suite("mixed file")
struct MixedFileTests {
    @Test("populations come out as they stand there")
    func populations() throws {
        let mix = try MixedFile(
            """
            rooms = 7
            [[clients]]
            name = "boards"
            role = "subscriber"
            connections = 200
            stuck = 0.05
            storm_every = "10s"
            [[clients]]
            role = "publisher"
            connections = 2
            phases = "1s:0..10,2s:10"
            size = 256
            [[clients]]
            role = "requester"
            connections = 3
            window = 4
            """)
        #expect(mix.roomCount == 7)
        let populations = try mix.populations(.openAPI, deflate: false)
        #expect(populations.map(\.name) == ["boards", "publisher", "requester"])
        #expect(populations.map(\.count) == [200, 2, 3])
        #expect(populations[0].stuckCount == 10)
        #expect(populations[0].stormInterval == 10_000_000_000)
        #expect(populations[1].payloadSize == 256)
        #expect(populations[1].pace == .open(try Schedule("1s:0..10,2s:10")))
        #expect(populations[2].pace == .closed(window: 4))
    }

    @Test(
        "mistakes are named",
        arguments: [
            ("rooms = ", "line 1"), ("romms = 2", "romms"), ("rooms = 0", "rooms"), ("", "clients"),
            ("clients = [1]", "tables"), ("[[clients]]\nrole = \"x\"", "role"),
            ("[[clients]]\nrole = \"idler\"\nconections = 1", "conections"),
            ("[[clients]]\nrole = \"publisher\"\nrate = 1\nwindow = 2", "exclude"),
            ("[[clients]]\nrole = \"publisher\"\nsize = 3", "size"),
            ("[[clients]]\nrole = \"publisher\"\nphases = \"x\"", "phase"),
        ])
    func mistakes(text: String, word: String) {
        do {
            _ = try MixedFile(text).populations(.openAPI, deflate: false)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.description.contains(word), "\(error.description)")
        }
    }
}
