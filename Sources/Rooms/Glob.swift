// placeholder until the compiled glob lands
package struct Glob: Hashable, Sendable {
    package let text: [UInt8]
}
