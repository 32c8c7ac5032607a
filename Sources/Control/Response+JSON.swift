// Answers of the API: JSON objects, for errors too, so that a caller parses one kind of thing.

import Bytes
import Codecs
package import Engine

extension Response {
    /// An answer with status 200.
    package init(json: String) {
        self.init(
            status: 200, contentType: "application/json", body: Array((json + "\n").utf8))
    }

    /// `{"error": sentence}`.
    package init(
        error sentence: String, status: Int, fields: [(name: StaticString, value: String)] = []
    ) {
        var body = OctetBuffer(capacity: 64 + sentence.utf8.count)
        body.append("{\"error\":" as StaticString)
        body.append(jsonString: sentence)
        body.append("}\n" as StaticString)
        self.init(
            status: status, contentType: "application/json", body: body.octets.array,
            fields: fields)
    }
}
