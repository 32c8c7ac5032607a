// Problems — what is wrong with a call, member by member (specification §2.3).
//
// The words are the specification's. A call that is right costs nothing here: an empty list
// allocates nothing.

import Bytes
import Codecs

/// The `errors` of an error reply, in the order in which they are listed.
internal struct Problems: Error {
    private var list: [(member: StaticString, text: String)] = []

    init() {}

    /// One problem.
    init(_ member: StaticString, _ text: String) { add(member, text) }

    var isEmpty: Bool { list.isEmpty }

    mutating func add(_ member: StaticString, _ text: String) { list.append((member, text)) }

    /// Adds what is wrong with a required member that has to be a string or null.
    mutating func add(_ member: StaticString, ofRequired item: JSONItem?) {
        switch item?.kind {
        case nil: add(member, "required")
        case .string, .null: break
        default: add(member, "not valid type")
        }
    }

    /// Writes `{"member":"text",…}`.
    func write(into json: inout OctetBuffer) {
        json.append(0x7B)
        for (position, problem) in list.enumerated() {
            json.append(literal: position == 0 ? "\"" : ",\"")
            json.append(problem.member)
            json.append(literal: "\":")
            json.append(jsonString: problem.text)
        }
        json.append(0x7D)
    }
}
