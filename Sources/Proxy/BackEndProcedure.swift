// BackEndProcedure — a procedure that an HTTP back end answers (Proxy.md, "A call").
//
// Arguments go out and results come back as the octets they are: delimited and validated, never
// values of ours, so numbers keep their digits and members their order. The same question serves
// every dialect, since all of them call with `args` and `kwargs`.

internal import Bytes
internal import Codecs
package import DialectKit
package import Hub
package import Rooms

/// What an answer comes to, in the order in which it is carried out: pushes, publications, outcome.
package struct CallReport: Sendable {
    /// Sent to the connection that called, before the outcome.
    package var pushes: [(event: String, data: [UInt8])] = []
    /// Published in the realm of the procedure.
    package var publications: [(room: Room, data: [UInt8])] = []
    package var outcome: CallOutcome

    init(_ outcome: CallOutcome) { self.outcome = outcome }
}

package struct BackEndProcedure: Sendable {
    package let target: ProxyTarget

    package init(_ target: ProxyTarget) { self.target = target }

    /// What the back end is asked.
    ///
    /// - Throws: For a payload that only its receiver can read (WAMP's passthru).
    package func question(
        _ call: CallArguments, procedure: Room
    ) throws(ProcedureError) -> BackEndRequest {
        let arguments = call.arguments
        guard arguments.passthru.isAbsent else {
            throw ProcedureError(status: 501, message: "a back end takes no passthru payload")
        }
        var body = OctetBuffer(capacity: arguments.octets.count + 256)
        body.append(#"{"procedure":"# as StaticString)
        body.append(jsonString: procedure.text)
        body.append(#","args":"# as StaticString)
        body.append(arguments.listText, orEmpty: "[]")
        body.append(#","kwargs":"# as StaticString)
        body.append(arguments.keywordText, orEmpty: "{}")
        body.append(#","context":"# as StaticString)
        body.append(call.context, orEmpty: "{}")
        body.append(0x7D)
        return target.request(body.octets.array)
    }

    /// What an answer comes to.
    package func outcome(
        of result: Result<BackEndAnswer, BackEndFailure>
    ) -> CallReport {
        switch result {
        case .failure(let failure): return CallReport(.failure(failure.procedureError))
        case .success(let answer):
            guard answer.status < 400 else {
                return CallReport(.failure(CallAnswer.error(of: answer)))
            }
            do throws(AnswerFault) {
                guard answer.status / 100 == 2 else {
                    throw AnswerFault("the back end answered with status \(answer.status)")
                }
                return try unsafe CallAnswer.report(of: answer.body.span.bytes)
            } catch {
                return CallReport(
                    .failure(ProcedureError(status: 502, message: error.sentence)))
            }
        }
    }
}

extension OctetBuffer {
    /// A JSON text, or what stands for none.
    fileprivate mutating func append(_ json: [UInt8], orEmpty empty: StaticString) {
        if json.isEmpty { append(empty) } else { append(json) }
    }
}
