// Threshold — what a build server asks of a comparison: `p99<=1.10`, `throughput>=0.95`.
//
// The limit is a ratio B/A. Two ways to judge, because two kinds of mistakes cost differently:
// by the ratio alone, which is simple, and now and then fails a build for nothing; or only when
// the difference is sure, which needs longer runs to notice small losses and cries wolf one time
// in forty at most.

/// A limit for the ratio of one figure.
package struct Threshold: Sendable, Equatable, Codable, CustomStringConvertible {
    package enum Relation: String, Sendable, Equatable, Codable {
        case atMost = "<="
        case atLeast = ">="
    }

    package var metric: Comparison.Metric
    package var relation: Relation
    /// The ratio B/A that is just acceptable; above 0.
    package var limit: Double

    package init(metric: Comparison.Metric, relation: Relation, limit: Double) {
        precondition(limit > 0 && limit.isFinite)
        self.metric = metric
        self.relation = relation
        self.limit = limit
    }

    /// Reads a figure's name, `<=` or `>=`, and a ratio; spaces between them do not matter.
    package init(_ text: String) throws(ThresholdError) {
        let words = text.filter { $0 != " " }
        guard let sign = words.firstIndex(where: { $0 == "<" || $0 == ">" || $0 == "=" }) else {
            throw .noRelation(text)
        }
        let name = String(words[..<sign])
        guard let metric = Comparison.Metric(rawValue: name) else {
            throw .unknownFigure(name, in: text)
        }
        let rest = words[sign...]
        guard let relation = Relation(rawValue: String(rest.prefix(2))) else {
            throw .noRelation(text)
        }
        let number = String(rest.dropFirst(2))
        guard number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
            let limit = Double(number), limit > 0, limit.isFinite
        else { throw .noRatio(number, in: text) }
        self.init(metric: metric, relation: relation, limit: limit)
    }

    package var description: String {
        // Swift's own shortest form, so that what is printed can be typed again.
        "\(metric.rawValue)\(relation.rawValue)\(limit)"
    }
}

/// What is wrong with the text of a threshold; its text is for whoever typed it.
package enum ThresholdError: Error, Equatable, CustomStringConvertible {
    case unknownFigure(String, in: String)
    case noRelation(String)
    case noRatio(String, in: String)

    package var description: String {
        switch self {
        case .unknownFigure(let name, let text):
            "threshold \"\(text)\": there is no figure \"\(name)\"; there are "
                + Comparison.Metric.allCases.map(\.rawValue).joined(separator: ", ")
        case .noRelation(let text):
            "threshold \"\(text)\": write a figure, <= or >=, and a ratio, like p99<=1.10"
        case .noRatio(let number, let text):
            "threshold \"\(text)\": \"\(number)\" is not a ratio above 0; 1.10 allows 10 % more"
        }
    }
}

/// How strictly thresholds are judged.
package enum Strictness: String, Sendable, Equatable, Codable {
    /// Missed when the ratio is beyond the limit.
    case byRatio
    /// Missed when the ratio is beyond the limit and the difference is sure: the whole confidence
    /// interval lies on the bad side of 1 (of the limit, when the limit asks for an improvement).
    /// Without an interval it cannot be judged.
    case onlyWhenSure
}

/// What a comparison says about a threshold.
package struct Judgement: Sendable, Equatable, Codable {
    package enum Status: String, Sendable, Equatable, Codable {
        case met
        case missed
        /// One of the runs does not know the figure, or there is no interval and one is needed.
        case unjudged
    }

    package var threshold: Threshold
    package var status: Status
    /// Why, in a few words.
    package var reason: String
}

extension Comparison {
    /// Judges each threshold. One that cannot be judged does not fail, and says why.
    package func judge(
        _ thresholds: [Threshold], strictness: Strictness = .byRatio
    ) -> [Judgement] {
        thresholds.map { threshold in
            guard let line = line(of: threshold.metric) else {
                return Judgement(
                    threshold: threshold, status: .unjudged, reason: "not known for both runs")
            }
            let (status, reason) = threshold.judge(line, strictness)
            return Judgement(threshold: threshold, status: status, reason: reason)
        }
    }

    /// What the process ends with: 4 when a threshold is missed (3 is for a server that was
    /// wrong), else 0.
    package static func exitStatus(of judgements: [Judgement]) -> Int32 {
        judgements.contains { $0.status == .missed } ? 4 : 0
    }
}

extension Threshold {
    fileprivate func judge(
        _ line: Comparison.Line, _ strictness: Strictness
    ) -> (Judgement.Status, String) {
        let ratio = "ratio \(Quantity.ratio(line.ratio))"
        let isWithin =
            switch relation {
            case .atMost: line.ratio <= limit
            case .atLeast: line.ratio >= limit
            }
        if isWithin { return (.met, ratio) }
        guard strictness == .onlyWhenSure else { return (.missed, ratio) }
        guard let lower = line.lower, let upper = line.upper else {
            return (.unjudged, "\(ratio) without a confidence interval")
        }
        let isSure =
            switch relation {
            case .atMost: lower > Swift.min(1, limit)
            case .atLeast: upper < Swift.max(1, limit)
            }
        return isSure ? (.missed, "\(ratio), surely") : (.met, "\(ratio), which may be chance")
    }
}
