// SystemText — the kernel's and the resolver's reasons as text.

internal import Glibc

/// The text of an `errno`.
func systemText(_ code: CInt) -> String {
    // strerror may use one buffer for all threads; this form writes into ours.
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { room in
        guard let start = room.baseAddress, unsafe strerror_r(code, start, room.count) == 0 else {
            return "error \(code)"
        }
        return unsafe String(cString: start)
    }
}

/// The text of a status of getaddrinfo.
func resolverText(_ status: CInt) -> String {
    unsafe gai_strerror(status).map { unsafe String(cString: $0) } ?? "error \(status)"
}
