import Glibc
import Testing

@testable import CarillonServer

@Suite struct PredecessorTests {
    @Test("whether a process has a handler for a signal is read from its status")
    func catches() {
        let status = "Name:\tcarillon\nSigBlk:\tffffffffffffffff\nSigCgt:\t0000000000000200\n"
        #expect(Predecessor.catches(SIGUSR1, status))
        #expect(!Predecessor.catches(SIGUSR2, status))
        for broken in ["", "SigCgt:", "SigCgt:\t200 200", "SigCgt:\tx", "SigBlk:\t200\n"] {
            #expect(!Predecessor.catches(SIGUSR1, broken))
        }
    }

    @Test("who would be ended by the signal, or is not there, is no predecessor")
    func others() {
        // This process, whoever started it, and a number beyond all that there can be
        // (PID_MAX_LIMIT).
        for process in [getpid(), getppid(), 1 << 22] {
            #expect(throws: Predecessor.Problem.self) { _ = try Predecessor(process) }
        }
    }
}
