// Targets — the parsers that are fuzzed, by name.
//
// Each `fuzz…` function takes octets as a peer would send them, checks its properties with
// `precondition` and returns; a trap is a finding. The names are those of the folders in
// Tests/Corpus and of `Tools/fuzz NAME`. A new target is a file here, a line below and a folder
// of seeds: CorpusTests fails when one of the three is missing.

/// One fuzzed parser.
///
/// Safety: `run` reads the octets it is lent during the call and keeps nothing of them.
@safe
package struct FuzzTarget: Sendable {
    package let name: String
    package let run: @Sendable (UnsafeRawBufferPointer) -> Void
}

package let fuzzTargets: [FuzzTarget] = unsafe [
    FuzzTarget(name: "Authentication", run: fuzzAuthentication),
    FuzzTarget(name: "CBOR", run: fuzzCBOR),
    FuzzTarget(name: "Extensions", run: fuzzExtensions),
    FuzzTarget(name: "Frames", run: fuzzFrames),
    FuzzTarget(name: "HighTemplar", run: fuzzHighTemplar),
    FuzzTarget(name: "Inflate", run: fuzzInflate),
    FuzzTarget(name: "JSON", run: fuzzJSON),
    FuzzTarget(name: "MessagePack", run: fuzzMessagePack),
    FuzzTarget(name: "OctetBuffer", run: fuzzOctetBuffer),
    FuzzTarget(name: "OpenAPI", run: fuzzOpenAPI),
    FuzzTarget(name: "Patterns", run: fuzzPatterns),
    FuzzTarget(name: "RequestHead", run: fuzzRequestHead),
    FuzzTarget(name: "Rohrpost", run: fuzzRohrpost),
    FuzzTarget(name: "Session", run: fuzzSession),
    FuzzTarget(name: "Shampoo", run: fuzzShampoo),
    FuzzTarget(name: "Text", run: fuzzText),
    FuzzTarget(name: "Tokens", run: fuzzTokens),
    FuzzTarget(name: "Transcode", run: fuzzTranscode),
    FuzzTarget(name: "WAMP", run: fuzzWAMP),
]
