// URLText — where a URL says who asks: no listing, name or message repeats that.

package enum URLText {
    /// What stands before the user and password of `url`, and what stands behind them and their
    /// "@"; `nil` if it has none. They end at the last "@" before the path (RFC 3986 §3.2.1, and
    /// as libcurl has it where a password is not escaped).
    package static func aroundUser(of url: String) -> (before: Substring, after: Substring)? {
        guard let slashes = url.firstRange(of: "//") else { return nil }
        let authority = url[slashes.upperBound...].prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return nil }
        return (url[..<slashes.upperBound], url[url.index(after: at)...])
    }
}
