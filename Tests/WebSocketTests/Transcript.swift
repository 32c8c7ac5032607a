// Transcript — octets for a receiver and the events they give, however they are cut.

import Bytes
import Testing
import WebSocket

/// What came out of a receiver, with the octets copied.
enum Event: Equatable, CustomStringConvertible {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, [UInt8])
    case failed(FrameError)

    var description: String {
        switch self {
        case .text(let octets): "text(\(octets.count): \(octets.prefix(24)))"
        case .binary(let octets): "binary(\(octets.count): \(octets.prefix(24)))"
        case .ping(let octets): "ping(\(octets))"
        case .pong(let octets): "pong(\(octets))"
        case .close(let code, let reason): "close(\(code ?? 0), \(reason))"
        case .failed(let error): "failed(\(error))"
        }
    }
}

/// Feeds a fresh receiver `octets` in the pieces given by `sizes`, which begin anew at their end.
func receive(
    _ octets: [UInt8], pieces sizes: [Int], role: Role = .server,
    deflate: DeflateAgreement? = nil, limits: ReceiverLimits = ReceiverLimits()
) -> [Event] {
    var receiver = Receiver(role: role, deflate: deflate)
    var inflaters = InflaterPool(idleLimit: 1)
    var events: [Event] = []
    var start = 0
    var piece = 0
    while start < octets.count {
        let end = min(octets.count, start + max(1, sizes[piece % sizes.count]))
        piece += 1
        var input = Array(octets[start..<end])
        start = end
        let isOver = unsafe input.withUnsafeMutableBytes { input in
            var offset = 0
            while true {
                do throws(FrameError) {
                    let event = try unsafe receiver.next(
                        input, offset: &offset, limits: limits, inflaters: &inflaters)
                    func copy(_ place: Place) -> [UInt8] {
                        unsafe Array(receiver.payload(of: place, input: input))
                    }
                    switch event {
                    case .needsMore:
                        #expect(offset == input.count)
                        return false
                    case .yielded: continue
                    case .message(.text, let place): events.append(.text(copy(place)))
                    case .message(.binary, let place): events.append(.binary(copy(place)))
                    case .ping(let place): events.append(.ping(copy(place)))
                    case .pong(let place): events.append(.pong(copy(place)))
                    case .close(let code, let reason):
                        events.append(.close(code?.rawValue, copy(reason)))
                        return true
                    }
                    receiver.releaseMessage()
                } catch {
                    events.append(.failed(error))
                    return true
                }
            }
        }
        if isOver { return events }
    }
    return events
}

/// Checks that `octets` give `events` whole, one octet at a time, and at every cut into two.
func expect(
    _ octets: [UInt8], gives events: [Event], role: Role = .server,
    deflate: DeflateAgreement? = nil, limits: ReceiverLimits = ReceiverLimits(),
    location: SourceLocation = #_sourceLocation
) {
    let whole = receive(
        octets, pieces: [max(1, octets.count)], role: role, deflate: deflate, limits: limits)
    #expect(whole == events, sourceLocation: location)
    for first in 1...max(1, min(octets.count, 400)) {
        // 1: one octet at a time; otherwise the first piece and the rest.
        let sizes = first == 1 ? [1] : [first - 1, octets.count]
        let cut = receive(octets, pieces: sizes, role: role, deflate: deflate, limits: limits)
        if cut != events {
            #expect(cut == events, "in pieces of \(sizes)", sourceLocation: location)
            return
        }
    }
}

/// The octets of `text`, hexadecimal digits with spaces anywhere.
func hex(_ text: String) -> [UInt8] {
    let digits = text.utf8.compactMap { Hex.value(of: $0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// One client frame with a key that leaves no octet as it is.
func frame(
    _ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false,
    mask: MaskKey? = MaskKey(0x37, 0xFA, 0x21, 0x3D)
) -> [UInt8] {
    var buffer = OctetBuffer()
    unsafe FrameWriter.write(
        opcode, payload.span.bytes, isFinal: isFinal, isCompressed: isCompressed, mask: mask,
        into: &buffer)
    return buffer.octets.array
}

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
