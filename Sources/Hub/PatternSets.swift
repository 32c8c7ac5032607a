// PatternSets — when one pattern lies inside another, and when two of them share a room.
//
// A permission for a pattern must not be read off its text: `com.` as a prefix holds `com..x` as a
// wildcard, and neither text says so. Patterns are sets of rooms here, and the rooms are all there
// can be, of every dialect: a segment may be empty and may hold dots, so the prefix `a.b.c` and the
// wildcard `a.` share the room of the two segments `a` and `b.c`.
//
// Where an answer would need more than a look at the patterns it errs to the safe side: what is
// called contained is contained, and what is called disjoint is disjoint.

package import Rooms

extension Pattern {
    /// The same set in its plainest form: a wildcard without a gap and a glob without a wildcard
    /// are one room. `nil` when no room can be in it, because none is that long.
    var simplified: Pattern? {
        switch self {
        case .exact(let room): return room.segmentCount > 0 ? self : nil
        case .prefix(let octets): return octets.count <= Room.sizeLimit ? self : nil
        case .wildcard(let components):
            guard (1...Room.segmentLimit).contains(components.count) else { return nil }
            let size = components.reduce(components.count - 1) { $0 + ($1?.count ?? 0) }
            guard size <= Room.sizeLimit else { return nil }
            var room = Room()
            for component in components {
                guard let component else { return self }
                guard room.append(octets: component) else { return nil }
            }
            return .exact(room)
        case .glob(let parent, let glob):
            let beginning = glob.beginning
            guard beginning.isWhole, !beginning.octets.isEmpty else { return self }
            var room = parent
            return room.append(octets: beginning.octets) ? .exact(room) : nil
        }
    }

    /// Whether `room` is in the set, like ``Pattern/matches(_:)``; allocates nothing.
    package func covers(_ room: Room) -> Bool {
        if case .prefix(let octets) = self { return room.order(after: octets) == .begins }
        return matches(room)
    }

    /// Whether every room of `inner` is in this set; both must be ``simplified``.
    ///
    /// - an exact room holds itself;
    /// - a prefix holds a room or prefix that begins with it, a wildcard whose fixed segments
    ///   before its first gap, each with the dot behind it, begin with it, and a glob whose parent
    ///   and plain beginning begin with it (the parent alone, if the glob takes the empty text);
    /// - a wildcard holds the rooms it matches, wildcards of its length that fix what it fixes, and
    ///   globs that do not take the empty text, under a parent that it matches, if its last segment
    ///   is open. It holds no prefix: rooms of other lengths have it, too;
    /// - a glob holds the rooms it matches and itself.
    func contains(_ inner: Pattern) -> Bool {
        switch (self, inner) {
        case (_, .exact(let room)): return covers(room)
        case (.exact, _): return false
        case (.prefix(let outer), .prefix(let octets)): return octets.starts(with: outer)
        case (.prefix(let outer), .wildcard(let components)):
            return Pattern.beginning(of: components).starts(with: outer)
        case (.prefix(let outer), .glob(let parent, let glob)):
            if glob.matchesEmpty { return parent.order(after: outer) == .begins }
            return Pattern.beginning(of: glob, under: parent).starts(with: outer)
        case (.wildcard, .prefix): return false
        case (.wildcard(let outer), .wildcard(let components)):
            return outer.count == components.count
                && zip(outer, components).allSatisfy { $0 == nil || $0 == $1 }
        case (.wildcard(let outer), .glob(let parent, let glob)):
            return !glob.matchesEmpty && outer.count == parent.segmentCount + 1
                && outer[parent.segmentCount] == nil && parent.begins(outer)
        case (.glob, _): return self == inner
        }
    }

