// Fuzz target: the UTF-8 checker, against the standard library.

import Bytes

/// Checks that octets are text exactly if the standard library says so, and that the first bad one
/// is the same however they are cut.
package func fuzzText(_ bytes: UnsafeRawBufferPointer) {
    var whole = UTF8Checker()
    let bad = unsafe whole.firstBad(in: bytes)
    let isText = bad == nil && whole.isComplete
    precondition(isText == (String(validating: unsafe Array(bytes), as: UTF8.self) != nil))
    var cutter = unsafe Cutter(seed: checksum(bytes))
    var checker = UTF8Checker()
    var start = 0
    var found: Int?
    while start < bytes.count && found == nil {
        let size = cutter.next(atMost: bytes.count - start)
        let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
        found = unsafe checker.firstBad(in: piece).map { start + $0 }
        start += size
    }
    precondition(found == bad, "cuts move the first bad octet")
    if bad == nil { precondition(checker == whole) }
}
