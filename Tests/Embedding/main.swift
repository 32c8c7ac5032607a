// A daemon with a push server inside: it answers calls, publishes from a thread of its own, and
// stops when its standard input ends. All it needs is `import Carillon`.

import Carillon
import Foundation

struct Numbers: Decodable {
    let a: Int
    let b: Int
}

let server = PushServer(.init(listen: "127.0.0.1:0"))

server.handle("add") { call in
    guard let numbers = try? JSONDecoder().decode(Numbers.self, from: Data(call.arguments.octets))
    else { throw CallFailure("a and b must be whole numbers") }
    return "{\"sum\": \(numbers.a + numbers.b)}"
}

try server.start()
FileHandle.standardOutput.write(Data("listening on \(server.address)\n".utf8))

while let line = readLine() {
    Thread.detachNewThread {
        try? server.post(room: "lines", json: "{\"line\": \(JSONText.string(line))}")
    }
}

await server.drain(spread: .zero, deadline: .seconds(5))
server.stop()
FileHandle.standardOutput.write(Data("stopped\n".utf8))
