// Commands keep the order they were said in, however the first of them is kept.

import Bytes
import DialectKit
import Testing

@Suite struct CommandsTests {
    /// What the list holds, in short.
    private func said(_ commands: borrowing Commands) -> [String] {
        commands.list.map { command in
            switch command {
            case .reply(_, let range): "reply \(range)"
            case .relay(_, let range): "relay \(range)"
            case .boundary: "boundary"
            default: "other"
            }
        }
    }

    @Test("an answer alone is taken out as such, and is part of the list")
    func onlyAnswer() throws {
        var commands = Commands()
        commands.relay(.text, 2..<5)
        #expect(said(commands) == ["relay 2..<5"])
        let taken = commands.takeOnlyAnswer()
        let answer = try #require(taken)
        #expect(answer.isRelay && answer.range == 2..<5)
        #expect(said(commands).isEmpty)
    }

    @Test("what follows an answer stands behind it")
    func order() {
        var commands = Commands()
        commands.reply { $0.append(0x61) }
        commands.append(.boundary)
        commands.reply { $0.append(0x62) }
        let isAlone = commands.takeOnlyAnswer() != nil
        #expect(!isAlone)
        #expect(said(commands) == ["reply 0..<1", "boundary", "reply 1..<2"])
        commands.removeAll()
        #expect(said(commands).isEmpty)
        commands.append(.boundary)
        commands.relay(.binary, 0..<1)
        #expect(said(commands) == ["boundary", "relay 0..<1"])
        commands.keep([.boundary])
        #expect(said(commands) == ["boundary"])
    }
}
