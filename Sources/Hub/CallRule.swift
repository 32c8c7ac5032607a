// CallRule — how a dialect with method names and request objects calls procedures (One-Hub.md).
//
// | setting | value | becomes |
// |---|---|---|
// | procedure | `{method}`, `rpc.{method}`, `com.shop.total` | the procedure's name |
// | arguments | object | `args = [object]` |
// | | keywords | `kwargs = object`, what wampy callees take |
// | result | value | one value by the table of payloads |
// | | first | the first argument, what wampy callees answer |

internal import Bytes
package import Rooms

package struct CallRule: Sendable, Equatable {
    package enum ArgumentForm: String, Sendable, CaseIterable { case object, keywords }
    package enum ResultForm: String, Sendable, CaseIterable { case value, first }

    /// The name of the procedure; each `{method}` in it is the method asked for.
    package var procedure: String
    package var arguments: ArgumentForm
    package var result: ResultForm

    package init(
        procedure: String = "{method}", arguments: ArgumentForm = .object,
        result: ResultForm = .value
    ) {
        self.procedure = procedure
        self.arguments = arguments
        self.result = result
    }

    /// The procedure that a method is.
    ///
    /// - Returns: `nil` for a name that no procedure of others can have: empty, too long, or one of
    ///   the router's own, which it answers to sessions only.
    package func room(method: [UInt8]) -> Room? {
        let marker = Array("{method}".utf8)
        let template = Array(procedure.utf8)
        var name = OctetBuffer(capacity: template.count + method.count)
        var place = 0
        while place < template.count {
            if template[place...].starts(with: marker) {
                guard name.count + method.count <= 4 * Room.sizeLimit else { return nil }
                name.append(method)
                place += marker.count
            } else {
                name.append(template[place])
                place += 1
            }
        }
        guard name.count > 0, let room = try? Room(dotted: name.octets),
            !room[segment: 0].elementsEqual("wamp".utf8)
        else { return nil }
        return room
    }

    /// A request object as arguments.
    package func arguments(object: [UInt8]) -> Arguments {
        switch arguments {
        case .object: Arguments(value: object)
        case .keywords: Arguments(keywords: object)
        }
    }

    /// A result as one JSON value.
    package func value(of result: Arguments) -> [UInt8] {
        switch self.result {
        case .value: result.value()
        case .first: result.firstValue ?? Array("null".utf8)
        }
    }
}
