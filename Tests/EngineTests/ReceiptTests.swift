import Synchronization
import Testing

@testable import Engine

@Suite("receipt")
struct ReceiptTests {
    @Test("the last part reports the sum, once")
    func sum() {
        let told = Mutex<[Int]>([])
        let receipt = Receipt(partCount: 3) { count in told.withLock { $0.append(count) } }
        receipt.complete(2)
        receipt.complete(0)
        #expect(told.withLock { $0 } == [])
        receipt.complete(5)
        #expect(told.withLock { $0 } == [7])
    }

    @Test("without parts nobody is reported at once")
    func none() {
        let told = Mutex<[Int]>([])
        _ = Receipt(partCount: 0) { count in told.withLock { $0.append(count) } }
        #expect(told.withLock { $0 } == [0])
    }

    @Test("parts from many threads are all in the sum")
    func threads() async {
        for _ in 0..<50 {
            let told = Mutex<[Int]>([])
            let receipt = Receipt(partCount: 8) { count in told.withLock { $0.append(count) } }
            await withTaskGroup(of: Void.self) { group in
                for part in 1...8 { group.addTask { receipt.complete(part) } }
            }
            #expect(told.withLock { $0 } == [36])
        }
    }
}
