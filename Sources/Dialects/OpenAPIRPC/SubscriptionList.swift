// SubscriptionList — what one connection is subscribed to, in the order in which it asked.
//
// Hundreds of thousands of connections hold one or two subscriptions each, so the list is one run
// of octets: per subscription a size for the channel, a size for the pattern, and both texts.
// Patterns of a channel are neighbours, as the response lists them (specification §3.1). Searching
// is linear; so is the response that every search leads to.

import Bytes
import Codecs

/// Pairs of channel and pattern text, without duplicates.
internal struct SubscriptionList {
    /// Largest channel or pattern, in octets: what one octet can count.
    static let nameLimit = 255

    /// Records of `[channel size][pattern size][channel][pattern]`.
    private var octets: [UInt8] = []
    private(set) var count = 0

    /// Octets that it takes.
    var size: Int { octets.count }

    private struct Record {
        let channel: Range<Int>
        let pattern: Range<Int>

        /// The record that begins at `start`.
        init(at start: Int, in octets: borrowing [UInt8]) {
            let channelEnd = start + 2 + Int(octets[start])
            channel = start + 2..<channelEnd
            pattern = channelEnd..<channelEnd + Int(octets[start + 1])
        }

        var range: Range<Int> { channel.lowerBound - 2..<pattern.upperBound }
    }

    /// Whether any pattern of `channel` is held.
    func holds(channel: [UInt8]) -> Bool { lastRecord(of: channel) != nil }

    func contains(channel: [UInt8], pattern: [UInt8]) -> Bool {
        record(of: channel, pattern: pattern) != nil
    }

    /// Adds a subscription the list does not contain, behind the others of its channel.
    mutating func insert(channel: [UInt8], pattern: [UInt8]) {
        precondition(channel.count <= Self.nameLimit)
        precondition(pattern.count <= Self.nameLimit)
        let place = lastRecord(of: channel)?.range.upperBound ?? octets.count
        let sizes = [UInt8(channel.count), UInt8(pattern.count)]
        octets.insert(contentsOf: sizes + channel + pattern, at: place)
        count += 1
    }

    /// Removes a subscription.
    ///
    /// - Returns: Whether the list contained it.
    mutating func remove(channel: [UInt8], pattern: [UInt8]) -> Bool {
        guard let record = record(of: channel, pattern: pattern) else { return false }
        octets.removeSubrange(record.range)
        count -= 1
        if count == 0 { octets = [] }
        return true
    }

    /// Writes `{"channel":["pattern",…],…}`.
    func write(into json: inout OctetBuffer) {
        var previous = 0..<0
        json.append(0x7B)
        forEach { record in
            if record.channel.lowerBound > 2, octets[previous] == octets[record.channel] {
                json.append(0x2C)
            } else {
                if record.channel.lowerBound > 2 { json.append(literal: "],") }
                json.append(jsonString: unsafe octets.span.bytes.extracting(record.channel))
                json.append(literal: ":[")
            }
            json.append(jsonString: unsafe octets.span.bytes.extracting(record.pattern))
            previous = record.channel
        }
        json.append(literal: count == 0 ? "}" : "]}")
    }

    private func record(of channel: [UInt8], pattern: [UInt8]) -> Record? {
        var start = 0
        while start < octets.count {
            let record = Record(at: start, in: octets)
            if holds(channel, at: record.channel), holds(pattern, at: record.pattern) {
                return record
            }
            start = record.range.upperBound
        }
        return nil
    }

    private func lastRecord(of channel: [UInt8]) -> Record? {
        var found: Record?
        forEach { if holds(channel, at: $0.channel) { found = $0 } }
        return found
    }

    private func holds(_ name: [UInt8], at range: Range<Int>) -> Bool {
        name.count == range.count && octets[range].elementsEqual(name)
    }

    private func forEach(_ body: (Record) -> Void) {
        var start = 0
        while start < octets.count {
            let record = Record(at: start, in: octets)
            body(record)
            start = record.range.upperBound
        }
        assert(start == octets.count)
    }
}
