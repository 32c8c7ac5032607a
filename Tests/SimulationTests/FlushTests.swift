import Engine
import Testing
import Uring

@Suite("sending, simulated")
struct FlushTests {
    @Test("a subscriber gets a publication, and the publisher its reply first")
    func publication() {
        let world = TestWorld(cores: 2)
        let reader = world.open(core: 0)
        let writer = world.open(core: 1)
        reader.write(Call.subscribe("a"))
        writer.write(Call.subscribe("a"))
        world.exchangeAll()
        #expect(
            reader.takeMessages() == [
                #"{"id":"s","method":"subscribe","response":{"subscribed":{"a":["*"]}}}"#
            ])
        _ = writer.takeMessages()
        writer.write(Call.publish("a", data: "[1]"))
        world.exchangeAll()
        #expect(reader.takeMessages() == [Call.event("a", data: "[1]")])
        #expect(
            writer.takeMessages() == [
                #"{"id":"p","method":"publish","response":{"channel":"a","event":"e","data":[1]}}"#,
                Call.event("a", data: "[1]"),
            ])
        world.end()
        #expect(world.world.violations == [])
    }
}
