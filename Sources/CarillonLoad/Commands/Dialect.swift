// Dialect — what `--dialect` may say, and what cannot be done in each.

internal import ArgumentParser

/// A protocol that carillon-load speaks.
enum Dialect: String, CaseIterable, ExpressibleByArgument {
    case openAPI = "openapi-ws"
    case wamp
    case highTemplar = "high-templar"
    case rohrpost
    case shampoo
    case template

    /// The application publishes by HTTP, since clients cannot.
    var posts: Bool {
        switch self {
        case .highTemplar, .rohrpost, .shampoo: true
        case .openAPI, .wamp, .template: false
        }
    }

    /// What a run may need of its dialect.
    enum Need {
        /// Subscriptions to patterns.
        case patterns
        /// Requests that are answered with their payload.
        case requests
        /// One publication to all rooms.
        case covering
    }

    /// Why the dialect does not serve `need`; `nil` when it does.
    func objection(to need: Need) -> String? {
        switch (need, self) {
        case (.patterns, .highTemplar):
            "high-templar compares rooms exactly when clients subscribe; wildcard needs "
                + "openapi-ws, wamp or template"
        case (.patterns, .rohrpost), (.patterns, .shampoo):
            "\(rawValue) has no patterns; wildcard needs openapi-ws, wamp or template"
        case (.patterns, .openAPI), (.patterns, .wamp), (.patterns, .template): nil
        case (.requests, .highTemplar):
            "high-templar has no calls: nothing is answered with its payload; echo, rpc and "
                + "requesters need another dialect"
        case (.requests, .openAPI), (.requests, .wamp), (.requests, .rohrpost),
            (.requests, .shampoo), (.requests, .template):
            nil
        case (.covering, .highTemplar), (.covering, .template): nil
        case (.covering, .openAPI), (.covering, .wamp), (.covering, .rohrpost),
            (.covering, .shampoo):
            "a publication in \(rawValue) is to one room; --covering needs high-templar"
        }
    }

    /// Says at the start what cannot be done.
    func check(_ need: Need) throws {
        if let objection = objection(to: need) { throw ValidationError(objection) }
    }
}
