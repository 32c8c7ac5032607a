// fuzzOctetBuffer — an OctetBuffer holds what an array would hold.
//
// The input is a program: each octet says how many of the following octets to append in one go,
// or, when zero, to empty the buffer.

import Bytes

func fuzzOctetBuffer(_ bytes: UnsafeRawBufferPointer) {
    var buffer = OctetBuffer(capacity: 0)
    var model: [UInt8] = []
    var place = 0
    while place < bytes.count {
        let size = min(Int(unsafe bytes[place]), bytes.count - place - 1)
        place += 1
        if size == 0 {
            buffer.removeAll()
            model.removeAll()
        }
        let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[place..<place + size])
        unsafe buffer.append(piece.bytes)
        unsafe model.append(contentsOf: piece)
        place += size
    }
    precondition(buffer.count == model.count)
    precondition(buffer.count <= buffer.capacity)
    let octets = buffer.octets
    for index in model.indices {
        precondition(
            unsafe octets.unsafeLoad(fromByteOffset: index, as: UInt8.self) == model[index])
    }
}
