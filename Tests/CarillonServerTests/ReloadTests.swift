import Configuration
import Testing

@testable import CarillonServer

@Suite struct ReloadTests {
    @Test("what differs between two configurations is named, a secret too")
    func changes() throws {
        let old = Configuration()
        #expect(Reload.changes(from: old, to: old).isEmpty)
        var new = old
        new.limits.messageSize = 5000
        new.log.level = .debug
        new.api.key = Secret("one")
        #expect(
            Reload.changes(from: old, to: new) == ["limits.message_size", "api.key", "log.level"])
        var other = new
        other.api.key = Secret("two")
        #expect(Reload.changes(from: new, to: other) == ["api.key"])
        other.rohrpost.token = Secret("three")
        other.backEnds = [Configuration.BackEnd()]
        #expect(
            Reload.changes(from: new, to: other) == ["api.key", "rohrpost.token", "backend"])
    }

    @Test("the settings that a reload changes exist")
    func keys() {
        let known = Configuration.sections.flatMap { section in
            section.settings.map { "\(section.name).\($0.key)" }
        }
        #expect(Reload.liveKeys.isSubset(of: known))
    }
}
