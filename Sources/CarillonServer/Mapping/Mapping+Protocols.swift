// [openapi], [websocket] and [api] as their modules take them.

import Bytes
import Carillon
import Configuration
import Control
import Hub
import OpenAPIRPC
import WebSocket

extension OpenAPISettings {
    init(_ configuration: Configuration) {
        let given = configuration.openapi
        var methods: OpenAPIMethods = []
        for method in given.methods {
            // Both sides know the same names; a test sees to it.
            if let known = OpenAPIMethods(name: method.rawValue) { methods.insert(known) }
        }
        self.init(
            channels: given.channels == .lowercase ? .lowercase : .any, methods: methods,
            testMethods: given.testMethods,
            subscriptionLimit: configuration.limits.subscriptionsPerConnection,
            refusalLimit: configuration.limits.subscriptionRefusals)
        calls = CallRule(given.calling)
        callTime = given.calling.time.nanoseconds
    }
}

extension DeflateSettings {
    init(_ given: Configuration.WebSocket) {
        self.init(
            isEnabled: given.deflate, demandsClientNoContextTakeover: !given.deflateClientTakeover)
    }
}

extension ControlSettings {
    init(_ configuration: Configuration) {
        self.init()
        key = configuration.api.key?.text
        bodyLimit = configuration.limits.bodySize
        realms = RealmTable(configuration).all
    }
}
