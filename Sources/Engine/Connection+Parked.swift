// Octets that wait — what a connection has received and cannot use yet.

import Bytes
import DialectKit
import WebSocket

extension Connection {
    // By pattern: `parked?.count` on an empty field reads what was in it before when compiled
    // without optimization (Swift 6.3.1, noncopyable optional in a class).

    /// Whether octets were received and not consumed: part of a request head, or a turn's rest.
    var hasParked: Bool {
        guard let rare else { return false }
        return rare.parked != nil
    }

    /// Octets parked.
    var parkedSize: Int {
        guard let rare else { return 0 }
        switch rare.parked {
        case .some(let parked): return parked.count
        case nil: return 0
        }
    }

    /// Whether a whole line is parked.
    var hasParkedLine: Bool {
        guard let rare else { return false }
        switch rare.parked {
        case .some(let parked): return parked.octets.firstIndex(of: 0x0A) != nil
        case nil: return false
        }
    }

    /// Parks octets behind those that are there.
    func park(_ octets: RawSpan) {
        mayHoldInput = true
        let rare = makeRare()
        if rare.parked != nil {
            rare.parked?.append(octets)
        } else {
            rare.parked = OctetBuffer(copying: octets)
        }
    }

    /// Parks what `takeParked()` has taken out, or the rest of it.
    func park(_ octets: consuming OctetBuffer) {
        mayHoldInput = true
        makeRare().parked = consume octets
    }

    /// Takes out what is parked.
    func takeParked() -> OctetBuffer? { rare?.parked.take() }

    func dropParked() { rare?.parked = nil }

    /// Octets of memory for input that came and cannot be used yet (`Core+Input.swift`).
    var inputSize: Int {
        let open =
            switch unsafe receiver {
            case .some(let receiver): receiver.heldSize
            case nil: 0
            }
        let size = open + (stream?.reader.heldSize ?? 0)
        guard let rare else { return size }
        let parked =
            switch rare.parked {
            case .some(let parked): parked.capacity
            case nil: 0
            }
        return size + parked + (rare.held?.memorySize ?? 0) + (rare.exchange?.memorySize ?? 0)
            + (rare.gated?.waiting?.memorySize ?? 0) + (rare.opening?.memorySize ?? 0)
    }
}
