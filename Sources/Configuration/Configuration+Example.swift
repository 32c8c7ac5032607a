// Example — one of each table that may stand several times, for a file to begin with.

extension Configuration {
    /// A configuration whose tables fit each other.
    static let example: Configuration = {
        var example = Configuration()
        var route = Route()
        route.path = "/ws/shop/"
        route.dialect = .hightemplar
        route.apiURL = "http://127.0.0.1:8080/shop/api/"
        example.routes = [route]
        var method = Endpoint.Method()
        method.name = "add_number"
        method.calling.procedure = "com.example.add_number"
        method.calling.arguments = .keywords
        var endpoint = Endpoint()
        endpoint.name = "numbers"
        endpoint.path = #"^/number/(?P<number>\d+)/?$"#
        endpoint.rooms = ["number.{number}"]
        endpoint.methods = [method]
        example.endpoints = [endpoint]
        var application = BackEnd()
        application.name = "application"
        application.url = "http://127.0.0.1:8080/"
        example.backEnds = [application]
        var procedure = Procedure()
        procedure.uri = "com.example.add_number"
        procedure.backEnd = application.name
        procedure.target = "carillon/call"
        example.procedures = [procedure]
        var queue = RabbitMQ.Source()
        queue.queue = "carillon"
        queue.exchange = "events"
        queue.bindings = ["orders.#"]
        var rabbitMQ = RabbitMQ()
        rabbitMQ.highTemplarExchange = "hightemplar"
        rabbitMQ.sources = [queue]
        example.rabbitMQ = [rabbitMQ]
        var channels = Redis.Source()
        channels.channels = ["notifications"]
        channels.patterns = ["user:*"]
        var redis = Redis()
        redis.sources = [channels]
        var sink = Redis.Sink()
        sink.room = "orders."
        sink.match = .prefix
        redis.sinks = [sink]
        example.redis = [redis]
        return example
    }()
}
