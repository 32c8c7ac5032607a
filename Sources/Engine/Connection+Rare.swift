// RareState — what few connections have at a time.
//
// A connection has the fields here, made when one of them is first needed. Reading one that is not
// there says so and makes nothing.

import Bytes
import DialectKit

/// The part of a connection that is there only while somebody needs it.
final class RareState {
    var host: String?
    var awaitedCalls: [CallToken] = []
    var held: HeldMessages?
    var parked: OctetBuffer?
    var gated: GatedConnection?
    var sessionDeadline: UInt64 = 0
    var errorCount: UInt32 = 0
    var errorWindow: UInt32 = 0  // s
    var allowance = Allowance()
    var waitingPong: [UInt8]?
    var drainTime = UInt64.max  // .max for never: a word less than an optional
    var exchange: Exchange?
    var opening: Opening?
    var departure: Departure?
    var callAccount: CallAccount?

    /// What is left of it when a request has become a WebSocket can be dropped.
    var isEmptyAfterOpening: Bool {
        parked == nil && host == nil && held == nil && gated == nil && exchange == nil
            && opening == nil && drainTime == .max && sessionDeadline == 0 && errorCount == 0
    }
}

extension Connection {
    func makeRare() -> RareState {
        if let rare { return rare }
        let fresh = RareState()
        rare = fresh
        return fresh
    }

    /// The opening is over: what it alone needed goes.
    func trim() {
        if rare?.isEmptyAfterOpening == true { rare = nil }
    }

    /// The peer's host, where connections per address are counted.
    var host: String? {
        get { rare?.host }
        set { makeRare().host = newValue }
    }

    /// What its calls hold; there from the first of them on.
    var callAccount: CallAccount? {
        get { rare?.callAccount }
        set { makeRare().callAccount = newValue }
    }

    /// Messages that came while one before them waits.
    var held: HeldMessages? {
        get { rare?.held }
        set {
            if newValue != nil { mayHoldInput = true }
            if newValue != nil || rare != nil { makeRare().held = newValue }
        }
    }

    /// What holds its session to a gate's word.
    var gated: GatedConnection? {
        get { rare?.gated }
        set { if newValue != nil || rare != nil { makeRare().gated = newValue } }
    }

    /// When its session wants to be called; 0 for never.
    var sessionDeadline: UInt64 {
        get { rare?.sessionDeadline ?? 0 }
        set { if newValue != 0 || rare != nil { makeRare().sessionDeadline = newValue } }
    }

    /// Error replies since `errorWindow`, when the running minute began.
    var errorCount: Int {
        get { Int(rare?.errorCount ?? 0) }
        set { makeRare().errorCount = UInt32(clamping: newValue) }
    }

    var errorWindow: UInt64 {
        get { UInt64(rare?.errorWindow ?? 0) * 1_000_000_000 }
        set { makeRare().errorWindow = UInt32(clamping: newValue / 1_000_000_000) }
    }

    var allowance: Allowance {
        get { rare?.allowance ?? Allowance() }
        set { makeRare().allowance = newValue }
    }

    /// The newest ping not answered because the queue is backlogged.
    var waitingPong: [UInt8]? {
        get { rare?.waitingPong }
        set { if newValue != nil || rare != nil { makeRare().waitingPong = newValue } }
    }

    /// When a drain closes it.
    var drainTime: UInt64? {
        get {
            guard let rare, rare.drainTime != .max else { return nil }
            return rare.drainTime
        }
        set { if newValue != nil || rare != nil { makeRare().drainTime = newValue ?? .max } }
    }

    /// What it leaves, while it departs.
    var departure: Departure? {
        get { rare?.departure }
        set { if newValue != nil || rare != nil { makeRare().departure = newValue } }
    }

    /// A request that is not complete or not answered.
    var exchange: Exchange? {
        get { rare?.exchange }
        set {
            if newValue != nil { mayHoldInput = true }
            if newValue != nil || rare != nil { makeRare().exchange = newValue }
        }
    }

    /// An upgrade that somebody else decides about.
    var opening: Opening? {
        get { rare?.opening }
        set {
            if newValue != nil { mayHoldInput = true }
            if newValue != nil || rare != nil { makeRare().opening = newValue }
        }
    }
}
