// ArrayOctets — an array of octets seen as raw octets.

extension Array where Element == UInt8 {
    /// The octets, lent.
    ///
    /// `Span.bytes` is unsafe because an element may have padding; an octet has none.
    var raw: RawSpan {
        @_lifetime(borrow self) get {
            let raw = unsafe span.bytes
            return unsafe _overrideLifetime(raw, borrowing: self)
        }
    }
}
