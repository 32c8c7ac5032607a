// fuzzTranscode — what can be said in two serializations survives any number of ways between them.
//
// The first octet chooses the two.

import Bytes
import Codecs

func fuzzTranscode(_ bytes: UnsafeRawBufferPointer) {
    guard let choice = unsafe bytes.first else { return }
    let all = Serialization.allCases
    let source = all[Int(choice) % 3]
    let target = all[Int(choice) / 3 % 3]
    let octets = unsafe UnsafeRawBufferPointer(rebasing: bytes[1...])
    let value = unsafe octets.bytes

    var there = OctetBuffer()
    there.append("before")
    do throws(CodecError) {
        try transcode(value, from: source, to: target, into: &there)
    } catch {
        check(error, value)
        precondition(there.octets.equals("before"))
        precondition(!isValue(value, source))
        return
    }
    there.removeFirst(6)
    // Whoever hands us JSON has checked that it is text.
    guard source != .json || UTF8Checker.accepts(value) else { return }
    if source == .json { precondition(isWalked(value, as: JSONReader.self)) }
    precondition(isValue(value, source) && isValue(there.octets, target))

    // On the way back everything has become what both can say: from then on nothing changes.
    let back = transcoded(there.octets, target, source)
    let thereAgain = transcoded(back.octets, source, target)
    let backAgain = transcoded(thereAgain.octets, target, source)
    precondition(backAgain.octets.equals(back.octets), "not the same after another way")
}

private func transcoded(
    _ value: RawSpan, _ source: Serialization, _ target: Serialization
) -> OctetBuffer {
    var buffer = OctetBuffer()
    guard (try? transcode(value, from: source, to: target, into: &buffer)) != nil else {
        preconditionFailure("what the transcoder wrote is no value")
    }
    return buffer
}
