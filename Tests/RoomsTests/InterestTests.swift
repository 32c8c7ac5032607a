import Testing

@testable import Rooms

@Suite("interest keys")
struct InterestTests {
    @Test("of every pattern that matches a room are among the keys the room probes")
    func matchImpliesHit() {
        let rooms = sequences(of: ["", "a", "b"], counts: 1...3).map { room($0) }
        let realm = Realm(rawValue: 3)
        var hits = 0
        for pattern in smallPatterns(["", "a", "b"], length: 3) {
            let key = pattern.interestKey(in: realm)
            for room in rooms where pattern.matches(room) {
                var isAmong = false
                room.forEachInterestKey(in: realm) { if $0 == key { isAmong = true } }
                #expect(isAmong, "\(pattern) \(room.text)")
                hits += 1
            }
        }
        #expect(hits > 500)
    }

    @Test("keep realms, rooms and kinds apart")
    func apart() {
        var keys: Set<InterestKey> = []
        let patterns: [Pattern] = [
            .exact(room("a")), .exact(room("b")), glob(room("a"), "*"), wildcard("a", nil),
            wildcard(nil), prefix("a"),
        ]
        for realm in [Realm.standard, Realm(rawValue: 1)] {
            for pattern in patterns { keys.insert(pattern.interestKey(in: realm)) }
        }
        #expect(keys.count == patterns.count * 2)
    }
}

/// All exact, wildcard and prefix patterns over a small alphabet, and some globs.
func smallPatterns(_ alphabet: [String], length: Int) -> [Pattern] {
    let octets = alphabet.map { Array($0.utf8) }
    var patterns = sequences(of: alphabet, counts: 1...length).map { Pattern.exact(room($0)) }
    patterns += sequences(of: octets.map(Optional.some) + [nil], counts: 1...length)
        .map(Pattern.wildcard)
    patterns += sequences(of: Array(".ab".utf8), counts: 0...length + 1).map(Pattern.prefix)
    for parent in sequences(of: alphabet, counts: 1...length - 1) {
        for text in ["*", "?", "a", "a*", "[^a]", ""] { patterns.append(glob(room(parent), text)) }
    }
    return patterns
}
