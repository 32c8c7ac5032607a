// Support — what the tests of the HTTP link share: short ways to ask, and to wait without sleeping.

import DialectKit
import Lockfree

@testable import HTTPLink

let millisecond: UInt64 = 1_000_000

extension BackEndFailure {
    /// Whether the back end could not be reached, for a reason that holds `text`.
    func isUnreachable(_ text: String = "") -> Bool {
        guard case .unreachable(let sentence) = self else { return false }
        return text.isEmpty || sentence.contains(text)
    }
}

extension Result where Success == BackEndAnswer, Failure == BackEndFailure {
    var answer: BackEndAnswer? { try? get() }
    var text: String? { answer.map { String(decoding: $0.body, as: UTF8.self) } }
    var failure: BackEndFailure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension BackEnd {
    /// Sends a request and waits for what comes of it.
    func ask(
        _ target: String, method: String = "GET", headers: [(name: String, value: String)] = [],
        body: String = "", timeLimit: UInt64? = nil, isShared: Bool = false
    ) async -> Result<BackEndAnswer, BackEndFailure> {
        let request = BackEndRequest(
            method: method, target: target, headers: headers, body: Array(body.utf8),
            timeLimit: timeLimit, isShared: isShared)
        return await withCheckedContinuation { continuation in
            send(request) { continuation.resume(returning: $0) }
        }
    }
}

/// Something that happens some number of times, and those who wait for it.
final class Happening: Sendable {
    private struct State {
        var count = 0
        var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Guarded(State())

    var count: Int { state.withLock { $0.count } }

    func happen() {
        let ready = state.withLock { state in
            state.count += 1
            let ready = state.waiting.filter { $0.count <= state.count }
            state.waiting.removeAll { $0.count <= state.count }
            return ready.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Waits until it has happened so often.
    func wait(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.count >= count { return true }
                state.waiting.append((count, continuation))
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}

/// Results in the order in which they came.
final class Results: Sendable {
    let each = Happening()
    private let list = Guarded<[(name: String, result: Result<BackEndAnswer, BackEndFailure>)]>([])

    var all: [(name: String, result: Result<BackEndAnswer, BackEndFailure>)] {
        list.withLock { $0 }
    }

    func take(_ name: String) -> @Sendable (Result<BackEndAnswer, BackEndFailure>) -> Void {
        { result in
            self.list.withLock { $0.append((name, result)) }
            self.each.happen()
        }
    }
}

extension HTTPLink {
    /// A back end whose limits are no test's matter unless it changes them.
    func backEnd(
        _ url: String, _ change: (inout HTTPBackEndSettings) -> Void = { _ in }
    ) throws -> HTTPBackEnd {
        var settings = HTTPBackEndSettings(name: "app", baseURL: url)
        settings.timeLimit = 60 * HTTPBackEndSettings.second
        change(&settings)
        return try add(settings)
    }
}
