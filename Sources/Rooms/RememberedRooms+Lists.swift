// RememberedRooms, lists — the member lists of a record: in itself, or in a block of their own.
//
// A record has room for two. How many all blocks together may hold is limited; beyond that a hand
// goes round, and who was not recalled since it came by last forgets its lists.

extension RememberedRooms {
    /// Places that one look for room looks at.
    private static var reach: Int { 64 }

    @unsafe
    static func block(
        of record: UnsafeMutablePointer<Record>
    ) -> UnsafeMutablePointer<ListBlock> {
        unsafe listField(of: record).load(as: UnsafeMutablePointer<ListBlock>.self)
    }

    @unsafe
    @inline(__always)
    static func base(
        of record: UnsafeMutablePointer<Record>
    ) -> UnsafeMutablePointer<MemberListID> {
        let isOutside = unsafe record.pointee.listCount == Record.outside
        let base =
            unsafe isOutside
            ? UnsafeMutableRawPointer(block(of: record) + 1) : listField(of: record)
        return unsafe base.assumingMemoryBound(to: MemberListID.self)
    }

    @unsafe
    @inline(__always)
    static func view(of record: UnsafeMutablePointer<Record>) -> MatchedLists {
        let isOutside = unsafe record.pointee.listCount == Record.outside
        let count =
            unsafe isOutside
            ? Int(block(of: record).pointee.count) : Int(record.pointee.listCount)
        return unsafe MatchedLists(base: UnsafePointer(base(of: record)), count: count)
    }

    /// Sets the number of lists, which are not initialized then.
    ///
    /// - Returns: `false`, and there is none, when that would be too many of all rooms together.
    @unsafe
    mutating func makeSpace(
        for count: Int, in record: UnsafeMutablePointer<Record>
    ) -> Bool {
        let isOutside = unsafe record.pointee.listCount == Record.outside
        if count <= Record.inlineListCount {
            if isOutside { unsafe dropLists(of: record) }
            unsafe record.pointee.listCount = UInt8(count)
            return true
        }
        let capacity = unsafe isOutside ? Int(Self.block(of: record).pointee.capacity) : 0
        if capacity < count || capacity > count * 4 {
            unsafe dropLists(of: record)
            guard makeRoom(for: count) else { return false }
            let size = MemoryLayout<ListBlock>.size + count * MemoryLayout<MemberListID>.size
            let fresh = unsafe UnsafeMutableRawPointer.allocate(
                byteCount: size, alignment: 8
            ).bindMemory(to: ListBlock.self, capacity: 1)
            unsafe fresh.initialize(to: ListBlock(count: 0, capacity: UInt32(count)))
            unsafe Self.listField(of: record).storeBytes(
                of: fresh, as: UnsafeMutablePointer<ListBlock>.self)
            unsafe record.pointee.listCount = Record.outside
            blockedCount += count
        }
        unsafe Self.block(of: record).pointee.count = UInt32(count)
        return true
    }

    /// Makes sure that so many lists more may be kept in blocks: looks at some places, further on
    /// each time, and has those forget their lists that were not recalled since it passed last.
    mutating func makeRoom(for count: Int) -> Bool {
        var left = Self.reach
        while blockedCount + count > blockLimit, left > 0 {
            left -= 1
            hand = hand + 1 < groups.capacity ? hand + 1 : 0
            guard groups.isTaken(hand) else { continue }
            guard groups.isMarked(hand) else {
                let record = unsafe records.pointer(to: hand)
                guard unsafe record.pointee.listCount == Record.outside else { continue }
                unsafe dropLists(of: record)
                unsafe record.pointee.stamp = 0
                continue
            }
            groups.unmark(hand)
        }
        return blockedCount + count <= blockLimit
    }

    /// Leaves a record without lists.
    @unsafe
    mutating func dropLists(of record: UnsafeMutablePointer<Record>) {
        blockedCount -= unsafe Self.freeBlock(of: record)
        unsafe record.pointee.listCount = 0
    }

    /// - Returns: List names that the block had room for; 0 where there is none.
    @unsafe
    @discardableResult
    static func freeBlock(of record: UnsafeMutablePointer<Record>) -> Int {
        guard unsafe record.pointee.listCount == Record.outside else { return 0 }
        let block = unsafe block(of: record)
        let capacity = unsafe Int(block.pointee.capacity)
        unsafe UnsafeMutableRawPointer(block).deallocate()
        return capacity
    }
}
