// URIText — what a URI of a rule may look like (WAMP: "URIs", loose and strict rule).
//
// A URI is a string of components joined by dots. Loose: a component is one or more characters that
// are neither white space nor "#". Strict: one or more of a-z, 0-9 and "_". Which components may be
// empty depends on how the URI is matched. A URI becomes the name of a room and has its bounds.

extension Configuration {
    /// How the URI of a rule is compared.
    package enum Match: String, CaseIterable, Sendable {
        /// Equal.
        case exact
        /// The beginning of the text: `com.app` is one of `com.app.a` and of `com.apples`.
        case prefix
        /// Component by component, of which an empty one stands for any.
        case wildcard
    }
}

internal enum URIText {
    static let sizeLimit = 255  // octets
    static let componentLimit = 32

    /// Whether `uri` may be matched in this way.
    static func isValid(_ uri: String, as match: Configuration.Match, isStrict: Bool) -> Bool {
        guard uri.utf8.count <= sizeLimit else { return false }
        if uri.isEmpty { return match != .exact }
        let components = uri.unicodeScalars.split(
            separator: ".", omittingEmptySubsequences: false)
        guard components.count <= componentLimit else { return false }
        for (index, component) in components.enumerated() {
            let mayBeEmpty =
                match == .wildcard || match == .prefix && index == components.count - 1
            guard !component.isEmpty || mayBeEmpty else { return false }
            guard component.allSatisfy({ isAllowed($0, isStrict) }) else { return false }
        }
        return true
    }

    private static func isAllowed(_ scalar: Unicode.Scalar, _ isStrict: Bool) -> Bool {
        if isStrict {
            return ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
        }
        return !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
            && scalar != "#"
    }
}

extension Format where Value == String {
    /// The name of a realm: a URI by the loose rule.
    internal static var realmName: Format {
        text("a URI such as \"realm1\" or \"com.example.shop\"") {
            URIText.isValid($0, as: .exact, isStrict: false)
        }
    }

    /// A URI or a pattern; `match` decides later what exactly is allowed.
    internal static var pattern: Format {
        text("a URI, or the part of one that \"match\" says; \"\" with \"prefix\" is every URI") {
            URIText.isValid($0, as: .wildcard, isStrict: false)
        }
    }

    /// Whom a session says it is, or what it may: text for people and tables.
    internal static var identity: Format {
        text("text of 1 to 255 octets without control characters") { text in
            !text.isEmpty && text.utf8.count <= 255
                && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        }
    }
}
