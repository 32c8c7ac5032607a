import Bytes
import Rooms
import Testing

@testable import Hub

@Suite("choosing a registration")
struct RegistrationTableTests {
    /// All texts of one to three components of the alphabet.
    private func names(_ alphabet: [String]) -> [String] {
        let two = alphabet.flatMap { first in alphabet.map { first + "." + $0 } }
        return alphabet + two + two.flatMap { start in alphabet.map { start + "." + $0 } }
    }

    @Test("agrees with the definition in a small world, while patterns come and go")
    func smallWorld() {
        let procedures = names(["a", "b", "ab"])
        var patterns = names(["", "a", "b"]).map { wildcard($0) }
        patterns += ["a", "a.", "ab", "a.b", "a.b.a", "b.", "b.b"].map { prefix($0) }
        patterns += ["a", "a.b", "b.b.b", "ab.a"].map { exact($0) }
        for seed: UInt64 in 1...30 {
            var random = SplitMix64(seed: seed)
            let desk = Desk()
            var naive = NaiveDealer()
            desk.open(1)
            _ = naive.open(1, owner: 0, [])
            for pattern in patterns.shuffled(using: &random) {
                if random.next() % 4 > 0 {
                    desk.register(pattern, 1)
                    naive.register(pattern, 1, request: 1, RegisterOptions())
                }
                if random.next() % 3 == 0,
                    let id = naive.registrations.randomElement(using: &random)?.id
                {
                    desk.unregister(id, 1)
                    naive.unregister(id, 1, request: 1)
                }
                let procedure = procedures.randomElement(using: &random)!
                let expected = naive.best(procedure).map { naive.registrations[$0].id }
                if desk.match(procedure) != expected {
                    Issue.record("seed \(seed): \(procedure)")
                    return
                }
            }
            for procedure in procedures {
                let expected = naive.best(procedure).map { naive.registrations[$0].id }
                if desk.match(procedure) != expected { Issue.record("seed \(seed): \(procedure)") }
            }
            desk.close(1)
            #expect(desk.remains == [0, 0, 0])
        }
    }
}
