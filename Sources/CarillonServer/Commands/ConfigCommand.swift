// ConfigCommand — `carillon config check` and `carillon config default`.

import ArgumentParser
import Configuration

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at the configuration.",
        subcommands: [Check.self, Default.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the configuration and print what is in effect.",
            discussion: """
                Prints every setting as TOML with the place it comes from. With mistakes it \
                prints all of them instead and ends with status 78.
                """)

        @OptionGroup var flags: SettingFlags

        func run() throws {
            do throws(ConfigurationProblems) {
                let effective = try flags.source.load()
                try effective.values.checkFeatureNames()
                if let problem = ServiceParts.problem(of: effective.values) {
                    throw ConfigurationProblems(problems: [
                        ConfigurationProblem(.standard, problem)
                    ])
                }
                print(effective.listing(), terminator: "")
            } catch {
                StandardError.write(error.description + "\n")
                throw error.status
            }
        }
    }

    struct Default: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a configuration file to begin with: every setting, commented out.")

        func run() { print(Configuration.defaultFile(), terminator: "") }
    }
}
