// SetUpError — why a run cannot take place.

internal import CSystem

/// Why a run cannot take place; the sentence says what to do.
struct SetUpError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The text of an `errno`.
func systemText(_ code: Int32) -> String { unsafe String(cString: carillon_error_text(code)) }
