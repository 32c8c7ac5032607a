// The refusals of an opening (specification §1.3): the reason is in the status line, as the
// reference has it, and in the body, where browsers and proxies leave it alone.

import DialectKit

extension Refusal {
    /// §1.3, row 1.
    internal static let noMatchingProtocol = initialization(
        reason: "No matching protocol, shampoo protocol needs to be requested.")
    /// §1.3, row 2.
    internal static let noMatchingEndpoint = initialization(
        status: 404, reason: "No matching endpoint found.")
    /// §1.3, row 4. What went wrong is nothing for the client.
    internal static let initializationCrashed = initialization(
        status: 500, reason: "Internal server error")

    /// Characters of a reason.
    private static let reasonLimit = 256

    /// §1.3, row 3: what an endpoint says no with.
    ///
    /// - Parameters:
    ///   - status: What is not 400 to 599 is taken for 400.
    ///   - reason: Line ends and other control characters are left out of it.
    internal static func initialization(
        status: Int = 400, reason: String = "Endpoint initialization failed"
    ) -> Refusal {
        var line = String.UnicodeScalarView()
        for scalar in reason.unicodeScalars.prefix(reasonLimit)
        where scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value) {
            line.append(scalar)
        }
        let status = (400...599).contains(status) ? status : 400
        return Refusal(status: status, reason: String(line), body: String(line))
    }
}
