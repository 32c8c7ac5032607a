// MetricsPage, links — how those to brokers and back ends are doing.

extension MetricsPage {
    static func writeLinks(_ links: [LinkStatus], _ writer: inout ExpositionWriter) {
        writer.family(
            "link_connected", .gauge, help: "Whether a link to a broker or back end serves.")
        for link in links {
            writer.sample("link_connected", link.labels, link.isConnected ? "1" : "0")
        }
        for counter in LinkCounter.allCases {
            writer.family(
                "link_\(counter.name)", counter.isGauge ? .gauge : .counter, help: counter.help)
            for link in links {
                writer.sample("link_\(counter.name)", link.labels, String(link[counter]))
            }
        }
    }
}

extension LinkStatus {
    fileprivate var labels: [MetricLabel] { [("kind", kind.rawValue), ("name", name)] }
}

extension LinkCounter {
    fileprivate var isGauge: Bool { self == .inFlight || self == .waiting }

    fileprivate var help: String {
        switch self {
        case .connects: "Connections made to a broker."
        case .gaps: "Connections lost; what was sent meanwhile may have passed unseen."
        case .messages: "Messages taken from a broker."
        case .duplicates: "Messages that came again and were recognised."
        case .rejected: "Messages that could not be understood, and were dropped."
        case .published: "Messages handed to a broker."
        case .requests: "Requests sent to a back end."
        case .shared: "Requests that were answered by the answer to an equal one."
        case .failures: "Requests or messages that came to nothing."
        case .breaks: "Times that a failing back end was left alone."
        case .inFlight: "Requests under way."
        case .waiting: "Requests that wait for their turn."
        }
    }
}
