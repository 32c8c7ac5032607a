// Options+Read — options out of their map, key by key.
//
// Which keys mean something depends on the message. The compared names differ in length more often
// than not, so most comparisons are one of two integers.

internal import Hub
internal import Codecs

extension Options {
    /// Reads the map that begins here.
    ///
    /// - Throws: `unexpectedKind` if it is none, otherwise what makes it undecodable.
    internal mutating func read<Reader: ItemReader & ~Escapable>(
        _ reader: inout Reader, of code: MessageCode
    ) throws(CodecError) {
        var map = try reader.beginMap()
        while let key = try reader.nextKey(&map) {
            let isKnown =
                switch code {
                case .publish: try readPublish(key, &reader)
                case .subscribe: try readSubscribe(key, &reader)
                case .register: try readRegister(key, &reader)
                case .call, .yield, .invocation, .result: try readCall(key, &reader)
                case .cancel, .interrupt: try readCancel(key, &reader)
                case .event: try readEvent(key, &reader)
                case .error: try readPassthru(key, &reader)
                default: false
                }
            if !isKnown { _ = try reader.item() }
        }
    }

    private mutating func readPublish<Reader: ItemReader & ~Escapable>(
        _ key: Item, _ reader: inout Reader
    ) throws(CodecError) -> Bool {
        if reader.string(key, equals: "acknowledge") {
            try readFlag(.acknowledge, &reader)
        } else if reader.string(key, equals: "exclude_me") {
            try readFlag(.excludeMe, &reader)
        } else if reader.string(key, equals: "disclose_me") {
            try readFlag(.discloseMe, &reader)
        } else if reader.string(key, equals: "retain") {
            try readFlag(.retain, &reader)
        } else if reader.string(key, equals: "exclude") {
            filters.exclude = try readFilter(.exclude, .integer, &reader)
        } else if reader.string(key, equals: "exclude_authid") {
            filters.excludeAuthID = try readFilter(.excludeAuthID, .string, &reader)
        } else if reader.string(key, equals: "exclude_authrole") {
            filters.excludeAuthRole = try readFilter(.excludeAuthRole, .string, &reader)
        } else if reader.string(key, equals: "eligible") {
            filters.eligible = try readFilter(.eligible, .integer, &reader)
        } else if reader.string(key, equals: "eligible_authid") {
            filters.eligibleAuthID = try readFilter(.eligibleAuthID, .string, &reader)
        } else if reader.string(key, equals: "eligible_authrole") {
            filters.eligibleAuthRole = try readFilter(.eligibleAuthRole, .string, &reader)
        } else {
            return try readPassthru(key, &reader)
        }
        return true
    }

    private mutating func readSubscribe<Reader: ItemReader & ~Escapable>(
        _ key: Item, _ reader: inout Reader
    ) throws(CodecError) -> Bool {
        if reader.string(key, equals: "match") {
            try readMatch(&reader)
        } else if reader.string(key, equals: "get_retained") {
            try readFlag(.getRetained, &reader)
        } else {
            return false
        }
        return true
    }

    private mutating func readRegister<Reader: ItemReader & ~Escapable>(
        _ key: Item, _ reader: inout Reader
    ) throws(CodecError) -> Bool {
        if reader.string(key, equals: "match") {
            try readMatch(&reader)
        } else if reader.string(key, equals: "invoke") {
            let value = try reader.item()
            let found = InvocationPolicy.allCases.first { reader.string(value, equals: $0.name) }
            invoke = found ?? .single
            note(.invoke, isValid: found != nil)
        } else if reader.string(key, equals: "concurrency") {
            concurrency = try readNumber(.concurrency, &reader)
        } else if reader.string(key, equals: "disclose_caller") {
            try readFlag(.discloseCaller, &reader)
        } else if reader.string(key, equals: "forward_timeout") {
            try readFlag(.forwardTimeout, &reader)
        } else if reader.string(key, equals: "force_reregister") {
            try readFlag(.forceReregister, &reader)
        } else {
            return false
        }
        return true
    }

