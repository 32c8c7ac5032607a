// Features — what this kernel's io_uring can do, each probed by doing it once.
//
// Nothing is concluded from a version number. Every feature can be forced absent, so that tests
// run the engine as an older kernel (6.1 and before) would.

/// Optional parts of io_uring; without one the ring does the same by other means.
package struct Features: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// 6.0: the kernel may skip locks, since one thread submits. Without: it locks.
    package static let singleIssuer = Features(rawValue: 1 << 0)
    /// 6.1: task work runs when we enter. Without: cooperatively, or by interrupt.
    package static let deferredTaskRun = Features(rawValue: 1 << 1)
    /// 5.18: the ring's own descriptor is registered. Without: looked up at each enter.
    package static let registeredRing = Features(rawValue: 1 << 2)
    /// 5.19: accepted sockets live in the ring's own table. Without: in the process's.
    package static let directDescriptors = Features(rawValue: 1 << 3)
    /// 5.19: one submission accepts many. Without: armed again after each.
    package static let multishotAccept = Features(rawValue: 1 << 4)
    /// 6.0: one submission receives many times. Without: armed again after each.
    package static let multishotReceive = Features(rawValue: 1 << 5)
    /// 5.19: receive buffers are lent through a shared ring. Without: by submissions.
    package static let bufferRing = Features(rawValue: 1 << 6)
    /// 5.17: successful sends post no completion. Without: they do, and are passed over.
    package static let skippedSuccess = Features(rawValue: 1 << 7)
    /// 5.18: one ring wakes another. Without: by eventfd.
    package static let ringMessages = Features(rawValue: 1 << 8)
    /// 6.7: the peer address of a direct descriptor can be asked for. Without: it is unknown there.
    package static let peerNames = Features(rawValue: 1 << 9)

    package static let all = Features(rawValue: (1 << 10) - 1)

    /// Names, as settings and logs write them.
    package static let names: [(name: String, feature: Features)] = [
        ("single-issuer", .singleIssuer), ("deferred-taskrun", .deferredTaskRun),
        ("registered-ring", .registeredRing), ("direct-descriptors", .directDescriptors),
        ("multishot-accept", .multishotAccept), ("multishot-receive", .multishotReceive),
        ("buffer-ring", .bufferRing), ("skipped-success", .skippedSuccess),
        ("ring-messages", .ringMessages), ("peer-names", .peerNames),
    ]

    /// Reads a comma-separated list of names, or `all`; `nil` when a name is unknown.
    package init?(list: String) {
        var features: Features = []
        for part in list.split(separator: ",") {
            let name = part.trimmingSpaces
            if name == "all" {
                features.formUnion(.all)
            } else if let known = Self.names.first(where: { $0.name == name }) {
                features.insert(known.feature)
            } else {
                return nil
            }
        }
        self = features
    }

    package var description: String {
        let present = Self.names.filter { contains($0.feature) }.map(\.name)
        return present.isEmpty ? "none" : present.joined(separator: ",")
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
