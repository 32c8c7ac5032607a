import Testing
import WebSocket

@Suite("closing handshake")
struct ClosingTests {
    @Test("echoes the peer's code, once, and reads no more")
    func theyBegin() {
        for code in [CloseCode.normal, CloseCode(rawValue: 4321), nil] {
            var closing = Closing(role: .server)
            #expect(closing.isOpen && closing.readsFrames)
            #expect(closing.received(code) == .sendCloseThenShutdown(code))
            #expect(!closing.isOpen && !closing.readsFrames)
            #expect(closing.received(code) == .none)
            #expect(closing.close(.goingAway) == .none)
            #expect(closing.fail(.protocolError) == .none)
        }
    }

    @Test("after our close frame only theirs is waited for")
    func weBegin() {
        for (role, end) in [(Role.server, Closing.Action.shutdown), (.client, .awaitEnd)] {
            var closing = Closing(role: role)
            #expect(closing.close(.goingAway) == .sendClose(.goingAway))
            #expect(!closing.isOpen && closing.readsFrames)
            #expect(closing.close(.normal) == .none)
            #expect(closing.received(.normal) == end)
            #expect(!closing.readsFrames)
        }
    }

    @Test("a fault is said once; after our close frame it only ends the wait")
    func faults() {
        var closing = Closing(role: .server)
        #expect(closing.fail(.protocolError) == .sendCloseThenShutdown(.protocolError))
        #expect(!closing.readsFrames)
        closing = Closing(role: .server)
        _ = closing.close(.normal)
        #expect(closing.fail(.protocolError) == .shutdown)
    }

    @Test("a client says its last word and leaves the end of the connection to the server")
    func clientWaits() {
        for code in [CloseCode.normal, CloseCode(rawValue: 4321), nil] {
            var closing = Closing(role: .client)
            #expect(closing.received(code) == .sendCloseThenAwaitEnd(code))
            #expect(!closing.isOpen && !closing.readsFrames)
            #expect(closing.received(code) == .none)
            #expect(closing.ended() == .shutdown)
        }
        var closing = Closing(role: .client)
        #expect(closing.fail(.protocolError) == .sendCloseThenAwaitEnd(.protocolError))
        #expect(!closing.readsFrames)
        #expect(closing.ended() == .shutdown)
        closing = Closing(role: .client)
        #expect(closing.fail(.noStatus) == .sendCloseThenAwaitEnd(nil))
    }

    @Test("ends when the peer does, or when its time is over")
    func ends() {
        var closing = Closing(role: .server)
        #expect(closing.ended() == .sendCloseThenShutdown(.goingAway))
        #expect(closing.ended() == .shutdown)
        closing = Closing(role: .server)
        _ = closing.close(.normal)
        #expect(closing.ended() == .shutdown)
        closing = Closing(role: .server)
        _ = closing.close(.normal)
        #expect(closing.expired() == .shutdown)
        #expect(closing.expired() == .none)
    }

    @Test("never puts a code on the wire that may not be there")
    func codes() {
        var closing = Closing(role: .server)
        #expect(closing.close(.abnormal) == .sendClose(nil))
        closing = Closing(role: .server)
        #expect(closing.fail(.noStatus) == .sendCloseThenShutdown(nil))
    }
}
