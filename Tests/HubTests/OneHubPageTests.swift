// The page about the tables between dialects says what the code does: every row of the errors
// stands in it, and its examples of payloads come out as it says.

import Bytes
import Codecs
import Foundation
import Testing

@testable import Hub

@Suite("the page One-Hub")
struct OneHubPageTests {
    /// The cells of all rows of tables, without white space around them.
    private static func rows() throws -> [[String]] {
        let root = URL(filePath: #filePath).appending(path: "../../..").standardized
        let page = root.appending(path: "Sources/CarillonServer/CarillonServer.docc/One-Hub.md")
        return try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| ") }
            .map { line in
                line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    @Test("has every error with its status and sentence, in the order of the code")
    func errors() throws {
        let told = try Self.rows().filter {
            $0.count == 6 && $0[0].contains(".error.") && $0[1] != "NNN"
        }
        let known = ProcedureError.rows.map { ["`\($0.uri)`", "\($0.status)", $0.sentence] }
        #expect(told.map { Array($0.prefix(3)) } == known)
        #expect(try Self.rows().contains { $0[0] == "`\(ProcedureError.statusPrefix)NNN`" })
    }

    @Test("shows arguments that become the values it shows")
    func payloads() throws {
        var count = 0
        for row in try Self.rows() where row.count == 3 {
            guard let list = Self.example(row[0], "["), let map = Self.example(row[1], "{"),
                let value = Self.example(row[2], "")
            else { continue }
            let octets = Array((list + map).utf8)
            let end = list.utf8.count
            let arguments = Arguments(
                octets: octets, serialization: .json,
                arguments: list.isEmpty ? .absent : Extent(0..<end),
                keywords: map.isEmpty ? .absent : Extent(end..<octets.count))
            #expect(String(decoding: arguments.value(), as: UTF8.self) == value, "\(row)")
            count += 1
        }
        #expect(count == 8)
    }

    /// JSON in backquotes that begins so, or nothing.
    private static func example(_ cell: String, _ beginning: String) -> String? {
        if cell == "nothing", !beginning.isEmpty { return "" }
        guard cell.hasPrefix("`" + beginning), cell.hasSuffix("`"), cell.count > 2 else {
            return nil
        }
        return String(cell.dropFirst().dropLast())
    }
}
