// RunReport+Figures — the figures as rows of words, the same for the terminal and the page.

extension RunReport {
    /// A name and what it came to.
    internal struct Row: Equatable {
        var name: String
        /// Parts that belong together, each short.
        var values: [String]
    }

    /// The percentiles that are always printed, with their names.
    internal static let percentiles: [(name: String, percentile: Double)] = [
        ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("p99.99", 99.99), ("max", 100),
    ]

    internal var connectionsRow: Row {
        var values = [
            "\(Quantity.count(connectionsOpened)) of \(Quantity.count(connectionsAsked)) opened"
        ]
        if tally.refusedHandshakes > 0 {
            values.append("\(Quantity.count(tally.refusedHandshakes)) refused")
        }
        if tally.disconnected > 0 {
            values.append("\(Quantity.count(tally.disconnected)) ended unexpectedly")
        }
        if tally.reconnected > 0 {
            values.append("\(Quantity.count(tally.reconnected)) opened again")
        }
        return Row(name: "connections", values: values)
    }

    /// `nil` when connections were not timed.
    internal var handshakeRow: Row? {
        guard let handshake, !handshake.isEmpty else { return nil }
        return Row(
            name: "handshake",
            values: [("p50", 50.0), ("p99", 99), ("max", 100)].map { name, percentile in
                "\(name) \(Quantity.nanoseconds(handshake.percentile(percentile)))"
            })
    }

    internal var throughputRow: Row {
        var values: [String] = []
        if work != .none {
            values.append("\(Quantity.rate(rate)) \(work.plural)/s")
        }
        values.append("\(Quantity.octetRate(octetRate)) received")
        if work != .none { values.append("\(Quantity.count(units)) in all") }
        return Row(name: "throughput", values: values)
    }

    /// `nil` when no pid was given.
    internal var serverRow: Row? {
        guard let server else { return nil }
        var values: [String] = []
        if let cost = serverMicrosecondsPerUnit {
            values.append("\(Quantity.nanoseconds(cost * 1000)) of CPU per \(work.singular)")
        }
        if let share = serverCPUShare { values.append("\(Quantity.share(share)) of one CPU") }
        if let size = serverOctetsPerConnection {
            values.append("\(Quantity.octets(size)) per connection")
        }
        if let resident = server.residentAtEnd {
            values.append("\(Quantity.octets(Double(resident))) resident")
        }
        if values.isEmpty { values.append("process \(server.pid), nothing known of it") }
        return Row(name: "server", values: values)
    }

    internal var generatorRow: Row {
        let threads = generator.threads == 1 ? "1 thread" : "\(generator.threads) threads"
        let processes =
            generator.processes == 1 ? "1 process" : "\(generator.processes) processes"
        var values = [
            "\(threads) in \(processes)", "busiest \(Quantity.share(generator.busyShareMax))",
        ]
        if generator.threads > 1 || generator.processes > 1 {
            values.append("mean \(Quantity.share(generator.busyShareMean))")
        }
        if latencyOrigin == .due {
            values.append("\(Quantity.share(generator.slippedShare)) sent late")
        }
        return Row(name: "generator", values: values)
    }

    /// What was looked at, in one sentence.
    internal var checkedText: String {
        let arrived = tally.delivered.addingWithCeiling(tally.answered)
        let connections =
            connectionsOpened == 1
            ? "1 connection" : "\(Quantity.count(connectionsOpened)) connections"
        guard tally.expected > 0 || arrived > 0 else {
            return "\(connections); no messages belong to this scenario"
        }
        return "\(Quantity.count(arrived)) of \(Quantity.count(tally.expected)) expected messages "
            + "on \(connections): \(checks.joined(separator: ", "))"
    }

    /// What must be zero.
    internal var violationCounts: [(name: String, count: UInt64)] {
        [
            ("lost", tally.lost), ("duplicated", tally.duplicated),
            ("reordered", tally.reordered), ("corrupted", tally.corrupted),
        ]
    }

    /// What should be zero.
    internal var mishapCounts: [(name: String, count: UInt64)] {
        [
            ("timed out", tally.timedOut), ("disconnected", tally.disconnected),
            ("refused", tally.refusedHandshakes), ("protocol errors", tally.protocolErrors),
        ]
    }

    /// How long, and when.
    internal var timeText: String {
        let warmUp =
            warmUpSeconds > 0 ? " after \(Quantity.seconds(warmUpSeconds)) of warm-up" : ""
        return "\(Quantity.seconds(durationSeconds)) measured\(warmUp)"
    }

    /// The command as a shell would take it again.
    internal var commandText: String {
        commandLine.map { word in
            let isPlain =
                !word.isEmpty
                && word.unicodeScalars.allSatisfy { scalar in
                    scalar.isASCII && scalar.properties.isAlphabetic
                        || scalar.properties.numericType != nil
                        || "-_./:=,@%+".contains(Character(scalar))
                }
            return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
        }.joined(separator: " ")
    }
}
