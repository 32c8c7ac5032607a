import Testing

@testable import HTTPLink

@Suite("a waiting line")
struct WaitingLineTests {
    @Test("lets in who is still there, in the order of coming")
    func order() {
        var line = WaitingLine()
        for number in UInt64(1)...6 { line.append(number) }
        #expect(line.next { $0 % 2 == 0 } == 2)
        #expect(line.next { _ in true } == 3)
        line.append(7)
        #expect(line.next { $0 > 6 } == 7)
        #expect(line.next { _ in true } == nil)
        line.append(8)
        #expect(Array(line.numbers) == [8])
    }

    @Test("forgets who has left once those are most of it")
    func tidying() {
        var line = WaitingLine()
        for number in UInt64(0)..<67 { line.append(number) }
        line.tidy(liveCount: 2) { $0 < 2 }
        #expect(line.numbers.count == 67)
        line.append(67)
        line.tidy(liveCount: 1) { $0 == 66 }
        line.tidy(liveCount: 1) { $0 == 66 }
        #expect(Array(line.numbers) == [66])
    }
}
