// MeasurementError — what can be wrong with a report or a distribution from outside.

/// Why something that claims to be a measurement is refused; its text is for whoever passed it.
package enum MeasurementError: Error, Equatable, CustomStringConvertible {
    /// The octets are not JSON; what the parser said.
    case notJSON(String)
    /// JSON, but no report of ours.
    case notAReport
    /// A report of a later version of the tool: its format's number.
    case newerFormat(Int)
    /// A report or a distribution in which something cannot be: where and what.
    case damaged(String)

    package var description: String {
        switch self {
        case .notJSON(let reason): "not JSON: \(reason)"
        case .notAReport:
            "not a report: it has no \"format\": \"\(RunReport.formatName)\""
        case .newerFormat(let version):
            "a report of format \(version), and this version reads up to "
                + "\(RunReport.formatVersion): use the carillon-load that wrote it, or a newer one"
        case .damaged(let reason): "damaged: \(reason)"
        }
    }

    /// The text without the kind, to stand inside another sentence.
    internal var reason: String {
        if case .damaged(let reason) = self { reason } else { description }
    }
}
