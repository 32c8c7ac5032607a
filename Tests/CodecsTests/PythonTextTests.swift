import Bytes
import Codecs
import Foundation
import Testing

private func pythonText(_ json: String) throws -> String {
    let octets = Array(json.utf8)
    let text = unsafe octets.span.bytes
    let item = try JSONScanner.document(text)
    var buffer = OctetBuffer()
    buffer.append(pythonText: item, of: text)
    return buffer.octets.text
}

@Suite("Python's text")
struct PythonTextTests {
    @Test("of a value is what Python says")
    func vectors() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/python.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).utf8.split(separator: 0x0A)
        #expect(lines.count > 350)
        for line in lines {
            let fields = line.split(separator: 0x09).map { String(decoding: $0, as: UTF8.self) }
            try #require(fields.count == 2)
            let found = try pythonText(fields[0])
            #expect(Array(found.utf8) == Array(fields[1].utf8), "\(fields[0]): \(found)")
        }
    }

    @Test("goes behind what is there already, and keeps every digit of an integer")
    func appends() throws {
        let digits = String(repeating: "9", count: 5000)
        let json = Array("[\(digits)]".utf8)
        let text = unsafe json.span.bytes
        var buffer = OctetBuffer()
        buffer.append("type '" as StaticString)
        buffer.append(pythonText: JSONItem(kind: .integer, range: 1..<5001), of: text)
        buffer.append(0x27)
        #expect(buffer.octets.text == "type '\(digits)'")
    }

    @Test("of a place that holds no value is what stands there")
    func notAValue() throws {
        let json = Array("[1,2".utf8)
        var buffer = OctetBuffer()
        buffer.append(
            pythonText: JSONItem(kind: .array, range: 0..<4), of: unsafe json.span.bytes)
        #expect(buffer.octets.text == "[1,2")
    }

    @Test("of repeated keys costs no more than their octets")
    func manyRepetitions() throws {
        let members = Array(repeating: #""k":[1]"#, count: 10_000).joined(separator: ",")
        #expect(try pythonText("{\(members)}") == "{'k': [1]}")
    }
}
