import Testing

@testable import CarillonServer
@testable import WAMPClient

@Suite struct WAMPCallsTests {
    private func invocation(_ id: UInt64, _ size: Int) throws -> Invocation {
        let text = "\"" + String(repeating: "x", count: size - 4) + "\""
        return Invocation(
            id: id, registration: 1, receivesProgress: false, details: Details(),
            arguments: try Arguments(positional: [text]))
    }

    @Test("calls wait as long as their arguments have room, and a large one if it is alone")
    func waiting() throws {
        let calls = WAMPCalls(procedure: "a", isPattern: false, .max, waitingSizeLimit: 1000)
        #expect(calls.append(try invocation(1, 600)))
        #expect(calls.append(try invocation(2, 400)))
        #expect(!calls.append(try invocation(3, 5)))
        #expect(calls.take()?.id == 1)
        #expect(calls.append(try invocation(4, 600)))
        #expect(!calls.append(try invocation(5, 5)))
        #expect(calls.take()?.id == 2)
        #expect(calls.take()?.id == 4)
        #expect(calls.take()?.id == nil)
        #expect(calls.append(try invocation(6, 5000)))
        #expect(!calls.append(try invocation(7, 5)))
        #expect(calls.take()?.id == 6)
        #expect(calls.append(try invocation(8, 5)))
    }

    @Test("a number of calls wait, however small they are")
    func number() throws {
        let calls = WAMPCalls(procedure: "a", isPattern: false, .max)
        for id in 0..<4096 { #expect(calls.append(try invocation(UInt64(id), 5))) }
        #expect(!calls.append(try invocation(5000, 5)))
    }
}
