// Problem — one thing that is wrong with a configuration, said so that it can be found.
//
// A load collects every problem before it gives up: nobody should have to start a server five
// times to learn of five typing errors.

/// Where a value comes from.
package enum ValueSource: Sendable, Equatable, CustomStringConvertible {
    case standard
    case file(name: String, line: Int?)
    case environment(String)
    case flag(String)

    package var description: String {
        switch self {
        case .standard: "default"
        case .file(let name, let line): line.map { "\(name):\($0)" } ?? name
        case .environment(let variable): "environment \(variable)"
        case .flag(let flag): "flag \(flag)"
        }
    }
}

/// One mistake.
package struct ConfigurationProblem: Error, Equatable, CustomStringConvertible {
    package let source: ValueSource
    package let message: String

    package init(_ source: ValueSource, _ message: String) {
        self.source = source
        self.message = message
    }

    /// `carillon.toml:12: limits.frames_per_turn is 0; expected a whole number from 1 to 65536`
    package var description: String {
        source == .standard ? message : "\(source): \(message)"
    }
}

/// Everything that is wrong with a configuration; at least one problem. Exit status 78.
package struct ConfigurationProblems: Error, Equatable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package init(problems: [ConfigurationProblem]) {
        precondition(!problems.isEmpty)
        self.problems = problems
    }

    /// One line per problem.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
