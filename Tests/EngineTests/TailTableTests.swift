// The table of tails: what is set is found until it is removed, and memory is used again.

import Rooms
import Testing

@testable import Engine

@Suite struct TailTableTests {
    private func octets(_ table: TailTable, _ entry: UInt32) -> [UInt8] {
        let place = table.place(of: entry)
        let size = Int(place.size)
        /// The end of a frame, and what is left as it was behind the room that it may take.
        func end(skipping skipped: Int, size: Int) -> [UInt8] {
            var octets = [UInt8](repeating: 0xAA, count: size + TailTable.cell + 1)
            unsafe octets.withUnsafeMutableBytes {
                unsafe table.copyEnd(
                    place, skipping: skipped, to: $0.baseAddress.unsafelyUnwrapped)
            }
            #expect(octets.last == 0xAA)
            return Array(octets[..<size])
        }
        let tail = end(skipping: TailTable.lengthSize, size: size)
        let length = [UInt8(size & 0xFF), UInt8(size >> 8)]
        #expect(
            end(skipping: 0, size: size + TailTable.deflatedEndSize)
                == length + length.map { ~$0 } + tail + [0])
        return tail
    }

    @Test("it holds what a dictionary holds, whatever comes and goes")
    func model() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var table = TailTable()
            var model: [UInt32: [UInt8]] = [:]
            let entryCount = random.pick([1, 4, 60])
            for _ in 0..<400 {
                let entry = UInt32(random.below(entryCount))
                if model.removeValue(forKey: entry) != nil {
                    table.remove(EntryID(rawValue: entry))
                } else {
                    let size = random.pick([1, 2, 12, 26, 27, 28, 29, 59, 60, 100, 4096])
                    let tail = (0..<size).map { _ in UInt8(random.below(256)) }
                    _ = table.set(tail, of: EntryID(rawValue: entry))
                    model[entry] = tail
                }
                #expect(table.count == model.count)
                for (entry, tail) in model where random.chance(30) {
                    #expect(octets(table, entry) == tail)
                }
            }
            for (entry, tail) in model { #expect(octets(table, entry) == tail) }
        }
    }

    @Test("memory is used again by what has the same number of cells")
    func memory() {
        var table = TailTable()
        for round in 0..<100 {
            for entry in 0..<50 as Range<UInt32> {
                // 28 to 59 octets and five: two cells each.
                let size = 28 + (round + Int(entry)) % 32
                _ = table.set(
                    Array(repeating: UInt8(round), count: size), of: EntryID(rawValue: entry))
            }
            #expect(table.size == 50 * 64)
            for entry in 0..<50 as Range<UInt32> {
                #expect(octets(table, entry).allSatisfy { $0 == UInt8(round) })
                table.remove(EntryID(rawValue: entry))
            }
        }
        #expect(table.size == 50 * 64 && table.count == 0)
    }

    @Test("tails of every size, one size after the other, take a multiple of the most there were")
    func sizes() {
        for descends in [true, false] {
            var table = TailTable()
            var sizes = Array(stride(from: 27, through: 4096, by: 32))
            if descends { sizes.reverse() }
            for size in sizes {
                let count = UInt32(65_536 / size)
                for entry in 0..<count {
                    let isSet = table.set(
                        Array(repeating: 7, count: size), of: EntryID(rawValue: entry))
                    #expect(isSet)
                }
                for entry in 0..<count { table.remove(EntryID(rawValue: entry)) }
            }
            #expect(table.size <= (descends ? 2 : 12) * 131_072)
        }
    }

    @Test("what has no room is refused and leaves nothing behind, until there is room")
    func limit() {
        var table = TailTable(sizeLimit: 256)
        let tail = [UInt8](repeating: 1, count: 50)
        for entry in 0..<4 as Range<UInt32> {
            let isSet = table.set(tail, of: EntryID(rawValue: entry))
            #expect(isSet)
        }
        let isFull = !table.set([1], of: EntryID(rawValue: 9))
        #expect(isFull && table.count == 4 && table.size == 256)
        table.remove(EntryID(rawValue: 2))
        for entry in [9, 8] as [UInt32] {
            let isSet = table.set([UInt8(entry)], of: EntryID(rawValue: entry))
            #expect(isSet)
        }
        let isFullAgain = !table.set([1], of: EntryID(rawValue: 10))
        #expect(isFullAgain && octets(table, 9) == [9] && octets(table, 8) == [8])
        for entry in [0, 1, 3] as [UInt32] { #expect(octets(table, entry) == tail) }
    }

    @Test("an entry has one tail, and one to lose")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            var table = TailTable()
            _ = table.set([1], of: EntryID(rawValue: 3))
            _ = table.set([1], of: EntryID(rawValue: 3))
        }
        await #expect(processExitsWith: .failure) {
            var table = TailTable()
            _ = table.set([1], of: EntryID(rawValue: 3))
            table.remove(EntryID(rawValue: 2))
        }
        await #expect(processExitsWith: .failure) {
            var table = TailTable()
            _ = table.set([], of: EntryID(rawValue: 0))
        }
    }
}