    /// CALL and YIELD, and for clients INVOCATION and RESULT.
    private mutating func readCall<Reader: ItemReader & ~Escapable>(
        _ key: Item, _ reader: inout Reader
    ) throws(CodecError) -> Bool {
        if reader.string(key, equals: "timeout") {
            timeout = try readNumber(.timeout, &reader)
        } else if reader.string(key, equals: "receive_progress") {
            try readFlag(.receiveProgress, &reader)
        } else if reader.string(key, equals: "progress") {
            try readFlag(.progress, &reader)
        } else if reader.string(key, equals: "disclose_me") {
            try readFlag(.discloseMe, &reader)
        } else {
            return try readPassthru(key, &reader)
        }
        return true
    }

    private mutating func readCancel<Reader: ItemReader & ~Escapable>(
        _ key: Item, _ reader: inout Reader
    ) throws(CodecError) -> Bool {
        guard reader.string(key, equals: "mode") else { return false }
        let value = try reader.item()
        mode = CancelMode.allCases.first { reader.string(value, equals: $0.name) } ?? .killNoWait
        return true
    }

    private mutating func readEvent<Reader: ItemReader & ~Escapable>(
        _ key: Item, _ reader: inout Reader
    ) throws(CodecError) -> Bool {
        guard reader.string(key, equals: "retained") else { return try readPassthru(key, &reader) }
        try readFlag(.retained, &reader)
        return true
    }

    private mutating func readPassthru<Reader: ItemReader & ~Escapable>(
        _ key: Item, _ reader: inout Reader
    ) throws(CodecError) -> Bool {
        if reader.string(key, equals: "ppt_scheme") {
            passthru.scheme = try readText(&reader)
        } else if reader.string(key, equals: "ppt_serializer") {
            passthru.serializer = try readText(&reader)
        } else if reader.string(key, equals: "ppt_cipher") {
            passthru.cipher = try readText(&reader)
        } else if reader.string(key, equals: "ppt_keyid") {
            passthru.keyID = try readText(&reader)
        } else if reader.string(key, equals: "enc_algo") {
            passthru.oldAlgorithm = try readText(&reader)
        } else if reader.string(key, equals: "enc_key") {
            passthru.oldKey = try readText(&reader)
        } else if reader.string(key, equals: "enc_serializer") {
            passthru.oldSerializer = try readText(&reader)
        } else {
            return false
        }
        return true
    }
}

// MARK: - Values

extension Options {
    private mutating func readFlag<Reader: ItemReader & ~Escapable>(
        _ flag: OptionFlags, _ reader: inout Reader
    ) throws(CodecError) {
        switch try reader.item().kind {
        case .true: note(flag, true)
        case .false: note(flag, false)
        default: note(flag, nil)
        }
    }

    private mutating func readMatch<Reader: ItemReader & ~Escapable>(
        _ reader: inout Reader
    ) throws(CodecError) {
        let value = try reader.item()
        let found = MatchPolicy.allCases.first { reader.string(value, equals: $0.name) }
        match = found ?? .exact
        note(.match, isValid: found != nil)
    }

    private mutating func readNumber<Reader: ItemReader & ~Escapable>(
        _ key: OptionKey, _ reader: inout Reader
    ) throws(CodecError) -> UInt64 {
        let value = reader.unsigned(try reader.item())
        note(key, isValid: value != nil)
        return value ?? 0
    }

    /// A string as it is written; of another type it counts as absent.
    private func readText<Reader: ItemReader & ~Escapable>(
        _ reader: inout Reader
    ) throws(CodecError) -> Extent {
        let value = try reader.item()
        return value.kind == .string || value.kind == .octets ? Extent(value.range) : .absent
    }

    /// Items of a list of receivers, or of those who receive nothing. A router hashes or searches
    /// each of them: a million takes it half a second.
    package static var filterLimit: Int { 4096 }

    /// A list whose items are all of one kind and not too many, or one value of it (§16).
    private mutating func readFilter<Reader: ItemReader & ~Escapable>(
        _ key: OptionKey, _ kind: ItemKind, _ reader: inout Reader
    ) throws(CodecError) -> Extent {
        guard reader.isAtArray() else {
            let value = try reader.item()
            note(key, isValid: value.kind == kind)
            return Extent(value.range)
        }
        let start = reader.position
        var list = try reader.beginArray()
        var isValid = true
        var count = 0
        while try reader.next(&list) {
            if try reader.item().kind != kind { isValid = false }
            count += 1
        }
        note(key, isValid: isValid && count <= Self.filterLimit)
        return Extent(start..<reader.position)
    }
}
