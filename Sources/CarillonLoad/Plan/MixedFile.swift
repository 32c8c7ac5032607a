// MixedFile — the file of a mixed run: which clients there are, and what each kind does.

internal import Bytes
internal import Configuration

/// What is wrong with the file, and in which line if that is known.
struct MixedFileError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

struct MixedFile {
    let roomCount: Int
    private let tables: [[String: RawValue]]

    private static let roles: [String: Role] = [
        "subscriber": .subscriber, "publisher": .publisher, "requester": .requester,
        "visitor": .visitor, "idler": .idler, "callee": .callee,
    ]
    private static let keys = [
        "name", "role", "connections", "rate", "window", "phases", "size", "stuck",
        "storm_every", "storm_share",
    ]

    init(_ text: String) throws(MixedFileError) {
        let document: TOMLDocument
        do throws(TOMLDocument.Failure) { document = try TOMLDocument(text) } catch {
            throw MixedFileError("line \(error.line): \(error.message)")
        }
        for key in document.root.keys where key != "rooms" && key != "clients" {
            throw MixedFileError("unknown key \"\(key)\"; there are rooms and [[clients]]")
        }
        switch document.root["rooms"] {
        case nil: roomCount = 1
        case .integer(let count) where (1...1_000_000).contains(count): roomCount = count
        default: throw MixedFileError("rooms takes a number from 1 to 1000000")
        }
        guard case .list(let list) = document.root["clients"], !list.isEmpty else {
            throw MixedFileError("there are no [[clients]]")
        }
        var tables: [[String: RawValue]] = []
        for element in list {
            guard case .table(let table) = element else {
                throw MixedFileError("clients takes tables: [[clients]]")
            }
            tables.append(table)
        }
        self.tables = tables
    }

    func populations(_ speech: Speech, deflate: Bool) throws(MixedFileError) -> [Population] {
        var populations: [Population] = []
        for (place, table) in tables.enumerated() {
            populations.append(
                try population(table, "[[clients]] \(place + 1)", speech, deflate))
        }
        return populations
    }

    private func population(
        _ table: [String: RawValue], _ place: String, _ speech: Speech, _ deflate: Bool
    ) throws(MixedFileError) -> Population {
        for key in table.keys.sorted() where !Self.keys.contains(key) {
            throw MixedFileError(
                "\(place): unknown key \"\(key)\"; there are \(Self.keys.joined(separator: ", "))")
        }
        guard case .text(let roleName) = table["role"], let role = Self.roles[roleName] else {
            throw MixedFileError(
                "\(place): role is one of \(Self.roles.keys.sorted().joined(separator: ", "))")
        }
        var name = roleName
        if case .text(let given) = table["name"] { name = given }
        guard let count = try number(table, "connections", place, 1...9_999_999, otherwise: 1)
        else { throw MixedFileError("\(place): connections is missing") }
        var population = Population(
            name: name, role: role, count: Int(count), speech: speech)
        population.offersDeflate = deflate
        population.payloadSize = Int(
            try number(
                table, "size", place, Double(Stamp.size)...Double(Filler.sizeLimit), otherwise: 128)
                ?? 128)
        let stuck = try number(table, "stuck", place, 0...1, otherwise: 0) ?? 0
        population.stuckCount = Int(stuck * count)
        population.stormShare =
            try number(table, "storm_share", place, 0...1, otherwise: 1) ?? 1
        if let every = table["storm_every"] {
            guard case .text(let text) = every, let duration = DurationText.duration(text),
                duration >= .milliseconds(100), duration <= .seconds(86_400)
            else { throw MixedFileError("\(place): storm_every takes a time, such as \"10s\"") }
            population.stormInterval = duration.nanoseconds
        }
        population.pace = try pace(table, place, role)
        return population
    }

    private func pace(
        _ table: [String: RawValue], _ place: String, _ role: Role
    ) throws(MixedFileError) -> Pace {
        let given = ["rate", "window", "phases"].filter { table[$0] != nil }
        guard given.count <= 1 else {
            throw MixedFileError("\(place): \(given.joined(separator: " and ")) exclude each other")
        }
        if let rate = try number(table, "rate", place, 1e-6...1e9, otherwise: nil) {
            return .open(Schedule(rate: rate))
        }
        if let window = try number(table, "window", place, 1...1_000_000, otherwise: nil) {
            return .closed(window: Int(window))
        }
        if let phases = table["phases"] {
            guard case .text(let text) = phases else {
                throw MixedFileError("\(place): phases takes a text, such as \"10s:0..500\"")
            }
            do throws(ScheduleError) { return .open(try Schedule(text)) } catch {
                throw MixedFileError("\(place): \(error.description)")
            }
        }
        return role == .publisher ? .open(Schedule(rate: 10)) : .closed(window: 1)
    }

    private func number(
        _ table: [String: RawValue], _ key: String, _ place: String, _ range: ClosedRange<Double>,
        otherwise: Double?
    ) throws(MixedFileError) -> Double? {
        let value: Double
        switch table[key] {
        case nil: return otherwise
        case .integer(let number): value = Double(number)
        case .decimal(let number): value = number
        default: throw MixedFileError("\(place): \(key) takes a number")
        }
        guard range.contains(value) else {
            throw MixedFileError(
                "\(place): \(key) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
