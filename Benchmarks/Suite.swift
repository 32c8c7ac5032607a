// Suite — runs what is to be measured and prints one line for each.
//
// Of many passes the fastest counts: on a shared machine everything else is somebody else's time.
// Allocations are counted in a pass of their own, so that counting is not timed.

import CCounters
import Glibc

/// Something measured: a world that is made once, and passes over it.
protocol Work: ~Copyable {
    /// Items one pass goes through; times and counts are printed per item.
    var itemCount: Int { get }

    /// Publications of one pass, and connections that took one, summed over them; 0 where nothing
    /// is published.
    var publicationCount: Int { get }
    var deliveryCount: Int { get }

    /// Goes through all items once.
    ///
    /// - Returns: A checksum of everything it found out, the same for every pass.
    mutating func pass() -> UInt64
}

extension Work where Self: ~Copyable {
    var publicationCount: Int { 0 }
    var deliveryCount: Int { 0 }
}

/// The benchmarks of one run.
struct Suite {
    private let options: Options
    private var measuredCount = 0

    init(_ options: Options) {
        self.options = options
        if !options.isJSON {
            print(
                "benchmark".padded(to: 16), "parameters".padded(to: 34),
                "checksum".padded(to: 17), "ns/item".aligned(to: 10), "mallocs/item".aligned(to: 13)
            )
        }
    }

    /// One of two values of a parameter: small for every test run, real for release.
    func pick(small: Int, real: Int) -> Int { options.isSmall ? small : real }

    /// Measures one thing, unless the filter leaves it out; then it is not even made.
    mutating func measure<W: Work & ~Copyable>(
        _ name: String, _ parameters: String, _ make: () -> W
    ) {
        guard options.wants(name) else { return }
        var work = make()
        // The first pass fills caches, grows buffers and makes what is made lazily.
        let checksum = work.pass()
        counters_begin_allocations()
        let second = work.pass()
        let allocationCount = counters_end_allocations()
        precondition(second == checksum, "a pass of \(name) found something else than the first")
        let nanoseconds: UInt64
        if counters_has_instructions() != 0 {
            // Everything but the pass itself happens before or behind what is counted.
            let counted = unsafe "\(name)/\(parameters)".withCString { label in
                counters_begin_instructions()
                let counted = work.pass()
                unsafe counters_end_instructions(label)
                return counted
            }
            precondition(counted == checksum)
            nanoseconds = 0
        } else {
            nanoseconds = fastestPass(of: &work, checksum)
        }
        measuredCount += 1
        report(
            name, parameters, checksum, work.itemCount, nanoseconds, Int(allocationCount),
            publications: work.publicationCount, deliveries: work.deliveryCount)
    }

    /// Measures something with its subscribers and, where items are counted rather than timed, with
    /// twice as many of them: what differs is the deliveries', to the instruction.
    mutating func measureTwice<W: Work & ~Copyable>(
        _ name: String, _ parameters: String, _ make: (_ factor: Int) -> W
    ) {
        measure(name, parameters) { make(1) }
        guard options.isSmall else { return }
        measure(name, "\(parameters), twice the subscribers") { make(2) }
    }

    /// Finds a figure that is no time and the same in every run, unless the filter leaves it out.
    mutating func find(
        _ name: String, _ parameters: String, _ unit: String, _ find: () -> Double
    ) {
        guard options.wants(name) else { return }
        let value = find()
        measuredCount += 1
        if options.isJSON {
            print(
                #"{"benchmark":"\#(name)","parameters":"\#(parameters)","#
                    + #""value":\#(value.rounded(to: 3))}"#)
        } else {
            print(
                name.padded(to: 16), parameters.padded(to: 44),
                "\(value.rounded(to: 1)) \(unit)")
        }
        fflush(nil)
    }

    /// Ends the run; one that measured nothing was misspelled.
    func finish() {
        if measuredCount == 0 {
            print("Benchmarks: no benchmark has such a name")
            exit(64)
        }
    }

    /// Nanoseconds of the fastest pass in about a fifth of a second.
    private func fastestPass<W: Work & ~Copyable>(of work: inout W, _ checksum: UInt64) -> UInt64 {
        let budget: UInt64 = options.isSmall ? 0 : 200_000_000
        var fastest = UInt64.max
        var total: UInt64 = 0
        repeat {
            let start = now()
            let found = work.pass()
            let time = now() - start
            precondition(found == checksum)
            fastest = min(fastest, time)
            total += time
        } while total < budget
        return fastest
    }

    private func report(
        _ name: String, _ parameters: String, _ checksum: UInt64, _ items: Int,
        _ nanoseconds: UInt64, _ allocationCount: Int, publications: Int, deliveries: Int
    ) {
        let sum = String(checksum, radix: 16)
        let time = Double(nanoseconds) / Double(items)
        let allocations = Double(allocationCount) / Double(items)
        if options.isJSON {
            print(
                #"{"benchmark":"\#(name)","parameters":"\#(parameters)","checksum":"\#(sum)","#
                    + #""items":\#(items),"nanoseconds":\#(time.rounded(to: 3)),"#
                    + #""allocations":\#(allocations.rounded(to: 3)),"#
                    + #""allocationCount":\#(allocationCount),"publications":\#(publications),"#
                    + #""deliveries":\#(deliveries)}"#)
        } else {
            print(
                name.padded(to: 16), parameters.padded(to: 34), sum.padded(to: 17),
                time.rounded(to: 1).aligned(to: 10), allocations.rounded(to: 3).aligned(to: 13))
        }
        fflush(nil)  // all streams: `stdout` itself is a global C variable
    }
}

/// Nanoseconds of the clock that nobody sets.
func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }

    fileprivate func aligned(to width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }
}

extension Double {
    /// The number with `digits` digits behind the point; for numbers that are not negative.
    fileprivate func rounded(to digits: Int) -> String {
        var unit = 1
        for _ in 0..<digits { unit *= 10 }
        let scaled = Int((self * Double(unit)).rounded())
        let fraction = String(scaled % unit)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(scaled / unit).\(zeros)\(fraction)"
    }
}
