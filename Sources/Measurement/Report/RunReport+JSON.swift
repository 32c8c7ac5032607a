// RunReport+JSON — a report as a file, and back.
//
// Keys are sorted, so two files of the same figures are the same octets and a diff shows what
// changed. Members stand on lines of their own, an interval on one line, and a distribution is not
// broken at all: `grep` and eyes find their way, and a thousand buckets do not take a thousand
// lines.

import FoundationEssentials

extension RunReport {
    /// The report as JSON text that ends with a line feed.
    package func json() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A figure that divides by zero must not cost the user the whole report.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        guard let compact = try? encoder.encode(self) else {
            preconditionFailure("a report is made of numbers, texts and lists")
        }
        return JSONLayout.lines(of: [UInt8](compact))
    }

    /// Reads a report.
    ///
    /// - Throws: ``MeasurementError``, whose text says what is wrong with the file.
    package init(json: [UInt8]) throws(MeasurementError) {
        let decoder = JSONDecoder()
        let data = Data(json)
        var isJSON = false
        do {
            let marks = try decoder.decode(Marks.self, from: data)
            guard marks.format == Self.formatName else { throw MeasurementError.notAReport }
            guard marks.formatVersion <= Self.formatVersion else {
                throw MeasurementError.newerFormat(marks.formatVersion)
            }
            isJSON = true
            self = try decoder.decode(RunReport.self, from: data)
        } catch let error as MeasurementError {
            throw error
        } catch let error as DecodingError {
            throw MeasurementError(error, isJSON: isJSON)
        } catch {
            throw .notJSON("\(error)")
        }
        if let reason = implausibility { throw .damaged(reason) }
    }

    /// The members that say what the rest is.
    private struct Marks: Decodable {
        var format: String
        var formatVersion: Int

        init(from decoder: any Decoder) throws {
            // Whatever is JSON and has no mark is simply something else, not a damaged report.
            guard let container = try? decoder.container(keyedBy: CodingKeys.self),
                let format = try? container.decode(String.self, forKey: .format)
            else { throw MeasurementError.notAReport }
            self.format = format
            formatVersion = try container.decode(Int.self, forKey: .formatVersion)
        }

        enum CodingKeys: CodingKey { case format, formatVersion }
    }

    /// What cannot be in a report though its types allow it; `nil` when nothing is.
    private var implausibility: String? {
        guard Self.isTime(durationSeconds), Self.isTime(warmUpSeconds) else {
            return "durationSeconds or warmUpSeconds is not a time"
        }
        guard connectionsAsked >= 0, connectionsOpened >= 0 else { return "connections below 0" }
        guard Self.isTime(server?.cpuSeconds ?? 0) else { return "server.cpuSeconds is not a time" }
        let shares = [generator.busyShareMax, generator.busyShareMean, generator.slippedShare]
        guard shares.allSatisfy(Self.isTime) else { return "a share of the generator below 0" }
        var end = 0.0
        for (index, interval) in intervals.enumerated() {
            guard Self.isTime(interval.startSeconds), Self.isTime(interval.durationSeconds),
                Self.isTime(interval.serverCPUSeconds ?? 0),
                Self.isTime(interval.generatorBusyShare)
            else { return "intervals[\(index)] has a time or a share that is none" }
            // Clocks are read one after another; a millisecond of overlap is no damage.
            guard interval.startSeconds >= end - 0.001 else {
                return "intervals[\(index)] begins before the one before it ends"
            }
            end = interval.startSeconds + interval.durationSeconds
        }
        return nil
    }

    /// Whether `seconds` can be drawn and divided by: finite, not negative, below 30 000 years.
    private static func isTime(_ seconds: Double) -> Bool { seconds >= 0 && seconds < 1e12 }
}

extension MeasurementError {
    /// - Parameter isJSON: Whether the text could be parsed. The decoder reports a number that
    ///   does not fit its type as it reports bad syntax, without a place.
    fileprivate init(_ error: DecodingError, isJSON: Bool) {
        switch error {
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            self =
                isJSON
                ? .damaged("a number that is below 0, has a fraction or is too large")
                : .notJSON(Self.sentence(of: context))
        case .dataCorrupted(let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context):
            self = .damaged(Self.place(context.codingPath) + ": " + Self.sentence(of: context))
        case .keyNotFound(let key, let context):
            self = .damaged(Self.place(context.codingPath + [key]) + " is missing")
        @unknown default:
            self = .damaged("\(error)")
        }
    }

    /// `intervals[3].tally.lost`, as one would write it.
    private static func place(_ path: [any CodingKey]) -> String {
        var place = ""
        for key in path {
            if let index = key.intValue {
                place += "[\(index)]"
            } else {
                place += place.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
        return place
    }

    private static func sentence(of context: DecodingError.Context) -> String {
        guard let cause = context.underlyingError else { return context.debugDescription }
        return "\(context.debugDescription) (\(cause))"
    }
}
