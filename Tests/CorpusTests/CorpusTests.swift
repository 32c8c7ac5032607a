// Every input the fuzzer kept, and every one that ever crashed, through the same functions again.

import FuzzTargets
import Glibc
import Testing

@Suite struct CorpusTests {
    @Test("every fuzz target survives its corpus")
    func replay() throws {
        for target in fuzzTargets {
            let folder = corpus + "/" + target.name
            let inputs = names(in: folder)
            #expect(!inputs.isEmpty, "\(target.name) has no seeds in Tests/Corpus")
            for input in inputs {
                // A crash stops the process: what is printed last is the input at fault.
                let octets = try #require(contents(of: folder + "/" + input), "\(input)")
                unsafe octets.withUnsafeBytes { unsafe target.run($0) }
            }
        }
    }

    @Test("every corpus has its fuzz target")
    func folders() {
        let known = Set(fuzzTargets.map(\.name))
        for folder in names(in: corpus) { #expect(known.contains(folder)) }
    }

    @Test("every fuzz target bears no input at all, and one octet of each value")
    func smallest() {
        for target in fuzzTargets {
            unsafe target.run(UnsafeRawBufferPointer(start: nil, count: 0))
            for octet in UInt8.min...UInt8.max {
                unsafe [octet].withUnsafeBytes { unsafe target.run($0) }
            }
        }
    }
}

/// Tests/Corpus, next to the folder of this file.
private let corpus: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(2)
    return (parts + ["Corpus"]).joined(separator: "/")
}()

/// What a folder holds, sorted, without hidden files; nothing when there is no such folder.
private func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { field in
            unsafe String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

private func contents(of path: String) -> [UInt8]? {
    guard let file = unsafe fopen(path, "rb") else { return nil }
    defer { unsafe fclose(file) }
    var octets: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let size = unsafe fread(&piece, 1, piece.count, file)
        if size == 0 { return octets }
        octets.append(contentsOf: piece[..<size])
    }
}
