// MixedCommand — a run of several populations, described by a small file.

internal import ArgumentParser
internal import Configuration
internal import Measurement

struct MixedCommand: ScenarioCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixed",
        abstract: "Several kinds of clients at once, described by a file.",
        discussion: """
            The file is TOML: rooms (default 1), and one table per kind of client.

                rooms = 100

                [[clients]]
                name = "dashboards"
                role = "subscriber"   # or publisher, requester, visitor, idler, callee
                connections = 5000
                stuck = 0.01          # the share that does not read

                [[clients]]
                role = "publisher"
                connections = 2
                phases = "10s:0..500,50s:500"   # or rate = 500, or window = 16
                size = 256

            carillon-load mixed morning.toml --duration 60s
            """)

    @Argument(help: "The file.") var file: String
    @OptionGroup var target: TargetOptions
    @OptionGroup var time: TimeOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .exchanges }
    var parameters: [RunReport.Parameter] { [.init("file", file)] }

    func plan(for target: Target) throws -> LoadPlan {
        let text = String(decoding: try ReportOutput.read(file), as: UTF8.self)
        do throws(MixedFileError) {
            let mix = try MixedFile(text)
            let speech: Speech
            do { speech = try self.target.speech(target) } catch {
                throw MixedFileError("\(error)")
            }
            var populations = try mix.populations(speech, deflate: self.target.deflate)
            let calleeCount = populations.count { $0.role == .callee }
            guard calleeCount == 0 || self.target.isWAMP else {
                throw MixedFileError("callees need --dialect wamp")
            }
            if populations.contains(where: { $0.role == .requester }),
                let objection = self.target.spoken.objection(to: .requests)
            {
                throw MixedFileError(objection)
            }
            if calleeCount == 0, populations.contains(where: { $0.role == .requester }) {
                populations = callees(speech) + populations
            }
            return LoadPlan(
                scenario: "mixed", target: target, populations: populations,
                roomCount: mix.roomCount)
        } catch {
            throw ValidationError("\(file): \(error.description)")
        }
    }
}
