// SystemText — the kernel's and the resolver's reasons as text.

internal import CSystem
internal import Glibc

/// The text of an `errno`.
func systemText(_ code: CInt) -> String { unsafe String(cString: carillon_error_text(code)) }

/// The text of a status of getaddrinfo.
func resolverText(_ status: CInt) -> String {
    unsafe gai_strerror(status).map { unsafe String(cString: $0) } ?? "error \(status)"
}
