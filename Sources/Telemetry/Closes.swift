// Closes — how WebSocket connections end: `ws_closes_total{code,side,reason}`.
//
// A peer may close with any of 2 000 codes of its own; they are counted by thousands, so the
// family stays a small table. Cells that are still zero are left out of the page.

/// The status code of a close, as far as it is told apart (RFC 6455 §7.4).
@frozen
@usableFromInline
package enum CountedCloseCode: Int, CaseIterable, MetricKey {
    case normal, goingAway, protocolError, unsupportedData, noStatus, abnormal, invalidPayload
    case policyViolation, messageTooBig, mandatoryExtension, internalError, serviceRestart
    case tryAgainLater, badGateway, registered, privateUse, other

    @inlinable
    package init(code: UInt16) {
        switch code {
        case 1000: self = .normal
        case 1001: self = .goingAway
        case 1002: self = .protocolError
        case 1003: self = .unsupportedData
        case 1005: self = .noStatus
        case 1006: self = .abnormal
        case 1007: self = .invalidPayload
        case 1008: self = .policyViolation
        case 1009: self = .messageTooBig
        case 1010: self = .mandatoryExtension
        case 1011: self = .internalError
        case 1012: self = .serviceRestart
        case 1013: self = .tryAgainLater
        case 1014: self = .badGateway
        case 3000...3999: self = .registered
        case 4000...4999: self = .privateUse
        default: self = .other
        }
    }

    package var label: String {
        switch self {
        case .normal: "1000"
        case .goingAway: "1001"
        case .protocolError: "1002"
        case .unsupportedData: "1003"
        case .noStatus: "1005"
        case .abnormal: "1006"
        case .invalidPayload: "1007"
        case .policyViolation: "1008"
        case .messageTooBig: "1009"
        case .mandatoryExtension: "1010"
        case .internalError: "1011"
        case .serviceRestart: "1012"
        case .tryAgainLater: "1013"
        case .badGateway: "1014"
        case .registered: "3xxx"
        case .privateUse: "4xxx"
        case .other: "other"
        }
    }
}

/// Who ended the connection.
@frozen
@usableFromInline
package enum ClosingSide: Int, CaseIterable, MetricKey {
    case server, peer

    package var label: String {
        switch self {
        case .server: "server"
        case .peer: "peer"
        }
    }
}

/// Why a connection ended.
@frozen
@usableFromInline
package enum CloseReason: Int, CaseIterable, MetricKey {
    case asked  // by the peer's close frame, or by the dialect
    case connectionLost  // end of stream or reset without a close frame
    case protocolViolation
    case limit
    case slowConsumer
    case slowWrite
    case pongTimeout
    case memoryPressure
    case drain

    package var label: String {
        switch self {
        case .asked: "asked"
        case .connectionLost: "connection_lost"
        case .protocolViolation: "protocol"
        case .limit: "limit"
        case .slowConsumer: "slow_consumer"
        case .slowWrite: "slow_write"
        case .pongTimeout: "pong_timeout"
        case .memoryPressure: "memory_pressure"
        case .drain: "drain"
        }
    }
}

/// One cell of `ws_closes_total`.
@frozen
@usableFromInline
package struct CloseKey: MetricKey {
    package let code: CountedCloseCode
    package let side: ClosingSide
    package let reason: CloseReason

    package init(code: UInt16, side: ClosingSide, reason: CloseReason) {
        self.init(code: CountedCloseCode(code: code), side: side, reason: reason)
    }

    package init(code: CountedCloseCode, side: ClosingSide, reason: CloseReason) {
        self.code = code
        self.side = side
        self.reason = reason
    }

    @usableFromInline
    package static var keyCount: Int {
        CountedCloseCode.keyCount * ClosingSide.keyCount * CloseReason.keyCount
    }

    @usableFromInline
    package var index: Int {
        (code.index * ClosingSide.keyCount + side.index) * CloseReason.keyCount + reason.index
    }

    /// Every cell, in the order of the table.
    package static var all: [CloseKey] {
        CountedCloseCode.allCases.flatMap { code in
            ClosingSide.allCases.flatMap { side in
                CloseReason.allCases.map { CloseKey(code: code, side: side, reason: $0) }
            }
        }
    }
}
