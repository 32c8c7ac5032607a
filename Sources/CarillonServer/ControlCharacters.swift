// ControlCharacters — what peers write must end no line and move no cursor where people read it.

extension Unicode.Scalar {
    /// A control of ASCII, or one of C1: to some terminals U+009B is what ESC [ is.
    var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension String {
    var hasControls: Bool { unicodeScalars.contains(where: \.isControl) }

    /// The same without control characters: one line, whatever came.
    var visible: String {
        guard hasControls else { return self }
        var clean = UnicodeScalarView()
        for scalar in unicodeScalars { clean.append(scalar.isControl ? "\u{FFFD}" : scalar) }
        return String(clean)
    }
}
