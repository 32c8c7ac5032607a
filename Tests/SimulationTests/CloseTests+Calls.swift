// Closing, and whatever else comes, while a call waits.

import Engine
import Telemetry
import Testing
import Uring
import WebSocket

extension CloseTests {
    @Test("a close in the midst of a held call is answered like any other")
    func closeBehindCall() {
        let world = TestWorld()
        let client = world.open()
        client.write(Call.call("slow"))
        world.exchangeAll()
        world.world.drain(delay: 0, spread: 0, deadline: 60_000_000_000)
        world.pass(seconds: 0.5, [client])
        #expect(client.takeArrivals() == [.close(1001)])
        #expect(client.socket.isFinished)
        world.calls.answer()
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("while a call waits pings are answered, and messages come in their order behind it")
    func pingsBehindCall() {
        let world = TestWorld()
        let client = world.open()
        client.write(Call.call("slow", "{}"))
        client.write(Call.echo("{}"))
        client.write(.ping, [1])
        world.exchangeAll()
        #expect(client.takeArrivals() == [.pong([1])])
        client.write(Call.echo("{}", id: "f"))
        client.write(.ping, [2])
        world.exchangeAll()
        #expect(client.takeArrivals() == [.pong([2])])
        world.calls.answer()
        world.exchangeAll()
        #expect(
            client.takeMessages() == [
                #"{"id":"c","method":"slow","response":{}}"#,
                #"{"id":"e","method":"echo","response":{}}"#,
                #"{"id":"f","method":"echo","response":{}}"#,
            ])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a close is heard while a call waits, and what was sent before it counts")
    func closeHeard() {
        let world = TestWorld()
        let client = world.open()
        let reader = world.open()
        reader.write(Call.subscribe("a"))
        world.exchangeAll()
        _ = reader.takeArrivals()
        client.write(Call.call("slow", "{}"))
        client.write(Call.publish("a", data: #"{"n":1}"#))
        client.write(Call.call("slow", "{}"))
        client.write(Call.echo("{}"))
        client.writeClose(1000)
        world.exchangeAll()
        let arrivals = client.takeArrivals()
        #expect(arrivals.count == 3 && arrivals.last == .close(1000), "\(arrivals)")
        #expect(reader.takeMessages().count == 1)
        #expect(world.calls.count == 2)
        world.calls.answer()
        world.calls.answer()
        world.exchangeAll()
        #expect(client.takeArrivals().isEmpty)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("an answer that comes late does not reach the slot's next tenant")
    func lateAnswer() {
        var options = SimulatedOptions()
        options.socketLimit = 2
        let world = TestWorld(options: options)
        let first = world.open()
        first.write(Call.call("slow", #"{"whose":"first"}"#))
        world.exchangeAll()
        first.socket.reset()
        world.world.settle()
        // Slots are used in turn: the second client has the other one, the third the first's.
        let second = world.open()
        second.socket.reset()
        world.world.settle()
        let third = world.open()
        third.write(Call.call("slow", #"{"whose":"third"}"#))
        world.exchangeAll()
        #expect(world.calls.count == 2)
        world.calls.answer()
        world.exchange(third)
        #expect(third.takeMessages() == [])
        world.calls.answer()
        world.exchange(third)
        #expect(
            third.takeMessages() == [
                #"{"id":"c","method":"slow","response":{"whose":"third"}}"#
            ])
        world.end()
        #expect(world.world.violations == [])
    }
}
