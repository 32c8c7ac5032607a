// Back ends — procedures that an HTTP application answers, as handlers of the engine.
//
// The question leaves from the caller's core without waiting; the answer comes on the link's thread
// and goes home by mail. Pushes and publications are on their way before it, so the caller sees
// them first.

internal import DialectKit
package import Engine
internal import Hub
package import Proxy
package import Rooms

extension HandlerRegistration {
    /// Procedures of a realm that a back end answers. A caller that leaves, waits no longer or has
    /// reached its time limit takes the request back.
    package static func backEnd(
        _ procedures: Pattern, in realm: Realm = .standard, asking target: ProxyTarget
    ) -> HandlerRegistration {
        let backEnd = BackEndProcedure(target)
        return HandlerRegistration(procedures, in: realm) { handled in
            let request: BackEndRequest
            do throws(ProcedureError) {
                request = try backEnd.question(handled.call, procedure: handled.procedure)
            } catch {
                handled.answer(.failure(error))
                return
            }
            // Its body is there twice while it is under way: with the link, and with libcurl.
            guard handled.hold(2 * request.body.count) else { return }
            let ticket = target.backEnd.send(request) { result in
                let report = backEnd.outcome(of: result)
                for push in report.pushes { handled.push(event: push.event, data: push.data) }
                for (room, data) in report.publications {
                    handled.publish(Publication(realm: realm, room: room, payload: data))
                }
                handled.answer(report.outcome)
            }
            handled.whenCanceled { ticket.cancel() }
        }
    }
}
