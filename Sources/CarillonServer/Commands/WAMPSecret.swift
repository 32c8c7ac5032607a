// WAMPSecret — a secret out of a file, never from the command line, which everybody on the machine
// sees (proc_pid_cmdline(5)) and a shell keeps in its history.

import ArgumentParser
import Bytes
import Configuration
import Glibc

enum WAMPSecret {
    /// The first line of a file; editors end files with a line end that is no part of the secret.
    static func read(_ path: String) throws -> String {
        let text: String
        do throws(UnreadableFile) {
            text = try ConfigurationSource.read(path)
        } catch {
            StandardError.write("carillon: \(path): cannot be read: \(error.reason)\n")
            throw Status.failure
        }
        let line = text.prefix { !$0.isNewline }
        guard !line.isEmpty else {
            StandardError.write("carillon: \(path): the first line is empty\n")
            throw Status.failure
        }
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_mode & 0o044 != 0
        {
            StandardError.write(
                "carillon: \(path) can be read by others; \"chmod 600 \(path)\" keeps it secret\n")
        }
        return String(line)
    }

    /// A private key of Ed25519 out of a file: 32 octets in hexadecimal.
    static func key(_ path: String) throws -> [UInt8] {
        let text = Array(try read(path).utf8)
        var seed = OctetBuffer(capacity: 32)
        guard text.count == 64, unsafe Hex.decode(text.span.bytes, into: &seed) else {
            throw noKey(path)
        }
        return seed.octets.array
    }

    /// Says that a file holds no key.
    static func noKey(_ path: String) -> ExitCode {
        StandardError.write(
            "carillon: \(path): no private key; it is 64 hexadecimal digits, as "
                + "\"openssl rand -hex 32\" makes them\n")
        return Status.failure
    }
}
