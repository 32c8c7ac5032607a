// Calls — what sessions and handlers say to the one dealer of their realm.
//
// A dialect that is a router itself (WAMP) asks with ``DealerRequest`` as a party of its own. The
// others ask with ``CallRequest`` and get one outcome; the engine is their party.

package import Hub
package import Rooms
internal import Synchronization

/// A question of a dialect that only calls.
package struct CallRequest: Sendable {
    package var procedure: Room
    package var arguments: Arguments
    /// In nanoseconds; 0 is none.
    package var timeLimit: UInt64
    /// Whether later messages of the connection wait for the answer.
    package var holdsInput: Bool
    /// What handlers are told about where the call comes from: a JSON object, or nothing.
    package var context: [UInt8]

    package init(
        _ procedure: Room, _ arguments: Arguments, timeLimit: UInt64 = 0, holdsInput: Bool = true,
        context: [UInt8] = []
    ) {
        self.procedure = procedure
        self.arguments = arguments
        self.timeLimit = timeLimit
        self.holdsInput = holdsInput
        self.context = context
    }
}

/// What travels with a call: its arguments, and who calls, for those that may know.
package final class CallArguments: Sendable {
    package let arguments: Arguments
    /// A session of a router, where it is disclosed.
    package let caller: Identity?
    /// The connection that asks (``Commands/connection``); `nil` where it is not to be known.
    package let origin: UInt64?
    /// What its dialect tells about it: a JSON object, or nothing.
    package let context: [UInt8]
    /// Where it is counted, once somebody has asked for that.
    private let account = AtomicLazyReference<CallAccount>()

    package init(
        _ arguments: Arguments, caller: Identity? = nil, origin: UInt64? = nil,
        context: [UInt8] = []
    ) {
        self.arguments = arguments
        self.caller = caller
        self.origin = origin
        self.context = context
    }

    deinit { account.load()?.remove(size) }

    /// Octets of memory, about.
    private var size: Int {
        CallMemory.recordSize + arguments.octets.count + context.count
    }

    /// Counts this in `account` from now on until nobody holds it any more. To be called once.
    ///
    /// - Returns: Whether there was room for it.
    package func count(in account: CallAccount) -> Bool {
        let counting = self.account.storeIfNil(account)
        precondition(counting === account, "arguments are counted in one place")
        return account.add(size)
    }
}

/// Something a handler sends to the connection that called, before it answers: an event of its
/// own with one JSON value. Dialects that know no such thing ignore it.
package final class PushNote: SessionNote {
    package let event: String
    package let data: [UInt8]

    package init(event: String, data: [UInt8]) {
        self.event = event
        self.data = data
    }
}

/// What a party asks its realm's dealer (``Dealer``).
package struct DealerRequest: Sendable {
    package enum Question: Sendable {
        case open(owner: UInt64, PartyFeatures)
        case close
        case register(Pattern, request: UInt64, RegisterOptions)
        case unregister(RegistrationID, request: UInt64)
        case revoke(RegistrationID, reason: String)
        case call(Room, request: UInt64, CallOptions, (any CallPayload)?)
        case cancel(request: UInt64, CancelMode)
        case yield(invocation: UInt64, isProgress: Bool, (any CallPayload)?)
        /// The error as the callee calls it.
        case fail(invocation: UInt64, uri: String, (any CallPayload)?)
    }

    package let party: PartyID
    package let question: Question

    package init(_ party: PartyID, _ question: Question) {
        self.party = party
        self.question = question
    }
}
