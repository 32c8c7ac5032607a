// Members — who a client is in its population: its room, its pattern, what its texts are filled
// with.

extension Worker {
    /// The room by which its messages are counted.
    func room(of slot: Int) -> Int {
        Int(unsafe clients.pointer(slot).pointee.number) % plan.streams.roomCount
    }

    func coverage(of slot: Int) -> Coverage {
        let client = unsafe clients.pointer(slot)
        let coverages = plan.populations[Int(unsafe client.pointee.population)].coverages
        return coverages[Int(unsafe client.pointee.number) % coverages.count]
    }

    /// The events of its room that a subscriber gets.
    func events(of slot: Int) -> [Int] {
        let mask = coverage(of: slot).events
        return (0..<plan.streams.eventCount).filter { mask >> UInt64($0) & 1 == 1 }
    }

    func values(of slot: Int) -> Template.Values {
        let client = unsafe clients.pointer(slot)
        var values = Template.Values()
        values.room =
            Int(unsafe clients.pointer(slot).pointee.number) % plan.subscribedRoomCount
        values.connection =
            plan.populations[Int(unsafe client.pointee.population)].firstClient
            + Int(unsafe client.pointee.number)
        values.pattern = coverage(of: slot).pattern
        return values
    }
}
