// SocketFile — the file that stands for a Unix socket in the file system.

import CSystem
import Glibc

struct SocketFile: Sendable {
    /// Where clients look for it.
    let path: String
    /// Where it is: beside its path as long as that leads to the predecessor.
    private(set) var place: String
    /// Which file it was when it was made.
    let made: carillon_file

    /// Takes the place of the predecessor's file in one step: the path always leads to somebody.
    ///
    /// - Returns: 0, or the number of the error.
    mutating func takePlace() -> Int32 {
        guard place != path else { return 0 }
        guard unsafe rename(place, path) == 0 else { return errno }
        place = path
        return 0
    }

    /// Removes it, unless somebody else has put another in its place.
    func remove() { unsafe carillon_remove_socket(place, made) }

    /// Whether there is a socket at the path, and nothing else.
    static func exists(at path: String) -> Bool {
        var file = stat()
        return unsafe lstat(path, &file) == 0 && file.st_mode & S_IFMT == S_IFSOCK
    }

    /// A name in the same folder that no other process uses; it is short, as paths of sockets are.
    ///
    /// - Parameter number: Another one for every socket of this process.
    static func place(beside path: String, number: Int) -> String {
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? ""
        return "\(folder).\(getpid())-\(number)"
    }
}
