// NaiveIndex — the room index as one would explain it: a list of subscriptions, asked one by one.
//
// It shares no code with the real one: rooms are arrays of segments, globs are matched by
// recursion.

@testable import Rooms

struct NaiveIndex {
    struct Subscription: Hashable {
        var pattern: Pattern
        var realm: Realm
        var envelopeClass: EnvelopeClass
        var connection: UInt32
    }

    struct Delivery: Hashable, Comparable {
        var connection: UInt32
        var envelopeClass: UInt64

        static func < (left: Delivery, right: Delivery) -> Bool {
            (left.connection, left.envelopeClass) < (right.connection, right.envelopeClass)
        }
    }

    var subscriptions: [UInt32: Subscription] = [:]

    func match(_ room: Room, in realm: Realm) -> [Delivery] {
        deliveries { $0.realm == realm && naiveMatches($0.pattern, room.segments) }
    }

    func match(
        covering components: [[UInt8]?], _ room: Room, in realm: Realm
    ) -> [Delivery] {
        let isOneFamily = components.first.flatMap { $0 } != nil
        return deliveries {
            guard $0.realm == realm else { return false }
            if naiveMatches($0.pattern, room.segments) { return true }
            switch $0.pattern {
            case .exact(let other):
                return isOneFamily && naiveMatches(.wildcard(components), other.segments)
            case .wildcard(let own):
                guard isOneFamily, own.first.flatMap({ $0 }) != nil,
                    own.count == components.count
                else { return false }
                return own.indices.allSatisfy {
                    own[$0] == nil || components[$0] == nil || own[$0] == components[$0]
                }
            case .glob(let parent, let glob):
                guard isOneFamily, let last = room.segments.last else { return false }
                let above = Pattern.wildcard(Array(components.dropLast()))
                return components.count > 1 && naiveMatches(above, parent.segments)
                    && naiveGlobMatches(glob.text, last)
                    || naiveMatches(.wildcard(components), parent.segments)
                        && naiveGlobMatches(glob.text, [])
            case .prefix: return false
            }
        }
    }

    private func deliveries(_ isMatch: (Subscription) -> Bool) -> [Delivery] {
        subscriptions.values.filter(isMatch).map {
            Delivery(connection: $0.connection, envelopeClass: $0.envelopeClass.rawValue)
        }.sorted()
    }
}

func naiveMatches(_ pattern: Pattern, _ segments: [[UInt8]]) -> Bool {
    switch pattern {
    case .exact(let room): return room.segments == segments
    case .prefix(let octets): return Array(segments.joined(separator: [0x2E])).starts(with: octets)
    case .wildcard(let components):
        return components.count == segments.count
            && zip(components, segments).allSatisfy { $0 == nil || $0 == $1 }
    case .glob(let parent, let glob):
        if parent.segments == segments { return naiveGlobMatches(glob.text, []) }
        guard let last = segments.last, parent.segments == Array(segments.dropLast()) else {
            return false
        }
        return naiveGlobMatches(glob.text, last)
    }
}

/// Matches a valid glob over valid UTF-8 by trying everything.
func naiveGlobMatches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    naiveGlobMatches(
        Array(String(decoding: pattern, as: UTF8.self).unicodeScalars)[...],
        Array(String(decoding: text, as: UTF8.self).unicodeScalars)[...])
}

private typealias Scalars = ArraySlice<Unicode.Scalar>

private func naiveGlobMatches(_ pattern: Scalars, _ text: Scalars) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    let rest = pattern.dropFirst()
    switch first {
    case "*":
        if naiveGlobMatches(rest, text) { return true }
        guard let scalar = text.first, scalar != "\n" else { return false }
        return naiveGlobMatches(pattern, text.dropFirst())
    case "?":
        guard let scalar = text.first, scalar != "\n" else { return false }
        return naiveGlobMatches(rest, text.dropFirst())
    case "[":
        guard let scalar = text.first else { return false }
        var set = rest
        let isNegated = set.first == "^"
        if isNegated { set = set.dropFirst() }
        var isMember = false
        var isFirst = true
        while isFirst || set.first != "]" {
            isFirst = false
            let low = takeMember(&set)
            var high = low
            if set.first == "-", set.dropFirst().first != "]" {
                set = set.dropFirst()
                high = takeMember(&set)
            }
            if scalar >= low && scalar <= high { isMember = true }
        }
        return isMember != isNegated && naiveGlobMatches(set.dropFirst(), text.dropFirst())
    case "\\":
        return text.first == rest.first
            && naiveGlobMatches(rest.dropFirst(), text.dropFirst())
    default: return text.first == first && naiveGlobMatches(rest, text.dropFirst())
    }
}

private func takeMember(_ set: inout Scalars) -> Unicode.Scalar {
    if set.first == "\\" { set = set.dropFirst() }
    return set.removeFirst()
}
