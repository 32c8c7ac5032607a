// TailedFrames — the frames of a run as its subscribers get them, but for the tails.
//
// What stands in front of a tail is the same for all tails of one size: the frame's header, which
// tells the size of both; the body; and, deflated, the length of the stored block whose content the
// tail becomes (Core+Tails.swift). That, a frame's beginning, is made once for a size. A subscriber's
// frames are then two copies each, and lie one behind the other.

import Bytes
import WebSocket

/// Safety: in front of every body in `octets` there is room for the largest header, and behind it
/// for the length of a block; a beginning reaches into both and no further.
@safe
struct TailedFrames: ~Copyable {
    /// Octets that a deflated frame has behind its body besides the tail: the length of a stored
    /// block and its complement, and the octet that begins the empty block behind the tail.
    static var deflatedEndSize: Int { lengthSize + 1 }
    private static let lengthSize = 4

    private struct Frame {
        let opcode: Opcode
        let isCompressed: Bool
        let bodySize: Int
        /// Where the body is in `octets`, and how much of it: nothing of one that is shared.
        let place: Int
        let copiedSize: Int
        /// The beginning for tails of `tailSize`, and how many octets follow it.
        var start = 0
        var size = 0
        var endSize = 0
    }

    private var frames: [Frame] = []
    private var octets = OctetBuffer(capacity: 0)
    /// What the beginnings are made for.
    private var tailSize = UInt32.max
    /// Octets that a subscriber's frames take with a tail of that size, a shared body left out.
    private(set) var size = 0
    /// Of the frame that was taken or made last: octets of its body, and of its header.
    private(set) var bodySize = 0
    private(set) var headerSize = 0

    init() {}

    /// Takes frames from a log, which are those of tails without any.
    ///
    /// - Parameter sharesBodies: Whether bodies are left where they are.
    mutating func load(
        _ range: LogRange, from store: borrowing SegmentStore, sharesBodies: Bool
    ) {
        frames.removeAll(keepingCapacity: true)
        octets.removeAll()
        tailSize = .max
        let log = unsafe RawSpan(_unsafeStart: store.start(of: range), byteCount: range.size)
        var place = 0
        while place < log.byteCount {
            let rest = log.extracting(place..<log.byteCount)
            let header = try? FrameHeader.decode(
                rest, role: .client, payloadLimit: .max, allowsCompression: true)
            guard let header else { preconditionFailure("a log holds whole frames") }
            let body = place + header.headerSize
            place = body + header.payloadSize
            append(header, sharesBodies ? RawSpan() : log.extracting(body..<place))
        }
    }

    private mutating func append(_ header: FrameHeader, _ body: RawSpan) {
        bodySize = header.payloadSize
        addRoom(FrameHeader.sizeLimit)
        frames.append(
            Frame(
                opcode: header.opcode, isCompressed: header.isCompressed,
                bodySize: bodySize, place: octets.count, copiedSize: body.byteCount))
        octets.append(body)
        if header.isCompressed { addRoom(Self.lengthSize) }
    }

    private mutating func addRoom(_ size: Int) {
        unsafe octets.append(atMost: size) { room in
            unsafe room.initializeMemory(as: UInt8.self, repeating: 0)
            return size
        }
    }

    /// Makes the beginnings for a tail, unless they are those of the last one.
    @inline(__always)
    mutating func fit(_ tail: TailTable.Place) {
        if tail.size != tailSize { fit(tail.size) }
    }

    @inline(never)
    private mutating func fit(_ tailSize: UInt32) {
        self.tailSize = tailSize
        size = 0
        for index in frames.indices {
            var frame = frames[index]
            let lengthSize = frame.isCompressed ? Self.lengthSize : 0
            frame.endSize = Int(tailSize) + (frame.isCompressed ? 1 : 0)
            let header = FrameHeader(
                isCompressed: frame.isCompressed, opcode: frame.opcode,
                payloadSize: frame.bodySize + lengthSize + frame.endSize)
            headerSize = header.headerSize
            frame.start = frame.place - headerSize
            frame.size = headerSize + frame.copiedSize + lengthSize
            unsafe octets.withMutableOctets { octets in
                let body = unsafe octets.baseAddress.unsafelyUnwrapped + frame.place
                _ = unsafe header.encode(at: body - header.headerSize)
                guard frame.isCompressed else { return }
                // The length and its complement, low octets first; a tail is far below 65 536.
                let length = tailSize | ~tailSize << 16
                unsafe (body + frame.copiedSize).storeBytes(
                    of: length.littleEndian, as: UInt32.self)
            }
            frames[index] = frame
            size += frame.size + frame.endSize
        }
    }

    /// Writes a subscriber's frames to `target`: ``size`` octets, and up to ``TailTable/cell`` octets
    /// of no meaning behind them.
    ///
    /// - Precondition: They were made to fit the tail.
    @unsafe
    @inline(__always)
    func write(
        _ tail: TailTable.Place, of tails: borrowing TailTable, to target: UnsafeMutableRawPointer
    ) {
        var target = unsafe target
        unsafe octets.octets.withUnsafeBytes { octets in
            let octets = unsafe octets.baseAddress.unsafelyUnwrapped
            for index in frames.indices {
                let frame = frames[index]
                unsafe target.copyMemory(from: octets + frame.start, byteCount: frame.size)
                unsafe target += frame.size
                unsafe tails.copy(tail, to: target)
                unsafe target += frame.endSize
            }
        }
    }
}
