// PendingLatencies — latencies of one enter, counted by message before they are recorded.
//
// Everything that came with an enter came at one time, so all copies of one message have the same
// latency: they are counted by their number, and the histogram is asked once per message.

internal import Measurement

/// Safety: `entries` has `count` elements, initialized in `init`, freed in `deinit`; a place is
/// below `count` by its mask.
@safe
struct PendingLatencies: ~Copyable {
    private static let count = 256

    private struct Entry: BitwiseCopyable {
        var time: UInt64
        var count: UInt64
    }

    private let entries: UnsafeMutablePointer<Entry>
    /// Places with a count.
    private var touched: [UInt8] = []

    init() {
        unsafe entries = .allocate(capacity: Self.count)
        unsafe entries.initialize(repeating: Entry(time: 0, count: 0), count: Self.count)
        touched.reserveCapacity(Self.count)
    }

    deinit { unsafe entries.deallocate() }

    /// One more delivery of message `number`, due at `time`.
    @inline(__always)
    mutating func add(
        _ number: UInt32, time: UInt64, now: UInt64, into histogram: inout LatencyHistogram
    ) {
        let place = Int(number & 255)
        let entry = unsafe entries + place
        if unsafe entry.pointee.count > 0 {
            if unsafe entry.pointee.time == time {
                unsafe entry.pointee.count += 1
                return
            }
            // Two streams at the same place of their numbers.
            unsafe histogram.record(
                Self.latency(entry.pointee.time, now), count: entry.pointee.count)
        } else {
            touched.append(UInt8(truncatingIfNeeded: place))
        }
        unsafe entry.pointee = Entry(time: time, count: 1)
    }

    /// Records everything; before the clock is looked at again.
    mutating func flush(now: UInt64, into histogram: inout LatencyHistogram) {
        guard !touched.isEmpty else { return }
        for place in touched {
            let entry = unsafe entries + Int(place)
            unsafe histogram.record(
                Self.latency(entry.pointee.time, now), count: entry.pointee.count)
            unsafe entry.pointee.count = 0
        }
        touched.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private static func latency(_ time: UInt64, _ now: UInt64) -> UInt64 {
        now > time ? now - time : 0
    }
}
