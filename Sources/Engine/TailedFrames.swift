// TailedFrames — frames of a run, and how each subscriber's are made of them and its tail.
//
// A subscriber's frame is a header, which tells the size of body and tail, the body, and the end:
// the tail, and around it what a deflated message needs there (Core+Tails.swift). The frames of a
// run lie one behind the other for a subscriber, so that they are one range.

import Bytes
import Rooms
import WebSocket

/// The frames of a run as they stand in their lane's log: those of a tail of no octets, and
/// nobody's.
///
/// Safety: `frames` tell places within the range that was read last; ``write`` is lent the same
/// one.
@safe
struct TailedFrames: ~Copyable {
    /// How many subscribers are written for at once.
    static var batchLimit: Int { 64 }
    /// Where the frames of each of them end.
    typealias Ends = InlineArray<64, UInt32>

    private struct Frame: BitwiseCopyable {
        /// FIN, RSV1 and opcode.
        let firstOctet: UInt8
        /// What of a tail's end is left out: see ``TailTable/copyEnd(_:skipping:to:)``.
        let skipped: UInt8
        /// Where the body is in the range, and its octets.
        let place: UInt32
        let bodySize: UInt32
        /// Octets of the payload, the tail left out.
        let size: UInt32
    }

    private var frames: [Frame] = []
    /// Octets that have to be free for a subscriber's frames, tails left out.
    private var sizeLimit = 0

    init() {}

    /// Reads the frames of a range.
    mutating func read(_ run: RawSpan) {
        frames.removeAll(keepingCapacity: true)
        sizeLimit = TailTable.cell
        var place = 0
        while place < run.byteCount {
            let header = Self.header(of: run.extracting(place..<run.byteCount))
            let body = place + header.headerSize
            let endSize = header.isCompressed ? TailTable.deflatedEndSize : 0
            frames.append(
                Frame(
                    firstOctet: run[octet: place],
                    skipped: header.isCompressed ? 0 : UInt8(TailTable.lengthSize),
                    place: UInt32(body), bodySize: UInt32(header.payloadSize),
                    size: UInt32(header.payloadSize + endSize)))
            place = body + header.payloadSize
            sizeLimit += FrameHeader.sizeLimit + header.payloadSize + endSize
        }
    }

    /// The header of a frame in a log.
    static func header(of frame: RawSpan) -> FrameHeader {
        let header = try? FrameHeader.decode(
            frame, role: .client, payloadLimit: .max, allowsCompression: true)
        guard let header else { preconditionFailure("a log holds whole frames") }
        return header
    }

    /// Octets that have to be free where frames with this tail are written.
    @inline(__always)
    func room(for tail: TailTable.Place) -> Int { sizeLimit &+ frames.count &* Int(tail.size) }

    /// Writes the frames of subscribers, as many as there is room for.
    ///
    /// - Parameters:
    ///   - run: The range that was read.
    ///   - ends: Gets the place in `room` behind the frames of each.
    /// - Returns: For how many.
    @unsafe
    @inline(never)
    func write(
        _ run: UnsafeRawPointer, for members: UnsafeBufferPointer<Member>,
        _ tails: borrowing TailTable, to room: UnsafeMutableRawBufferPointer, _ ends: inout Ends
    ) -> Int {
        let frames = frames.span
        let start = unsafe room.baseAddress.unsafelyUnwrapped
        let limit = room.count &- sizeLimit
        let memberCount = min(members.count, Self.batchLimit)
        var end = 0
        for place in 0..<memberCount {
            let tail = tails.place(of: unsafe members[place].entry)
            guard end &+ frames.count &* Int(tail.size) <= limit else { return place }
            for index in frames.indices {
                let frame = unsafe frames[unchecked: index]
                let payloadSize = Int(frame.size &+ tail.size)
                let header = ShortHeader(firstOctet: frame.firstOctet, payloadSize: payloadSize)
                unsafe header.write(to: start + end)
                end &+= header.size
                unsafe (start + end).copyMemory(
                    from: run + Int(frame.place), byteCount: Int(frame.bodySize))
                unsafe tails.copyEnd(
                    tail, skipping: Int(frame.skipped), to: start + end + Int(frame.bodySize))
                end &+= payloadSize
            }
            ends[place] = UInt32(truncatingIfNeeded: end)
        }
        return memberCount
    }
}
