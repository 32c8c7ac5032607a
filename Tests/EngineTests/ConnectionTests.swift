// A connection keeps little while nothing happens, and what it needed for a while it gives back.

import Bytes
import DialectKit
import Glibc
import Rooms
import Testing
import Uring

@testable import Engine

@Suite struct ConnectionTests {
    private func connection() -> Connection {
        Connection(
            id: ConnectionID(core: 0, slot: 1, generation: 1),
            socket: SocketHandle(index: 1, isDirect: true), now: 0)
    }

    @Test("an idle connection takes no more than 256 octets of the allocator's")
    func size() {
        let connection = connection()
        // Glibc's module leaves <malloc.h> out.
        typealias UsableSize = @convention(c) (UnsafeMutableRawPointer?) -> Int
        let symbol = unsafe dlsym(nil, "malloc_usable_size")
        let usableSize = unsafe unsafeBitCast(symbol, to: UsableSize.self)
        let size = unsafe usableSize(Unmanaged.passUnretained(connection).toOpaque())
        // The allocator's own eight octets stand in front.
        #expect(size + 8 <= 256)
        withExtendedLifetime(connection) {}
    }

    @Test("octets are parked behind each other and taken out together")
    func parking() throws {
        let connection = connection()
        #expect(!connection.hasParked && connection.parkedSize == 0)
        unsafe connection.park(Array("GET".utf8).span.bytes)
        unsafe connection.park(Array(" /\r\n".utf8).span.bytes)
        #expect(connection.hasParked && connection.parkedSize == 7 && connection.hasParkedLine)
        let taken = connection.takeParked()
        let isNothing = taken == nil
        #expect(!isNothing)
        #expect(!connection.hasParked && !connection.hasParkedLine)
        connection.park(OctetBuffer(capacity: 8))
        #expect(connection.hasParked)
        connection.dropParked()
        #expect(!connection.hasParked)
    }

    @Test("what waits of its input is told with the room it takes, and when there may be some")
    func input() {
        let connection = connection()
        #expect(!connection.mayHoldInput && connection.inputSize == 0)
        unsafe connection.park(Array(repeating: 1 as UInt8, count: 100).span.bytes)
        #expect(connection.mayHoldInput && connection.inputSize == 100)
        unsafe connection.park(Array([2 as UInt8]).span.bytes)
        #expect(connection.inputSize == 200)  // the buffer doubles
        connection.dropParked()
        #expect(connection.inputSize == 0)
        connection.mayHoldInput = false
        let held = HeldMessages()
        held.append(.message(.text, [1, 2, 3]))
        held.append(.close(nil))
        connection.held = held
        #expect(connection.mayHoldInput && connection.inputSize > 3)
        connection.held = nil
        #expect(connection.inputSize == 0)
    }

    @Test("what is left of a message stands in front of what came behind it, and counts whole")
    func postponed() {
        func text(_ item: HeldMessages.Item) -> String {
            switch item {
            case .message(_, let octets, let start):
                String(decoding: octets[start...], as: UTF8.self)
            case .close: "close"
            }
        }
        let held = HeldMessages()
        let batch = Array("abcdef".utf8)
        held.prepend(.message(.text, batch))
        held.append(.message(.text, Array("later".utf8)))
        held.append(.close(nil))
        let size = held.size
        for start in 0..<4 {
            #expect(held.size == size)
            #expect(text(held.removeFirst()) == String("abcdef".dropFirst(start)))
            #expect(held.size < size)
            held.prepend(.message(.text, batch, from: start + 1))
        }
        #expect(text(held.removeFirst()) == "ef")
        #expect(text(held.removeFirst()) == "later")
        held.prepend(.message(.text, batch, from: 5))
        #expect(text(held.removeFirst()) == "f")
        #expect(text(held.removeFirst()) == "close")
        #expect(held.isEmpty && held.size == 0)
    }

    @Test("what is rare is as it was set, and reads as nothing before and after a trim")
    func rarities() {
        let connection = connection()
        #expect(connection.awaitedCalls.isEmpty && connection.drainTime == nil)
        #expect(connection.sessionDeadline == 0 && connection.errorCount == 0)
        connection.awaitedCalls = [3, 4]
        #expect(connection.holdsInput && connection.awaitsReply)
        connection.awaitedCalls.removeAll { $0 == 3 }
        #expect(connection.awaitedCalls == [4] && connection.holdsInput)
        connection.awaitedCalls = []
        #expect(!connection.holdsInput)
        connection.trim()
        connection.drainTime = 5
        connection.trim()
        #expect(connection.drainTime == 5)
    }

    @Test("a listener's role survives its short form", arguments: [0, 1, 2, 9])
    func roles(place: Int) {
        let connection = connection()
        let role: ListenerRole =
            switch place {
            case 0: .main
            case 1: .control
            default: .stream(place - 2)
            }
        connection.listener = role
        #expect(connection.listener == role)
    }

    @Test("a set of subscriptions finds all of them, few or many")
    func subscriptions() throws {
        var set = SubscriptionSet()
        var keys: [SubscriptionSet.Key] = []
        for number in 0..<20 {
            var room = Room()
            try unsafe room.append(Array("r\(number)".utf8).span.bytes)
            let key = SubscriptionSet.Key(pattern: .exact(room), reading: 1, tail: [])
            keys.append(key)
            #expect(!set.contains(key))
            set.insert(key, EntryID(rawValue: UInt32(number)))
            #expect(set.contains(key) && set.count == number + 1)
        }
        var seen = 0
        set.forEach { _, _ in seen += 1 }
        #expect(seen == 20)
        for (number, key) in keys.enumerated() {
            #expect(set.remove(key) == EntryID(rawValue: UInt32(number)))
            #expect(set.remove(key) == nil)
        }
        #expect(set.count == 0)
    }

    @Test("a set of subscriptions is what a dictionary is, whatever comes and goes")
    func subscriptionsAtRandom() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var set = SubscriptionSet()
            var model: [SubscriptionSet.Key: EntryID] = [:]
            let range = random.pick([10, 40, 300])
            for step in 0..<1_500 {
                let key = SubscriptionSet.Key(
                    pattern: .prefix([UInt8(random.below(range) % 250)]),
                    reading: Reading(random.below(1 + range / 100)), tail: [])
                let entry = EntryID(rawValue: UInt32(step))
                if random.chance(550) {
                    #expect(set.contains(key) == (model[key] != nil))
                    guard model[key] == nil else { continue }
                    set.insert(key, entry)
                    model[key] = entry
                } else {
                    #expect(set.remove(key) == model.removeValue(forKey: key))
                }
                #expect(set.count == model.count)
            }
            for (key, _) in model { #expect(set.contains(key)) }
            let items = set.takeItems()
            #expect(items.count == model.count)
            for item in items { #expect(model[item.key] == item.entry) }
        }
    }
}
