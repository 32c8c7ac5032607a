// Transfer — one request and its answer in libcurl's hands, and the multi handle that drives them.
//
// Everything here belongs to the link's thread, which libcurl demands, except `Multi.wake`.

internal import CCurl
internal import DialectKit

/// What drives all transfers of a link, and keeps their connections.
///
/// Safety: `handle` is made in `init` and freed in `deinit`; every transfer in it holds a
/// reference. It is used by the link's thread; the one function for other threads is made for them.
@safe
final class Multi: @unchecked Sendable {
    fileprivate let handle: OpaquePointer

    /// `nil`: there is no memory, or there are no descriptors.
    init?() {
        guard let handle = unsafe carillon_multi_make() else { return nil }
        unsafe self.handle = handle
    }

    deinit { unsafe carillon_multi_free(handle) }

    /// Ends the present or the next wait. Any thread.
    func wake() { unsafe carillon_multi_wake(handle) }

    func keep(connections: Int) {
        unsafe carillon_multi_keep(handle, UInt32(clamping: connections))
    }

    func perform() { unsafe carillon_multi_perform(handle) }

    /// Waits until there is something to do, at most so many nanoseconds.
    func wait(_ time: UInt64) {
        // Rounded up: a turn that is a little early would find nothing due, and again.
        let milliseconds = time / 1_000_000 + (time % 1_000_000 == 0 ? 0 : 1)
        // An hour is as good as forever, and far from what an int holds.
        unsafe carillon_multi_wait(handle, Int32(min(milliseconds, 3_600_000)))
    }

    /// A transfer that has finished, by its lane and number; `error` is one of libcurl's, 0 is
    /// none.
    func nextFinished() -> (lane: Int, number: UInt64, error: Int32)? {
        var error: Int32 = 0
        guard let transfer = unsafe carillon_multi_next_finished(handle, &error) else { return nil }
        return unsafe (
            carillon_transfer_lane(transfer), carillon_transfer_number(transfer), error
        )
    }
}

/// A request under way. Letting go of it ends it, and closes its connection unless it is answered.
///
/// Safety: `handle` is made in `init`, taken out of the multi and freed in `deinit`.
@safe
final class Transfer {
    /// `nil`: it only knocks.
    let question: Question?
    /// Whether it was told its host's address.
    let isTold: Bool
    private let handle: OpaquePointer
    private let multi: Multi
    private var isUnderWay = false

    /// A request, or an attempt to connect for the circuit breaker.
    ///
    /// - Parameters:
    ///   - address: Where its host is, when it cannot be looked up.
    /// - Returns: `nil`: no memory.
    convenience init?(
        _ question: Question?, _ settings: HTTPBackEndSettings, address: String? = nil,
        in multi: Multi, lane: Int, number: UInt64
    ) {
        self.init(question, settings, isTold: address != nil, multi, lane, number)
        if let address, let place = BaseURL.nameAndPort(of: settings.baseURL) {
            unsafe carillon_transfer_know_address(handle, "+\(place):\(address)")
        }
        guard let question else {
            unsafe carillon_transfer_ask(handle, "GET", settings.baseURL, nil, 0)
            unsafe carillon_transfer_only_connect(handle)
            return
        }
        unsafe question.body.withUnsafeBytes {
            unsafe carillon_transfer_ask(
                handle, question.method, question.url, $0.baseAddress, $0.count)
        }
        for line in question.headerLines { unsafe carillon_transfer_add_header(handle, line) }
        // Without "Expect" a body of a mebibyte would wait a second for a "100 Continue" that many
        // servers never send; and what libcurl takes a body for is not what it is.
        unsafe carillon_transfer_add_header(handle, "Expect:")
        if !question.hasHeader("content-type") {
            unsafe carillon_transfer_add_header(handle, "Content-Type:")
        }
        if ["GET", "HEAD", "POST"].contains(question.method) {
            unsafe carillon_transfer_follow(handle, UInt32(clamping: settings.redirectLimit))
        }
    }

    private init?(
        _ question: Question?, _ settings: HTTPBackEndSettings, isTold: Bool, _ multi: Multi,
        _ lane: Int, _ number: UInt64
    ) {
        let made = unsafe carillon_transfer_make(settings.answerSizeLimit, lane, number)
        guard let handle = unsafe made else { return nil }
        unsafe self.handle = handle
        self.multi = multi
        self.question = question
        self.isTold = isTold
        unsafe carillon_transfer_limit_connect_time(handle, settings.connectTimeLimit / 1_000_000)
        if let path = settings.unixSocketPath { unsafe carillon_transfer_use_socket(handle, path) }
        if let proxy = settings.proxyURL { unsafe carillon_transfer_use_proxy(handle, proxy) }
        if BaseURL.isSecure(settings.baseURL) { unsafe carillon_transfer_allow_http2(handle) }
        if let file = settings.caFile { unsafe carillon_transfer_trust(handle, file) }
        if !settings.verifiesPeer { unsafe carillon_transfer_trust_anyone(handle) }
    }

    deinit {
        if isUnderWay { unsafe carillon_transfer_end(handle, multi.handle) }
        unsafe carillon_transfer_free(handle)
    }

    /// - Returns: 0, or an error of libcurl.
    func begin() -> Int32 {
        let error = unsafe carillon_transfer_begin(handle, multi.handle)
        isUnderWay = error == 0
        return error
    }

    /// Whether it failed because its host's address could not be found out.
    func isUnresolved(_ error: Int32) -> Bool {
        unsafe carillon_transfer_is_unresolved(handle, error)
    }

    /// The address that answered; empty if it is not the back end's own.
    var address: String { unsafe String(cString: carillon_transfer_address(handle)) }

    /// What came of it, after it has finished with that error.
    func outcome(_ error: Int32, breakStatuses: Set<Int>) -> FlightOutcome {
        if unsafe carillon_transfer_is_too_large(handle) { return .tooLarge }
        guard error == 0 else {
            let problem = unsafe String(cString: carillon_transfer_problem(handle, error))
            return .failed(problem, isFailure: !carillon_transfer_was_answered(error))
        }
        var size = 0
        let octets = unsafe carillon_transfer_body(handle, &size)
        let body = unsafe UnsafeRawBufferPointer(start: octets, count: size)
        let type = unsafe String(cString: carillon_transfer_content_type(handle))
        let answer = BackEndAnswer(
            status: unsafe carillon_transfer_status(handle), contentType: MediaType.name(type),
            body: unsafe [UInt8](body))
        return .answered(answer, isFailure: breakStatuses.contains(answer.status))
    }
}

enum MediaType {
    /// The type without its parameters, in lower case (RFC 9110 §8.3.1).
    static func name(_ field: String) -> String {
        let octets = field.utf8.prefix { $0 != UInt8(ascii: ";") }
        let isBlank = { (octet: UInt8) in octet == 0x20 || octet == 0x09 }
        let end = octets.lastIndex { !isBlank($0) }.map { octets.index(after: $0) }
        let trimmed = octets[..<(end ?? octets.startIndex)].drop(while: isBlank)
        return String(decoding: trimmed, as: UTF8.self).lowercased()
    }
}
