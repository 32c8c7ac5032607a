// [engine] and [testing] as rings take them, and how large a core's table of sockets is.

import Configuration
import Uring

extension RingOptions {
    /// - Parameter socketCount: Sockets of one core, as the function below makes it.
    init(_ configuration: Configuration, socketCount: Int) {
        let given = configuration.engine
        self.init()
        entries = UInt32(given.submissionEntries)
        bufferCount = UInt32(given.receiveBuffers)
        bufferSize = given.receiveBufferSize
        self.socketCount = UInt32(clamping: socketCount)
        // The names were checked when the configuration was read.
        absent = Features(list: configuration.testing.absent.joined(separator: ",")) ?? []
    }

    /// As many sockets as the process may have descriptors, but no more tables than a twentieth of
    /// the memory holds: where the descriptor limit is a million, tables for all of them would cost
    /// 128 octets each on every core before anybody connects.
    static func socketCount(descriptors: UInt64, memory: Int, cores: Int) -> Int {
        let affordable = memory / 20 / 128 / cores
        return min(Int(clamping: descriptors), max(4096, affordable), 1 << 20)
    }
}

extension Configuration {
    /// What the configuration module cannot know: the names of features are the ring's.
    func checkFeatureNames() throws(ConfigurationProblems) {
        for name in testing.absent where Features(list: name) == nil {
            let known = (["all"] + Features.names.map(\.name)).joined(separator: ", ")
            throw ConfigurationProblems(problems: [
                ConfigurationProblem(
                    .standard, "testing.absent: no feature \"\(name)\"; there are \(known)")
            ])
        }
    }
}
