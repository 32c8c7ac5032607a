// fuzzMessagePack — a value is taken whole or not at all, skipped or entered, and what was taken can
// be written in every serialization.

import Bytes
import Codecs

func fuzzMessagePack(_ bytes: UnsafeRawBufferPointer) {
    unsafe check(bytes.bytes, as: MessagePackReader.self)
}
