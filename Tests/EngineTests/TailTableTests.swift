// The table of tails: what is set is found until it is removed, and memory is used again.

import Rooms
import Testing

@testable import Engine

@Suite struct TailTableTests {
    private func octets(_ table: borrowing TailTable, _ entry: UInt32) -> [UInt8] {
        let place = table.place(of: entry)
        let size = Int(place.size)
        var octets = [UInt8](repeating: 0xAA, count: size + TailTable.cell)
        unsafe octets.withUnsafeMutableBytes {
            unsafe table.copy(place, to: $0.baseAddress.unsafelyUnwrapped)
        }
        #expect(octets[size] == 0, "a zero follows every tail")
        return Array(octets[..<size])
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
                    let size = random.pick([1, 2, 15, 16, 17, 31, 32, 33, 100, 4096])
                    let tail = (0..<size).map { _ in UInt8(random.below(256)) }
                    table.set(tail, of: EntryID(rawValue: entry))
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
                // 16 to 31 octets and a zero: two cells each.
                let size = 16 + (round + Int(entry)) % 16
                table.set(Array(repeating: UInt8(round), count: size), of: EntryID(rawValue: entry))
            }
            #expect(table.size == 50 * 32)
            for entry in 0..<50 as Range<UInt32> {
                #expect(octets(table, entry).allSatisfy { $0 == UInt8(round) })
                table.remove(EntryID(rawValue: entry))
            }
        }
        #expect(table.size == 50 * 32 && table.count == 0)
    }

    @Test("an entry has one tail, and one to lose")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            var table = TailTable()
            table.set([1], of: EntryID(rawValue: 3))
            table.set([1], of: EntryID(rawValue: 3))
        }
        await #expect(processExitsWith: .failure) {
            var table = TailTable()
            table.set([1], of: EntryID(rawValue: 3))
            table.remove(EntryID(rawValue: 2))
        }
        await #expect(processExitsWith: .failure) {
            var table = TailTable()
            table.set([], of: EntryID(rawValue: 0))
        }
    }
}
