// EchoClient — our client role against the public WebSocket suite's fuzzing server.
//
//     AUTOBAHN_URL=ws://127.0.0.1:9321 EchoClient
//
// Asks the server for the number of its cases, runs each of them by sending every message back,
// and has the reports written. Whether we behaved is for the reports to say: the status is 0 when
// every case was run to an end, and 1 when one was not.

internal import Bytes
internal import Glibc
internal import WebSocket

@main
enum EchoClient {
    /// The name our results have in the reports.
    static let agent = "carillon"
    /// The longest a case may take; the suite's own longest limit is 480 s.
    static let caseLimit = Duration.seconds(500)
    /// How long the suite may take to begin listening.
    static let startLimit = Duration.seconds(30)

    static func main() {
        guard let url = unsafe getenv("AUTOBAHN_URL"),
            let address = unsafe ServerAddress(String(cString: url))
        else {
            say("AUTOBAHN_URL must say where the suite listens, such as ws://127.0.0.1:9321")
            exit(64)
        }
        do {
            let unfinished = try run(address)
            if unfinished > 0 { say("\(unfinished) cases did not come to an end") }
            exit(unfinished == 0 ? 0 : 1)
        } catch {
            say("\(error)")
            exit(1)
        }
    }

    /// Runs all cases.
    ///
    /// - Returns: How many of them did not come to an end.
    static func run(_ address: ServerAddress) throws(ClientError) -> Int {
        var incoming = OctetBuffer(capacity: 1 << 18)
        let caseCount = try askCaseCount(address, &incoming)
        var unfinished = 0
        for number in stride(from: 1, through: caseCount, by: 1) {
            let begin = ContinuousClock.now
            let result: String
            do throws(ClientError) {
                incoming.removeAll()
                var conversation = try Conversation(
                    to: address, target: "/runCase?case=\(number)&agent=\(agent)",
                    timeLimit: caseLimit, incoming: &incoming)
                let ending = try conversation.run(&incoming) { _ in true }
                result = "\(conversation.messageCount) messages, \(text(ending))"
            } catch {
                unfinished += 1
                result = "NOT FINISHED: \(error)"
            }
            let milliseconds = Int((ContinuousClock.now - begin) / .milliseconds(1))
            say("case \(number) of \(caseCount): \(result), \(milliseconds) ms")
        }
        incoming.removeAll()
        var reports = try Conversation(
            to: address, target: "/updateReports?agent=\(agent)", timeLimit: caseLimit,
            incoming: &incoming)
        _ = try reports.run(&incoming) { _ in false }
        return unfinished
    }

    /// Asks how many cases there are; waits for the suite to listen.
    static func askCaseCount(
        _ address: ServerAddress, _ incoming: inout OctetBuffer
    ) throws(ClientError) -> Int {
        let end = ContinuousClock.now + startLimit
        while true {
            do throws(ClientError) {
                var answer = ""
                var conversation = try Conversation(
                    to: address, target: "/getCaseCount", timeLimit: startLimit,
                    incoming: &incoming)
                _ = try conversation.run(&incoming) {
                    answer = $0.text
                    return false
                }
                guard let count = Int(answer), count > 0 else { throw .badCaseCount(answer) }
                return count
            } catch {
                guard case .system(_, ECONNREFUSED) = error, .now < end else { throw error }
                usleep(200_000)
            }
        }
    }

    static func text(_ ending: Ending) -> String {
        switch ending {
        case .closed(let code): "closed with \(code.map { "\($0.rawValue)" } ?? "no code")"
        case .failed(let error): "failed with \(error.closeCode.rawValue) (\(error))"
        case .lost: "connection lost"
        }
    }

    /// Writes a line at once, also into a pipe.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
