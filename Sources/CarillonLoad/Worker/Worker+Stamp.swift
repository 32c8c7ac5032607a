// Finding payloads — which message of the run is it, and is it whole?
//
// Hot path. A message is recognised by its stamp, wherever that lies. What was read octet by octet
// for the first subscriber is compared for the others, which is one memcmp (`VerifiedMessages`).

internal import Bytes
internal import CSystem
internal import Measurement

extension Worker {
    enum Finding {
        case none
        /// There should be a stamp, and is none that can be read.
        case damaged
        /// With where its payload ends.
        case stamp(Stamp, isWhole: Bool, end: Int)
    }

    /// Finds the stamp of a message and compares the filler behind it.
    @inline(__always)
    mutating func readStamp(_ payload: UnsafeRawBufferPointer, _ slot: Int) -> Finding {
        let hint = markHint
        guard let start = payload.baseAddress else { return .none }
        if hasOwnParts { return unsafe readOwn(payload, slot) }
        if unsafe hint + Stamp.size <= payload.count
            && start.loadUnaligned(fromByteOffset: hint, as: UInt32.self) == Stamp.mark,
            let stamp = unsafe verified.stamp(of: payload, mark: hint)
        {
            return .stamp(stamp, isWhole: true, end: hint + Int(stamp.payloadSize))
        }
        return unsafe readUnknown(payload, slot)
    }

    /// The same where each subscriber's delivery has a part of its own: up to the end of the
    /// payload it is what all others get, if the part is behind it.
    private mutating func readOwn(_ payload: UnsafeRawBufferPointer, _ slot: Int) -> Finding {
        let hint = markHint
        if unsafe hint + Stamp.size <= payload.count
            && payload.loadUnaligned(fromByteOffset: hint, as: UInt32.self) == Stamp.mark,
            let (stamp, end) = unsafe verified.event(
                beginning: payload, mark: hint, subscription: 0)
        {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: payload[end...])
            if unsafe ownParts.isIn(rest, slot) {
                return .stamp(stamp, isWhole: true, end: payload.count)
            }
        }
        let finding = unsafe readUnknown(payload, slot)
        guard case .stamp(let stamp, let isWhole, let end) = finding else { return finding }
        guard unsafe ownParts.isIn(payload, slot) else {
            problems.add("a delivery does not name the subscription of its receiver")
            return .stamp(stamp, isWhole: false, end: payload.count)
        }
        return .stamp(stamp, isWhole: isWhole, end: end)
    }

    /// The same for a message that is seen for the first time, octet by octet.
    private mutating func readUnknown(_ payload: UnsafeRawBufferPointer, _ slot: Int) -> Finding {
        if isUncheckedText, unsafe !UTF8Checker.accepts(payload.bytes) {
            tally.protocolErrors += 1
            wrongCount += 1
            problems.add("a text message is not UTF-8")
        }
        isUncheckedText = false
        guard let start = payload.baseAddress, let at = unsafe Self.findMark(payload) else {
            // What is as long as a payload of ours should have been one.
            let size = Int(unsafe clients.pointer(slot).pointee.expectedSize)
            return payload.count >= size ? .damaged : .none
        }
        markHint = at
        guard at + Stamp.size <= payload.count else { return .damaged }
        guard let stamp = unsafe Stamp(start + at, seed: seed) else { return .damaged }
        let end = at + Int(stamp.payloadSize)
        guard end <= payload.count, Int(stamp.payloadSize) >= Stamp.size else {
            return .stamp(stamp, isWhole: false, end: payload.count)
        }
        let filler = unsafe UnsafeRawBufferPointer(rebasing: payload[at + Stamp.size..<end])
        guard unsafe Filler.shared.matches(filler, number: stamp.number) else {
            return .stamp(stamp, isWhole: false, end: end)
        }
        let common =
            hasOwnParts ? unsafe UnsafeRawBufferPointer(rebasing: payload[..<end]) : unsafe payload
        unsafe verified.keep(stamp, common, mark: at)
        return .stamp(stamp, isWhole: true, end: end)
    }

    static func findMark(_ payload: UnsafeRawBufferPointer) -> Int? {
        var mark = Stamp.mark
        guard let start = payload.baseAddress else { return nil }
        return unsafe carillon_find(start, payload.count, &mark, 4).map { unsafe $0 - start }
    }

    static func contains(_ payload: UnsafeRawBufferPointer, _ text: [UInt8]) -> Bool {
        guard let start = payload.baseAddress else { return text.isEmpty }
        return unsafe carillon_find(start, payload.count, text, text.count) != nil
    }
}
