import DialectKit
import Echo
import Engine
import Glibc
import OpenAPIRPC
import Rooms
import Uring

let registry = Registry()
var settings = EngineSettings()
let rpc = DialectID(rawValue: 0)
let dialect = OpenAPIDialect(id: rpc, realm: .standard, settings: OpenAPISettings(), directory: registry)
settings.routes = [Route(path: "/stream", dialect: dialect, dialectID: rpc)]
var echo = Route(path: "/echo", dialect: EchoDialect(), dialectID: DialectID(rawValue: 1))
echo.messageSize = 16 << 20
echo.fragmentCount = 131_072
echo.sendQueueSize = 32 << 20
settings.routes.append(echo)
let arguments = CommandLine.arguments
let port = UInt16(arguments.count > 1 ? arguments[1] : "8000") ?? 8000
var options = EngineOptions(coreCount: arguments.count > 2 ? Int(arguments[2]) ?? 1 : 1)
options.address = ListenAddress(host: "127.0.0.1", port: port)
options.ring.socketCount = 20000
do {
    let engine = try Engine(options, settings: settings, registry: registry)
    print("listening on", engine.address.text, engine.features.description)
    while true { sleep(1000) }
} catch {
    print(error)
}
