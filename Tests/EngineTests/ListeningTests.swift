import CSystem
import Glibc
import Testing

@testable import Engine

/// A folder that is gone with its owner.
private final class Folder {
    let path: String

    init() {
        let letters = String(repeating: "X", count: 6)  // what mkdtemp(3) replaces
        var template = Array("/tmp/carillon-\(letters)\0".utf8.map { CChar(bitPattern: $0) })
        let made = unsafe mkdtemp(&template) != nil
        precondition(made)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        unsafe unlink(path + "/s")
        unsafe rmdir(path)
    }

    /// The mode of the file `s`; `nil` when there is none.
    var mode: mode_t? {
        var file = stat()
        return unsafe lstat(path + "/s", &file) == 0 ? file.st_mode : nil
    }

    /// The number of the file `s`; `nil` when there is none.
    var file: UInt64? {
        var file = stat()
        return unsafe lstat(path + "/s", &file) == 0 ? UInt64(file.st_ino) : nil
    }

    /// Whether nothing is in it.
    var isEmpty: Bool {
        guard let folder = unsafe opendir(path) else { return false }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        return count == 2  // itself and what it is in
    }

    /// Leaves a file behind that nobody listens at, or keeps its listener.
    func bindSocket() -> Int32 {
        var made = carillon_file()
        let descriptor = unsafe carillon_listen_unix(path + "/s", 1, &made)
        precondition(descriptor >= 0)
        return descriptor
    }
}

@Suite(.serialized) struct ListeningTests {
    private func options(_ streams: [StreamAddress], cores: Int = 2) -> EngineOptions {
        var options = EngineOptions(coreCount: cores)
        options.address = ListenAddress(host: "127.0.0.1", port: 0)
        options.streams = streams.map { StreamListener($0, framing: 0) }
        return options
    }

    private func close(_ listening: Listening) {
        for listener in listening.listeners.joined() { Glibc.close(listener.descriptor) }
        for file in listening.files { file.remove() }
    }

    @Test("every core gets a descriptor of its own to every listener of clients")
    func descriptors() throws {
        let folder = Folder()
        let local = ListenAddress(host: "127.0.0.1", port: 0)
        let listening = try Listening.open(
            options([
                .internet(local), .internet(ListenAddress(host: "::1", port: 0)),
                .unix(path: folder.path + "/s"),
            ]), Limits())
        defer { close(listening) }
        for listeners in listening.listeners {
            #expect(listeners.map(\.role) == [.main, .stream(0), .stream(0), .stream(0)])
            #expect(listeners.map(\.peerAddressSize) == [16, 16, 28, 0])
        }
        #expect(Set(listening.listeners.joined().map(\.descriptor)).count == 8)
        #expect(listening.streams.count == 3)
        guard case .internet(let found) = listening.streams[0] else {
            Issue.record("\(listening.streams)")
            return
        }
        #expect(found.port != 0 && found.port != listening.address.port)
    }

    @Test("the file of a Unix socket has the mode that the umask leaves, and goes with its owner")
    func mode() throws {
        let folder = Folder()
        let before = umask(0o027)
        defer { umask(before) }
        let listening = try Listening.open(
            options([.unix(path: folder.path + "/s")]), Limits())
        #expect(folder.mode.map { $0 & 0o777 } == 0o750)
        close(listening)
        #expect(folder.mode == nil)
    }

    @Test("a file that nobody answers at is replaced, a living one is not")
    func stale() throws {
        let folder = Folder()
        let address = StreamAddress.unix(path: folder.path + "/s")
        Glibc.close(folder.bindSocket())
        let first = try Listening.open(options([address]), Limits())
        do throws(EngineError) {
            _ = try Listening.open(options([address]), Limits())
            Issue.record("two at one path")
        } catch {
            #expect(error.sentence.contains("somebody answers there"))
        }
        // The one that was refused has taken nothing along.
        #expect(folder.mode != nil)
        close(first)
        #expect(folder.mode == nil)
    }

    @Test("what is no socket is left alone")
    func otherFile() throws {
        let folder = Folder()
        let path = folder.path + "/s"
        let file = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        Glibc.close(file)
        #expect(throws: EngineError.self) {
            _ = try Listening.open(options([.unix(path: path)]), Limits())
        }
        #expect(folder.mode.map { $0 & S_IFMT } == S_IFREG)
        #expect(throws: EngineError.self) {
            _ = try Listening.open(options([.unix(path: folder.path + "/none/s")]), Limits())
        }
    }

    @Test("a file that a successor has put in the place of ours stays")
    func successor() throws {
        let folder = Folder()
        let listening = try Listening.open(
            options([.unix(path: folder.path + "/s")], cores: 1), Limits())
        for listener in listening.listeners.joined() { Glibc.close(listener.descriptor) }
        // Its listeners are closed, as in a drain; the next server takes the path.
        let next = folder.bindSocket()
        defer { Glibc.close(next) }
        for file in listening.files { file.remove() }
        #expect(folder.mode != nil)
    }

    @Test("a successor listens at the same ports, and its file replaces the other when it is ready")
    func takingOver() throws {
        for cores in [1, 2] {
            let folder = Folder()
            var options = options([.unix(path: folder.path + "/s")], cores: cores)
            let before = try Listening.open(options, Limits())
            options.address = before.address
            options.takesOver = true
            let after = try Listening.open(options, Limits())
            #expect(after.address == before.address)
            #expect(folder.file == before.files[0].made.number)
            var file = after.files[0]
            #expect(file.takePlace() == 0)
            #expect(folder.file == file.made.number)
            #expect(file.takePlace() == 0)
            // Neither takes the other's file along.
            close(before)
            #expect(folder.file == file.made.number)
            for listener in after.listeners.joined() { Glibc.close(listener.descriptor) }
            file.remove()
            #expect(folder.isEmpty)
        }
    }

    @Test("a successor that gives up leaves the other's file")
    func givingUp() throws {
        let folder = Folder()
        let address = StreamAddress.unix(path: folder.path + "/s")
        let before = try Listening.open(options([address]), Limits())
        var options = options([address])
        options.takesOver = true
        close(try Listening.open(options, Limits()))
        #expect(folder.file == before.files[0].made.number)
        close(before)
        #expect(folder.isEmpty)
        // With nobody there it simply listens; what is no socket is not replaced.
        close(try Listening.open(options, Limits()))
        #expect(folder.isEmpty)
        Glibc.close(unsafe open(folder.path + "/s", O_CREAT | O_WRONLY, 0o600))
        #expect(throws: EngineError.self) { _ = try Listening.open(options, Limits()) }
    }

    @Test("what was opened before a listener fails is closed again")
    func nothingIsLeft() throws {
        let folder = Folder()
        let taken = try Listening.open(options([], cores: 1), Limits())
        defer { close(taken) }
        do throws(EngineError) {
            _ = try Listening.open(
                options([.unix(path: folder.path + "/s"), .internet(taken.address)]), Limits())
            Issue.record("two at one port")
        } catch {
            #expect(error.sentence.contains("the port is in use"))
        }
        #expect(folder.mode == nil)
    }
}
