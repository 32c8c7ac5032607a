// OwnParts — what stands in the deliveries to one subscriber and in nobody else's.
//
// high-templar repeats the requestId that a client chose; a delivery without it was meant for
// somebody else. The texts are written once, before the run: comparing costs a search in the few
// octets behind the payload.

internal import Bytes
internal import CSystem

/// The texts of all subscribers of a worker, by slot.
struct OwnParts: Sendable {
    private let octets: [UInt8]
    /// Where the text of each slot ends; none is empty but those of clients without one.
    private let ends: [Int]

    /// No client has one.
    var isEmpty: Bool { octets.isEmpty }

    /// - Parameter members: Population and number of each, in the order of slots.
    init(_ plan: LoadPlan, _ members: [(population: Int, number: Int)]) {
        var buffer = OctetBuffer()
        var ends: [Int] = []
        let hasAny = plan.populations.contains { $0.speech.own != nil }
        for member in members where hasAny {
            let population = plan.populations[member.population]
            if let own = population.speech.own, population.role == .subscriber {
                var values = Template.Values()
                values.connection = population.firstClient + member.number
                values.room = member.number % plan.subscribedRoomCount
                own.write(values, into: &buffer)
            }
            ends.append(buffer.count)
        }
        octets = buffer.octets.array
        self.ends = ends
    }

    /// Whether `message` has the part of `slot`; those without one are content with anything.
    @inline(__always)
    func isIn(_ message: UnsafeRawBufferPointer, _ slot: Int) -> Bool {
        guard slot < ends.count, let start = message.baseAddress else { return octets.isEmpty }
        let begin = slot == 0 ? 0 : ends[slot - 1]
        let size = ends[slot] - begin
        return unsafe octets.withUnsafeBytes { octets in
            guard size > 0, let base = octets.baseAddress else { return true }
            return unsafe carillon_find(start, message.count, base + begin, size) != nil
        }
    }
}
