// Completion — what the kernel says about one submission, and how it is told apart.

/// One completion, as typed values.
@frozen
@usableFromInline
package struct Completion: BitwiseCopyable, Sendable {
    /// What the submission carried.
    @usableFromInline package var token: UInt64
    /// Octets, a descriptor, or a negative errno.
    @usableFromInline package var result: Int32
    @usableFromInline package var flags: UInt32

    @inlinable
    package init(token: UInt64, result: Int32, flags: UInt32 = 0) {
        self.token = token
        self.result = result
        self.flags = flags
    }

    /// The submission stays armed and will complete again (look here, never at the result).
    @inlinable package var hasMore: Bool { flags & 2 != 0 }

    /// The receive buffer that holds the octets.
    @inlinable package var buffer: UInt16? {
        flags & 1 != 0 ? UInt16(truncatingIfNeeded: flags >> 16) : nil
    }
}

/// A socket as the ring knows it: a place in its own table or a descriptor of the process.
@frozen
@usableFromInline
package struct SocketHandle: BitwiseCopyable, Sendable, Equatable {
    @usableFromInline package let index: Int32
    @usableFromInline package let isDirect: Bool

    @inlinable
    package init(index: Int32, isDirect: Bool) {
        self.index = index
        self.isDirect = isDirect
    }
}

/// One piece of a gathered send: the layout of `struct iovec`.
@frozen
@usableFromInline
@safe
package struct SendPiece: BitwiseCopyable {
    @usableFromInline package var start: UnsafeRawPointer?
    @usableFromInline package var size: Int

    @inlinable
    package init(start: UnsafeRawPointer?, size: Int) {
        unsafe self.start = start
        self.size = size
    }
}

/// The layout of `struct msghdr`, for a gathered send without address and control data.
@frozen
@usableFromInline
@safe
package struct SendHeader: BitwiseCopyable {
    @usableFromInline var name: UnsafeRawPointer? = nil
    @usableFromInline var nameSize: UInt64 = 0
    @usableFromInline var pieces: UnsafeRawPointer?
    @usableFromInline var pieceCount: Int
    @usableFromInline var control: UnsafeRawPointer? = nil
    @usableFromInline var controlSize: Int = 0
    @usableFromInline var flags: Int = 0

    @inlinable
    package init(pieces: UnsafeRawPointer?, count: Int) {
        unsafe self.pieces = pieces
        pieceCount = count
    }

    /// Octets in all pieces; they must live.
    @unsafe
    package var size: Int {
        guard let pieces = unsafe pieces?.assumingMemoryBound(to: SendPiece.self) else { return 0 }
        var size = 0
        for place in 0..<pieceCount { size &+= unsafe pieces[place].size }
        return size
    }
}
