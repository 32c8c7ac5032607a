import Glibc
import Testing

@testable import CarillonServer

@Suite struct PredecessorTests {
    @Test("the signals that a process blocks are read from its status")
    func blocked() {
        let status = "Name:\tcarillon\nSigPnd:\t0000000000000000\nSigBlk:\t0000000000004e07\n"
        #expect(Predecessor.blocked(in: status) == 0x4e07)
        for broken in ["", "SigBlk:", "SigBlk:\t12 34", "SigBlk:\tx", "Sig"] {
            #expect(Predecessor.blocked(in: broken) == 0)
        }
    }

    @Test("all threads of a carillon but the first block its signals")
    func understands() {
        let mask = SignalWaiter.mask
        func status(_ blocked: UInt64) -> String { "SigBlk:\t\(String(blocked, radix: 16))\n" }
        #expect(Predecessor.understands([status(mask), status(.max)]))
        #expect(!Predecessor.understands([]))
        // One of before there were successors.
        let before = mask & ~(1 << UInt64(SIGUSR1 - 1))
        #expect(!Predecessor.understands([status(before), status(.max)]))
    }

    @Test("who would be ended by the signal, or is not there, is no predecessor")
    func others() {
        // This process blocks nothing; the first process is another program; the last number is
        // beyond all that there can be (PID_MAX_LIMIT).
        for process in [getpid(), getppid(), 1 << 22] {
            #expect(throws: Predecessor.Problem.self) { _ = try Predecessor(process) }
        }
    }

    @Test("all signals that ours waits for are in the mask")
    func mask() {
        for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2] {
            #expect(SignalWaiter.mask & 1 << UInt64(number - 1) != 0)
        }
        #expect(SignalWaiter.mask.nonzeroBitCount == 6)
    }
}
