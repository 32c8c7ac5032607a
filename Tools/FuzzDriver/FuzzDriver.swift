// FuzzDriver — hands one of the fuzz targets to libFuzzer.
//
//     FuzzDriver NAME [libFuzzer options] [corpus folders]
//
// Built only by Tools/fuzz, with coverage and address sanitizer in every module. libFuzzer's own
// `main` would fix one target at link time; its driver function lets the first argument choose.

import FuzzTargets
import Glibc

/// `FuzzedDataProvider.h`'s neighbour: the entry of libFuzzer as a library (since LLVM 12).
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Set once before the fuzzer starts, and read by its only thread: a C function has no captures.
nonisolated(unsafe) var chosen: (UnsafeRawBufferPointer) -> Void = { _ in }

@main
enum FuzzDriver {
    static func main() {
        let names = fuzzTargets.map(\.name).joined(separator: " ")
        guard CommandLine.arguments.count > 1,
            let target = fuzzTargets.first(where: { $0.name == CommandLine.arguments[1] })
        else {
            print("usage: FuzzDriver NAME [options] [corpus folders]; NAME is one of: \(names)")
            exit(64)
        }
        unsafe chosen = target.run
        // libFuzzer keeps the program's name, forgets ours, and reads the rest.
        var arguments = unsafe CommandLine.unsafeArgv
        var count = CommandLine.argc
        unsafe arguments[1] = arguments[0]
        unsafe arguments += 1
        count -= 1
        let status = unsafe withUnsafeMutablePointer(to: &arguments) { place in
            unsafe place.withMemoryRebound(
                to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.self, capacity: 1
            ) { place in
                unsafe runFuzzer(&count, place) { start, size in
                    unsafe chosen(UnsafeRawBufferPointer(start: start, count: size))
                    return 0
                }
            }
        }
        exit(status)
    }
}
