// Mutations — what clients say in the golden conversations, with a few octets changed.

package import Bytes

/// The text messages of a dialect's conversations, to be sent with mistakes in them.
package struct Mutations {
    private let messages: [[UInt8]]
    private let pieces: [UInt8]

    /// - Parameters:
    ///   - folder: Where the conversations are in `Tests/Transcripts`.
    ///   - pieces: The octets that are put in, all of them ASCII.
    package init(of folder: String, pieces: String = #"{}[]",:\01eE.-abn u"#) throws {
        messages = try Transcript.all(in: folder).flatMap(\.steps)
            .filter { $0.verb == ">" }.map { Array($0.rest.utf8) }
        self.pieces = Array(pieces.utf8)
    }

    /// One of the messages, up to three octets of it changed.
    package func message(_ random: inout SplitMix64) -> [UInt8] {
        var octets = messages.randomElement(using: &random)!
        for _ in 0..<Int.random(in: 0..<4, using: &random) where !octets.isEmpty {
            let place = octets.indices.randomElement(using: &random)!
            // ASCII for ASCII: the framing lets only UTF-8 through.
            if octets[place] < 0x80 { octets[place] = pieces.randomElement(using: &random)! }
        }
        return octets
    }
}
