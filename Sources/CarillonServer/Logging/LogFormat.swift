// LogFormat — one event as one line: a JSON object for machines, a sentence for people.

import Bytes
import Codecs
import Glibc
import Logging

enum LogFormat: Sendable {
    case json, text

    /// The line for one event, with its line end. Metadata stands in the order of its keys.
    func line(
        level: Logger.Level, message: String, metadata: Logger.Metadata, time: timespec
    ) -> [UInt8] {
        let fields = metadata.sorted { $0.key < $1.key }
        var line = OctetBuffer(capacity: 256)
        switch self {
        case .json: Self.writeJSON(level, message, fields, time, into: &line)
        case .text: Self.writeText(level, message, fields, time, into: &line)
        }
        line.append(0x0A)
        return line.octets.array
    }

    // MARK: JSON

    private static func writeJSON(
        _ level: Logger.Level, _ message: String,
        _ fields: [(key: String, value: Logger.MetadataValue)], _ time: timespec,
        into line: inout OctetBuffer
    ) {
        line.append("{\"time\":\"" as StaticString)
        line.append(timestamp(time, withDate: true))
        line.append("\",\"level\":\"" as StaticString)
        line.append(level.rawValue)
        line.append("\",\"message\":" as StaticString)
        line.append(jsonString: message)
        for (key, value) in fields {
            line.append(0x2C)
            // The event's own members stay unique.
            let isTaken = ["time", "level", "message"].contains(key)
            line.append(jsonString: isTaken ? "_" + key : key)
            line.append(0x3A)
            write(value, into: &line)
        }
        line.append(0x7D)
    }

    private static func write(_ value: Logger.MetadataValue, into line: inout OctetBuffer) {
        switch value {
        case .string(let text): line.append(jsonString: text)
        case .stringConvertible(let value):
            switch value {
            case let number as any BinaryInteger: line.append("\(number)")
            case let flag as Bool: line.append(flag ? "true" : "false")
            case let number as Double where number.isFinite: line.append("\(number)")
            default: line.append(jsonString: value.description)
            }
        case .array(let values):
            line.append(0x5B)
            for (place, value) in values.enumerated() {
                if place > 0 { line.append(0x2C) }
                write(value, into: &line)
            }
            line.append(0x5D)
        case .dictionary(let table):
            line.append(0x7B)
            for (place, field) in table.sorted(by: { $0.key < $1.key }).enumerated() {
                if place > 0 { line.append(0x2C) }
                line.append(jsonString: field.key)
                line.append(0x3A)
                write(field.value, into: &line)
            }
            line.append(0x7D)
        }
    }

    // MARK: text

    private static func writeText(
        _ level: Logger.Level, _ message: String,
        _ fields: [(key: String, value: Logger.MetadataValue)], _ time: timespec,
        into line: inout OctetBuffer
    ) {
        line.append(timestamp(time, withDate: false))
        line.append(0x20)
        line.append(level.rawValue)
        for _ in level.rawValue.utf8.count..<9 { line.append(0x20) }
        line.append(message.visible)
        for (key, value) in fields {
            line.append("  ")
            line.append(key.visible)
            line.append(0x3D)
            line.append(value.description.visible)
        }
    }

    /// RFC 3339 in UTC with milliseconds, or the local time of day.
    static func timestamp(_ time: timespec, withDate: Bool) -> String {
        var seconds = time.tv_sec
        var parts = unsafe tm()
        if withDate {
            _ = unsafe gmtime_r(&seconds, &parts)
        } else {
            _ = unsafe localtime_r(&seconds, &parts)
        }
        let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }
        let text = clock.joined(separator: ":") + "." + digits(Int(time.tv_nsec / 1_000_000), 3)
        guard withDate else { return text }
        let date = unsafe [
            digits(Int(parts.tm_year) + 1900, 4), digits(Int(parts.tm_mon) + 1, 2),
            digits(Int(parts.tm_mday), 2),
        ]
        return date.joined(separator: "-") + "T" + text + "Z"
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
