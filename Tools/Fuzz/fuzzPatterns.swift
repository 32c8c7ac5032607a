// fuzzPatterns — room texts, globs and the index under arbitrary octets, each against a model.
//
// The first octet chooses what is tried. The models share no code with what they check: texts are
// parsed by hand, globs are matched by a table over (step, character), the index by asking every
// subscription in turn. A disagreement stops the process with a sentence.

import Bytes
import Rooms

/// Tries `bytes`; returns when nothing disagrees.
func fuzzPatterns(_ bytes: UnsafeRawBufferPointer) {
    let input = unsafe Array(bytes)
    guard let choice = input.first else { return }
    let rest = Array(input.dropFirst())
    switch choice & 3 {
    case 0: fuzzRoomText(rest)
    case 1: fuzzDottedName(rest)
    case 2: fuzzGlob(rest)
    default: fuzzIndex(rest)
    }
}

private func segmentList(of room: Room) -> [[UInt8]] {
    (0..<room.segmentCount).map { Array(room[segment: $0]) }
}

private func fuzzRoomText(_ octets: [UInt8]) {
    let parsed = try? unsafe Room(text: octets.span.bytes)
    precondition(parsed.map(segmentList) == parsedByHand(octets), "a text means another room")
    guard let parsed else { return }
    let again = try? Room(text: parsed.text)
    precondition(again == parsed, "a room does not come back from its text")
}

private func parsedByHand(_ octets: [UInt8]) -> [[UInt8]]? {
    func digit(_ octet: UInt8) -> UInt8? {
        UInt8(String(decoding: [octet], as: UTF8.self), radix: 16)
    }
    var result: [[UInt8]] = [[]]
    var rest = octets[...]
    while let octet = rest.popFirst() {
        if octet == 0x2E {
            result.append([])
        } else if octet == 0x25 {
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { return nil }
            result[result.count - 1].append(high << 4 | low)
        } else {
            result[result.count - 1].append(octet)
        }
    }
    let size = result.reduce(result.count - 1) { $0 + $1.count }
    return result.count <= 32 && size <= 255 ? result : nil
}

private func fuzzDottedName(_ octets: [UInt8]) {
    let room = try? unsafe Room(dotted: octets.span.bytes)
    let parts = octets.split(separator: 0x2E, omittingEmptySubsequences: false).map(Array.init)
    let isValid = parts.count <= 32 && octets.count <= 255
    precondition(room.map(segmentList) == (isValid ? parts : nil), "a name is cut elsewhere")
    guard let room else { return }
    for count in 0...room.segmentCount {
        precondition(segmentList(of: room.prefix(count)) == Array(parts.prefix(count)))
    }
}

private func fuzzGlob(_ octets: [UInt8]) {
    guard let size = octets.first, octets.count > Int(size) else { return }
    let pattern = Array(octets[1..<(1 + Int(size))])
    let text = Array(octets[(1 + Int(size))...])
    guard let glob = try? Glob(text: pattern) else { return }
    let matches = unsafe glob.matches(text.span.bytes)
    precondition(unsafe glob.matches([UInt8]().span.bytes) == glob.matchesEmpty)
    // The model reads Unicode; broken octets only have to be survived.
    guard String(validating: pattern, as: UTF8.self) != nil,
        String(validating: text, as: UTF8.self) != nil
    else { return }
    precondition(matches == matchesByTable(pattern, text), "a glob means something else")
}

private func matchesByTable(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    let text = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    var steps = Array(String(decoding: pattern, as: UTF8.self).unicodeScalars)[...]
    // reached[i]: the steps so far can match the first i characters.
    var reached = [Bool](repeating: false, count: text.count + 1)
    reached[0] = true
    while let step = steps.popFirst() {
        var next = [Bool](repeating: false, count: text.count + 1)
        if step == "*" {
            for index in next.indices {
                next[index] =
                    reached[index] || index > 0 && next[index - 1] && text[index - 1] != "\n"
            }
        } else {
            let takes = taker(step, &steps)
            for index in text.indices where reached[index] && takes(text[index]) {
                next[index + 1] = true
            }
        }
        reached = next
    }
    return reached[text.count]
}

