// [[backend]], [[rabbitmq]] and [[redis]] as their links take them.

import Bytes
import Carillon
import Configuration
import HTTPLink
import LinkKit
import RabbitMQLink

extension HTTPBackEndSettings {
    init(_ given: Configuration.BackEnd) {
        self.init(name: given.name, baseURL: given.url)
        unixSocketPath = given.socket
        timeLimit = given.time.nanoseconds
        connectTimeLimit = given.connectTime.nanoseconds
        inFlightLimit = given.inFlight
        queueLimit = given.waiting
        answerSizeLimit = given.answerSize
        headers = given.headers.map { ($0.name, $0.value) }
        caFile = given.caFile
        breakThreshold = given.breakerFailures
        let time = given.breakerTime.nanoseconds
        breakTime = time...time + time / 2
    }
}

extension RabbitMQSource {
    init(_ given: Configuration.RabbitMQ.Source) throws(LinkProblem) {
        self.init(queue: given.queue)
        isDurable = given.durable
        exchange = given.exchange.map { RabbitMQExchange(name: $0) }
        bindings = given.bindings
        prefetch = UInt16(clamping: given.prefetch)
        template = try RoomTemplate(checked: given.room, of: "the queue \(given.queue)")
    }
}

extension RoomTemplate {
    init(checked text: String, of whom: String) throws(LinkProblem) {
        do throws(RoomTemplateError) {
            try self.init(text)
        } catch {
            throw LinkProblem(
                sentence: "\(whom): the room \"\(text)\" is no template: \(error.sentence)")
        }
    }
}
