// CallTable — the pending calls, found by either end.
//
// A call is found by (caller, request) for cancels and further parts, by (callee, invocation) for
// answers, and by walking a party's list when that party leaves. Taking it out of the table is the
// one transition that ends it: whatever comes later finds nothing.

internal import Rooms

/// Where no call is.
let noCall = UInt32.max

/// A list of calls, linked through them; in order of time.
struct CallList {
    var first = noCall
    var last = noCall
    var count = 0
}

/// Which of its two lists a call is linked in.
enum CallEnd: Int {
    case caller = 0
    case callee = 1
}

/// What only a call needs that may be sent again: in further parts, or to another callee.
final class CallTemplate {
    let procedure: Room
    let disclosesCaller: Bool
    let hidesCaller: Bool
    let wantsProgress: Bool
    /// The arguments, while they may have to be sent to somebody else.
    var payload: (any CallPayload)?
    /// Whom it was sent to, in that order.
    var tried: [PartyID] = []
    /// What the last invocation said, for the parts that follow.
    var isDisclosed = false
    var timeout: UInt64 = 0
    var isPattern = false

    init(procedure: Room, options: CallOptions) {
        self.procedure = procedure
        disclosesCaller = options.disclosesCaller
        hidesCaller = options.hidesCaller
        wantsProgress = options.wantsProgress
    }
}

struct Call {
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// Progressive results are forwarded.
        static let getsProgress = Flags(rawValue: 1)
        /// More parts are expected from the caller.
        static let inputIsOpen = Flags(rawValue: 2)
        /// A cancel was accepted and the callee's answer is waited for.
        static let isKilled = Flags(rawValue: 4)
        /// A part after the first, or a progressive result, has passed: no other callee can
        /// take over.
        static let isUnderway = Flags(rawValue: 8)
        /// The callee keeps the timeout; ours is later by the grace.
        static let isForwarded = Flags(rawValue: 16)
        /// It takes one of the invocations that its callee limits.
        static let isCounted = Flags(rawValue: 32)
    }

    struct Links {
        var previous = noCall
        var next = noCall
    }

    let serial: UInt64
    let request: UInt64
    let caller: UInt32
    var callee: UInt32 = 0
    var invocation: UInt64 = 0
    var registration: RegistrationID = 0
    /// The serial of the callee's membership in the registration.
    var membership: UInt64 = 0
    /// As the caller asked, in nanoseconds; 0 is none.
    let timeout: UInt64
    /// When the timeout is over, without the grace.
    var due: UInt64
    var flags: Flags = []
    var template: CallTemplate?
    var links = InlineArray<2, Links>(repeating: Links())
}

struct CallTable {
    private struct Key: Hashable {
        let place: UInt32
        let number: UInt64

        init(_ place: UInt32, _ number: UInt64) {
            self.place = place
            self.number = number
        }
    }

    private var slots: [Call?] = []
    private var free: [UInt32] = []
    private var byRequest: [Key: UInt32] = [:]
    private var byInvocation: [Key: UInt32] = [:]

    var count: Int { byRequest.count }

    func find(request: UInt64, of caller: UInt32) -> UInt32? {
        byRequest[Key(caller, request)]
    }

    func find(invocation: UInt64, of callee: UInt32) -> UInt32? {
        byInvocation[Key(callee, invocation)]
    }

    /// Adds a call that has no callee yet.
    mutating func insert(_ call: Call, to list: inout CallList) -> UInt32 {
        let place: UInt32
        if let last = free.popLast() {
            place = last
            slots[Int(place)] = call
        } else {
            place = UInt32(slots.count)
            slots.append(call)
        }
        let replaced = byRequest.updateValue(place, forKey: Key(call.caller, call.request))
        precondition(replaced == nil)
        link(place, to: &list, .caller)
        return place
    }

    /// Makes the call findable by the invocation it now has.
    mutating func assign(_ place: UInt32, to list: inout CallList) {
        let key = Key(self[place].callee, self[place].invocation)
        let replaced = byInvocation.updateValue(place, forKey: key)
        precondition(replaced == nil)
        link(place, to: &list, .callee)
    }

    /// Undoes `assign`.
    mutating func withdraw(_ place: UInt32, from list: inout CallList) {
        byInvocation[Key(self[place].callee, self[place].invocation)] = nil
        unlink(place, from: &list, .callee)
    }

    /// Undoes `insert`.
    mutating func remove(_ place: UInt32, from list: inout CallList) {
        byRequest[Key(self[place].caller, self[place].request)] = nil
        unlink(place, from: &list, .caller)
        slots[Int(place)] = nil
        free.append(place)
    }

    subscript(place: UInt32) -> Call {
        _read { yield slots[Int(place)]! }
        _modify { yield &slots[Int(place)]! }
    }

    private mutating func link(_ place: UInt32, to list: inout CallList, _ end: CallEnd) {
        self[place].links[end.rawValue] = .init(previous: list.last, next: noCall)
        if list.last == noCall {
            list.first = place
        } else {
            self[list.last].links[end.rawValue].next = place
        }
        list.last = place
        list.count += 1
    }

    private mutating func unlink(_ place: UInt32, from list: inout CallList, _ end: CallEnd) {
        let links = self[place].links[end.rawValue]
        if links.previous == noCall {
            list.first = links.next
        } else {
            self[links.previous].links[end.rawValue].next = links.next
        }
        if links.next == noCall {
            list.last = links.previous
        } else {
            self[links.next].links[end.rawValue].previous = links.previous
        }
        list.count -= 1
    }

    /// The calls of `list`, in order.
    func places(in list: CallList, _ end: CallEnd) -> [UInt32] {
        var places: [UInt32] = []
        var place = list.first
        while place != noCall {
            places.append(place)
            place = self[place].links[end.rawValue].next
        }
        precondition(places.count == list.count)
        return places
    }

    func checkInvariants() {
        precondition(byRequest.count == byInvocation.count)
        precondition(slots.count == byRequest.count + free.count)
        for (key, place) in byRequest {
            let call = self[place]
            precondition(call.caller == key.place && call.request == key.number)
            precondition(find(invocation: call.invocation, of: call.callee) == place)
        }
    }
}