private func taker(
    _ step: Unicode.Scalar, _ steps: inout ArraySlice<Unicode.Scalar>
) -> (Unicode.Scalar) -> Bool {
    func member() -> Unicode.Scalar {
        let scalar = steps.removeFirst()
        return scalar == "\\" ? steps.removeFirst() : scalar
    }
    switch step {
    case "?": return { $0 != "\n" }
    case "\\":
        let escaped = steps.removeFirst()
        return { $0 == escaped }
    case "[":
        let isNegated = steps.first == "^"
        if isNegated { steps.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        repeat {
            let low = member()
            if steps.first == "-" && steps.dropFirst().first != "]" {
                steps.removeFirst()
                ranges.append(low...member())
            } else {
                ranges.append(low...low)
            }
        } while steps.first != "]"
        steps.removeFirst()
        return { scalar in ranges.contains { $0.contains(scalar) } != isNegated }
    default: return { $0 == step }
    }
}

/// Reads the octets as orders: subscribe, leave, publish, publish covering.
private func fuzzIndex(_ octets: [UInt8]) {
    var limits = IndexLimits()
    limits.rememberedRooms = 4
    var index = RoomIndex(limits: limits)
    var held: [(entry: EntryID, pattern: Pattern, connection: UInt32)] = []
    var orders = octets[...]
    var connection: UInt32 = 0
    while let order = orders.popFirst() {
        switch order & 7 {
        case 0...3:
            connection += 1
            guard let pattern = pattern(order, &orders) else { continue }
            let entry = try? index.add(
                pattern, in: .standard, class: EnvelopeClass(rawValue: UInt64(order >> 7)),
                connection: connection)
            if let entry { held.append((entry, pattern, connection)) }
        case 4:
            guard !held.isEmpty else { continue }
            index.remove(held.remove(at: Int(order >> 3) % held.count).entry)
        case 5:
            let components = components(&orders)
            guard let room = literal(of: components) else { continue }
            let expected = held.filter {
                if $0.pattern.isNaiveMatch(of: segmentList(of: room)) { return true }
                guard components[0] != nil else { return false }
                switch $0.pattern {
                case .exact:
                    return Pattern.wildcard(components).isNaiveMatch(of: $0.pattern.segments)
                case .wildcard(let own):
                    return own[0] != nil && own.count == components.count
                        && zip(own, components).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
                case .glob(let parent, let glob):
                    let parent = segmentList(of: parent)
                    let above = Array(components.dropLast())
                    let last = segmentList(of: room).last ?? []
                    return !above.isEmpty && Pattern.wildcard(above).isNaiveMatch(of: parent)
                        && matchesByTable(glob.text, last)
                        || Pattern.wildcard(components).isNaiveMatch(of: parent)
                            && matchesByTable(glob.text, [])
                case .prefix: return false
                }
            }
            let found = connections(
                index.match(covering: components, room, in: .standard), index)
            precondition(found == expected.map(\.connection), "a publish covers other rooms")
        default:
            guard let room = room(&orders) else { continue }
            let expected = held.filter { $0.pattern.isNaiveMatch(of: segmentList(of: room)) }
            let found = connections(index.match(room, in: .standard), index)
            precondition(found == expected.map(\.connection), "a publish reaches others")
        }
    }
    index.checkInvariants()
    for subscription in held { index.remove(subscription.entry) }
    index.checkInvariants()
    precondition(index.patternCount == 0)
}

/// The connections on the lists, in the order in which they subscribed.
private func connections(_ lists: MatchedLists, _ index: borrowing RoomIndex) -> [UInt32] {
    var result: [UInt32] = []
    for place in 0..<lists.count {
        let members = index.members(of: lists[place])
        for position in members.indices { result.append(members[position].connection) }
    }
    return result.sorted()
}

/// One octet says how many segments follow and which of six small ones each is.
private func components(_ orders: inout ArraySlice<UInt8>) -> [[UInt8]?] {
    let values: [[UInt8]?] = [nil, [], [0x61], [0x62], [0x61, 0x2E], [0x61, 0x62]]
    let count = Int(orders.popFirst() ?? 0) % 3 + 1
    return (0..<count).map { _ in values[Int(orders.popFirst() ?? 0) % values.count] }
}

private func room(_ orders: inout ArraySlice<UInt8>) -> Room? {
    var room = Room()
    for component in components(&orders) {
        guard let component, (try? unsafe room.append(component.span.bytes)) != nil else {
            return nil
        }
    }
    return room
}

private func pattern(_ order: UInt8, _ orders: inout ArraySlice<UInt8>) -> Pattern? {
    switch order & 3 {
    case 0: return room(&orders).map(Pattern.exact)
    case 1: return .wildcard(components(&orders))
    case 2:
        return room(&orders).map { .prefix(Array(segmentList(of: $0).joined(separator: [0x2E]))) }
    default:
        let texts: [[UInt8]] = [[0x2A], [0x3F], [0x61, 0x2A], [], [0x2A, 0x62], [0x61]]
        guard let parent = room(&orders) else { return nil }
        let text = texts[Int(orders.popFirst() ?? 0) % texts.count]
        return (try? Glob(text: text)).map { .glob(parent: parent, $0) }
    }
}

extension Pattern {
    fileprivate var segments: [[UInt8]] {
        if case .exact(let room) = self { segmentList(of: room) } else { [] }
    }

    fileprivate func isNaiveMatch(of segments: [[UInt8]]) -> Bool {
        switch self {
        case .exact: return self.segments == segments
        case .prefix(let octets):
            return Array(segments.joined(separator: [0x2E])).starts(with: octets)
        case .wildcard(let components):
            return components.count == segments.count
                && zip(components, segments).allSatisfy { $0 == nil || $0 == $1 }
        case .glob(let parent, let glob):
            let parent = segmentList(of: parent)
            if parent == segments { return matchesByTable(glob.text, []) }
            guard let last = segments.last, parent == Array(segments.dropLast()) else {
                return false
            }
            return matchesByTable(glob.text, last)
        }
    }
}

/// The room that stands for all that a publication covers.
private func literal(of components: [[UInt8]?]) -> Room? {
    var room = Room()
    for component in components {
        let segment = component ?? [0x2A]
        guard (try? room.append(unsafe segment.span.bytes)) != nil else { return nil }
    }
    return room
}
