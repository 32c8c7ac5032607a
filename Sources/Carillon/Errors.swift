// Errors — what can go wrong between an embedder and the server. Each says itself in a sentence.

/// Why a server did not start.
public enum StartError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An option has no meaning.
    case badOption(String)
    /// The port is in use, or the address is not one of this machine.
    case cannotListen(String)
    /// The kernel or a container profile refuses io_uring.
    case ringRefused(String)
    /// It was started before; a server runs once.
    case startedBefore

    /// What is wrong and what to do about it.
    public var sentence: String {
        switch self {
        case .badOption(let sentence), .cannotListen(let sentence), .ringRefused(let sentence):
            sentence
        case .startedBefore: "the server was started before; make a new one"
        }
    }

    public var description: String { sentence }
}

/// Why a publication did not enter.
public enum PublishError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name of the room is empty, too long, or has a broken escape.
    case badRoom(String)
    /// The payload is not one JSON value.
    case notJSON
    /// The payload is larger than the largest message, in octets.
    case tooLarge(limit: Int)
    /// More is under way to the cores already than they should be sent; later there is room.
    case congested
    /// The server has not been started, or has been stopped.
    case notRunning

    /// What is wrong.
    public var sentence: String {
        switch self {
        case .badRoom(let sentence): sentence
        case .notJSON: "the payload is not one JSON value in UTF-8"
        case .tooLarge(let limit): "the payload is larger than \(limit) octets"
        case .congested: "too much is under way; try again"
        case .notRunning: "the server does not run"
        }
    }

    public var description: String { sentence }
}
