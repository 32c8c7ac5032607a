import Testing

@testable import Lockfree

private final class Version: Sendable {
    let number: Int
    let double: Int

    init(_ number: Int) {
        self.number = number
        double = number * 2
    }
}

@Suite("snapshot cell")
struct SnapshotCellTests {
    @Test("lends readers the newest snapshot")
    func newest() {
        let cell = SnapshotCell(Version(1))
        var reader = SnapshotReader(cell)
        let before = reader.read { $0.number }
        cell.store(Version(2))
        let after = reader.read { $0.number }
        #expect(before == 1)
        #expect(after == 2)
        #expect(cell.load().number == 2)
    }

    @Test("keeps the old one when an update fails")
    func failure() {
        struct Refusal: Error {}
        let cell = SnapshotCell(Version(1))
        #expect(throws: Refusal.self) { try cell.update { _ in throw Refusal() } }
        #expect(cell.load().number == 1)
    }

    @Test("loses no update and shows no snapshot older than one shown before")
    func threads() {
        let cell = SnapshotCell(Version(0))
        let rounds = 20_000
        inThreads(4) { thread in
            var reader = SnapshotReader(cell)
            var last = 0
            for _ in 0..<rounds {
                if thread < 2 { cell.update { Version($0.number + 1) } }
                let (number, double) = reader.read { ($0.number, $0.double) }
                precondition(number >= last && double == number * 2)
                last = number
            }
        }
        #expect(cell.load().number == 2 * rounds)
    }
}
