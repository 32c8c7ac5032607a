// RequestScenarios — echo and rpc: requests and their answers on every connection.

internal import ArgumentParser
internal import Measurement

/// Echo and rpc: requests on every connection.
protocol RequestCommand: TrafficCommand {
    static var name: String { get }
    /// Whether answers must come in the order of the requests.
    var isOrdered: Bool { get }
}

extension RequestCommand {
    var work: Work { .answers }
    private var count: Int { traffic.count.connections ?? 100 }

    func plan(for target: Target) throws -> LoadPlan {
        let speech = try self.target.speech(target)
        var population = Population(
            name: "requesters", role: .requester, count: count, speech: speech)
        population.pace = try traffic.pace.pace(otherwise: .closed(window: 1))
        population.payloadSize = traffic.size
        population.messageLimit = traffic.pace.messages
        population.offersDeflate = self.target.deflate
        population.isOrdered = isOrdered
        return LoadPlan(
            scenario: Self.name, target: target, populations: callees(speech) + [population],
            roomCount: 1)
    }

    var parameters: [RunReport.Parameter] { commonParameters(count) }
}

struct EchoCommand: RequestCommand {
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Every connection sends, and gets back what it sent, in order.",
        discussion: """
            carillon-load echo ws://127.0.0.1:8000/echo -n 100 --dialect template
            carillon-load echo -n 100 --rate 10000 --duration 30s
            carillon-load echo -n 100 --dialect wamp --serializer cbor
            carillon-load echo -n 100 --dialect rohrpost
            """)
    static let name = "echo"

    @OptionGroup var target: TargetOptions
    @OptionGroup var traffic: TrafficOptions
    @OptionGroup var time: TimeOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var isOrdered: Bool { true }

    func validate() throws {
        try target.spoken.check(.requests)
        // Between several callees nothing keeps the order.
        guard target.wamp.calleeCount <= 1 else {
            throw ValidationError("echo takes one of --callees: answers come in order; use rpc")
        }
    }
}

struct CallCommand: RequestCommand {
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Calls under way on every connection; answers may come in any order.",
        discussion: """
            carillon-load rpc -n 200 --window 16 --duration 30s
            carillon-load rpc ws://127.0.0.1:8080 --dialect wamp -n 32 --callees 4
            carillon-load rpc -n 100 --dialect shampoo --procedure add_number
            """)
    static let name = "rpc"

    @OptionGroup var target: TargetOptions
    @OptionGroup var traffic: TrafficOptions
    @OptionGroup var time: TimeOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var isOrdered: Bool { false }

    func validate() throws { try target.spoken.check(.requests) }
}
