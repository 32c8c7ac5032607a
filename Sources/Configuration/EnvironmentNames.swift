// EnvironmentNames — `CARILLON_SECTION_KEY`, and the look-alikes that are none of ours.

package enum EnvironmentNames {
    package static let prefix = "CARILLON_"

    /// Names the configuration file; the server reads it before there is a configuration.
    package static let file = "CARILLON_CONFIG"

    /// The variable of a setting: `limits.message_size` is `CARILLON_LIMITS_MESSAGE_SIZE`.
    package static func variable(section: String, key: String) -> String {
        prefix + section.uppercased() + "_" + key.uppercased()
    }

    /// Every variable that means something.
    package static let all: [String] = Configuration.sections.filter { !$0.isHidden }.flatMap {
        section in
        section.settings.flatMap { setting in
            let name = variable(section: section.name, key: setting.key)
            return setting.isSecret ? [name, name + "_FILE"] : [name]
        }
    }

    /// Whether a variable is meant for us.
    ///
    /// Kubernetes gives every pod variables about each service: for one that is called
    /// `carillon` these are `CARILLON_SERVICE_HOST`, `CARILLON_PORT_8000_TCP_ADDR` and so on.
    package static func isOurs(_ variable: String) -> Bool {
        guard variable.hasPrefix(prefix), variable != file else { return false }
        let rest = variable.dropFirst(prefix.count)
        // The URL is for the client commands.
        return rest != "URL" && rest != "PORT" && !rest.hasPrefix("PORT_")
            && !rest.hasPrefix("SERVICE_HOST")
            && !rest.hasPrefix("SERVICE_PORT")
    }

    /// The section and key of a variable; `nil` when no section has that name.
    package static func split(_ variable: String) -> (section: String, key: String)? {
        guard variable.hasPrefix(prefix) else { return nil }
        let rest = variable.dropFirst(prefix.count).lowercased()
        let parts = rest.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, variable == variable.uppercased(),
            Configuration.sections.contains(where: { $0.name == parts[0] })
        else { return nil }
        return (String(parts[0]), String(parts[1]))
    }
}