    /// Whether some room is in both sets; both must be ``simplified``.
    ///
    /// Exact for rooms, prefixes and wildcards, but for names that would be too long. A prefix is
    /// taken to meet a glob when it agrees with the parent and the plain beginning of the glob, and
    /// two globs are always taken to meet.
    func overlaps(_ other: Pattern) -> Bool {
        switch (self, other) {
        case (_, .exact(let room)): return covers(room)
        case (.exact(let room), _): return other.covers(room)
        case (.prefix(let octets), .prefix(let others)): return octets.agrees(with: others)
        case (.prefix(let octets), .wildcard(let components)),
            (.wildcard(let components), .prefix(let octets)):
            // The first gap can hold whatever the prefix has behind the fixed segments.
            return octets.agrees(with: Pattern.beginning(of: components))
        case (.wildcard(let first), .wildcard(let second)):
            return first.count == second.count
                && zip(first, second).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
        case (.prefix(let octets), .glob(let parent, let glob)),
            (.glob(let parent, let glob), .prefix(let octets)):
            // What agrees with the parent alone agrees with what is below it.
            return octets.agrees(with: Pattern.beginning(of: glob, under: parent))
        case (.wildcard(let components), .glob(let parent, let glob)),
            (.glob(let parent, let glob), .wildcard(let components)):
            if glob.matchesEmpty && Pattern.wildcard(components).matches(parent) { return true }
            guard components.count == parent.segmentCount + 1, parent.begins(components) else {
                return false
            }
            guard let last = components[parent.segmentCount] else { return true }
            let octets = last.span
            return unsafe glob.matches(octets.bytes)
        case (.glob, .glob): return true
        }
    }

    /// What the names of all rooms of a wildcard begin with: the segments before its first gap,
    /// each with the dot behind it.
    private static func beginning(of components: [[UInt8]?]) -> [UInt8] {
        var beginning: [UInt8] = []
        for component in components {
            guard let component else { break }
            beginning += component
            beginning.append(0x2E)
        }
        return beginning
    }

    /// What the names of the rooms below `parent` begin with that a glob matches.
    private static func beginning(of glob: Glob, under parent: Room) -> [UInt8] {
        var beginning: [UInt8] = []
        for index in 0..<parent.segmentCount {
            beginning += parent[segment: index]
            beginning.append(0x2E)
        }
        return beginning + glob.beginning.octets
    }
}

/// How the dotted name of a room stands to some octets.
enum NameOrder {
    case before
    /// The name begins with the octets.
    case begins
    /// Behind them, in octet order, and behind all names that begin with them.
    case after
}

extension Room {
    /// Where the dotted name stands to `octets`, without writing it down.
    func order(after octets: [UInt8]) -> NameOrder {
        let name = self.octets.span
        let octets = octets.span
        var offset = 0
        var place = 0
        for index in 0..<segmentCount {
            if index > 0 {
                if offset == octets.count { return .begins }
                if octets[offset] != 0x2E { return octets[offset] > 0x2E ? .before : .after }
                offset += 1
            }
            let end = range(of: index).upperBound
            while place < end {
                if offset == octets.count { return .begins }
                if octets[offset] != name[place] {
                    return octets[offset] > name[place] ? .before : .after
                }
                offset += 1
                place += 1
            }
        }
        return offset == octets.count ? .begins : .before
    }

    /// Whether the first components, one for each segment, match the segments.
    fileprivate func begins(_ components: [[UInt8]?]) -> Bool {
        (0..<segmentCount).allSatisfy { index in
            guard let component = components[index] else { return true }
            return component.elementsEqual(self[segment: index])
        }
    }

    /// Appends a segment, if there is room for it.
    fileprivate mutating func append(octets: [UInt8]) -> Bool {
        let segment = octets.span
        do throws(RoomError) {
            try unsafe append(segment.bytes)
            return true
        } catch {
            return false
        }
    }
}

extension Glob {
    /// The octets before the first character that stands for others, escapes undone, and whether
    /// there is no such character.
    fileprivate var beginning: (octets: [UInt8], isWhole: Bool) {
        var octets: [UInt8] = []
        var isEscaped = false
        for octet in text {
            if isEscaped {
                octets.append(octet)
                isEscaped = false
            } else {
                switch octet {
                case 0x2A, 0x3F, 0x5B: return (octets, false)  // * ? [
                case 0x5C: isEscaped = true
                default: octets.append(octet)
                }
            }
        }
        return (octets, true)
    }
}

extension [UInt8] {
    /// Whether one of the two begins with the other.
    fileprivate func agrees(with other: [UInt8]) -> Bool {
        starts(with: other) || other.starts(with: self)
    }
}
