// Outbox — publications that wait for the publishing connection.
//
// Filled by any thread, emptied by the link's. It is open only while the connection serves, and
// bounded in count and octets: who publishes to a Redis that is away or slow learns it at once.

internal import Bytes
internal import Lockfree

struct Publication: Sendable {
    let channel: [UInt8]
    let payload: [UInt8]

    var size: Int { channel.count + payload.count }
}

final class Outbox: Sendable {
    private struct State {
        var queue = Queue<Publication>()
        var size = 0
        /// Publications taken and not answered; they count against the limit.
        var unanswered = 0
        var isOpen = false
    }

    private let state = Guarded(State())
    private let countLimit: Int
    private let sizeLimit: Int

    init(countLimit: Int, sizeLimit: Int) {
        self.countLimit = countLimit
        self.sizeLimit = sizeLimit
    }

    enum Admission: Equatable {
        /// `isFirst`: somebody must tell the thread.
        case admitted(isFirst: Bool)
        case refused
    }

    func append(_ publication: Publication) -> Admission {
        state.withLock { state in
            guard state.isOpen, state.queue.count + state.unanswered < countLimit,
                publication.size <= sizeLimit - state.size
            else { return .refused }
            let isFirst = state.queue.isEmpty
            state.queue.append(publication)
            state.size += publication.size
            return .admitted(isFirst: isFirst)
        }
    }

    func open() { state.withLock { $0.isOpen = true } }

    /// Closes and drops what waits.
    ///
    /// - Returns: How many publications that was, those without an answer included.
    func close() -> Int {
        state.withLock { state in
            let lost = state.queue.count + state.unanswered
            state = State()
            return lost
        }
    }

    /// The next publications, of about `size` octets together, at least one if there is one.
    func take(atLeast size: Int) -> [Publication] {
        state.withLock { state in
            var taken: [Publication] = []
            var takenSize = 0
            while takenSize < size, let next = state.queue.popFirst() {
                taken.append(next)
                takenSize += next.size
            }
            state.size -= takenSize
            state.unanswered += taken.count
            return taken
        }
    }

    /// Notes that the server answered so many.
    func answered(_ count: Int) { state.withLock { $0.unanswered -= count } }

    var isEmpty: Bool { state.withLock { $0.queue.isEmpty } }
}
