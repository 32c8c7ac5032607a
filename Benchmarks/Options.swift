// Options — what the command line asks of the benchmarks.

import Glibc

/// How much is measured, and how it is printed.
struct Options {
    /// Inputs that only show that everything works: the whole suite takes seconds in debug.
    var isSmall = false
    /// One JSON object per line instead of the table.
    var isJSON = false
    /// Benchmarks whose name contains one of these; all of them when empty.
    var filters: [String] = []

    init(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let argument = rest.popFirst() {
            switch argument {
            case "--small": isSmall = true
            case "--json": isJSON = true
            case "--filter":
                guard let names = rest.popFirst() else { Self.stop("--filter wants names") }
                filters += names.split(separator: ",").map(String.init)
            default: Self.stop("unknown option \(argument)")
            }
        }
    }

    func wants(_ name: String) -> Bool {
        filters.isEmpty || filters.contains { name.contains($0) }
    }

    /// Ends the process with the status for wrong usage (sysexits).
    private static func stop(_ complaint: String) -> Never {
        print("Benchmarks: \(complaint)")
        print("usage: Benchmarks [--small] [--json] [--filter NAME,...]")
        exit(64)
    }
}
