#!/usr/bin/env python3
"""Makes codecs.txt: the same values as three other encoders write them.

    python3 -m venv DIR && DIR/bin/pip install msgpack==1.2.4 cbor2==6.2.1
    DIR/bin/python Tests/Vectors/codecs.py > Tests/Vectors/codecs.txt

One line is one value: JSON, MessagePack in hex, CBOR in hex, separated by tabs. Boundary values come
first, then WAMP messages, then values from a seeded generator. Octet strings are in JSON what the
WAMP reference makes of them: U+0000 and base 64.
"""

import base64
import json
import math
import random
import struct

import cbor2
import msgpack

source = random.Random(4)
LETTERS = 'abc xyz 019 "\\/\n\t\x01\x1f\x7fé€😀ßЖ\u2028'
FIXED = [
    None, True, False, 0, 1, 10, 23, 24, 31, 32, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53,
    2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -1, -24, -25, -32, -33, -128, -129, -256, -257, -32768, -32769,
    -65536, -65537, -2**31, -2**31 - 1, -2**32, -2**32 - 1, -2**63,
    "", "a", "x" * 23, "x" * 24, "x" * 31, "x" * 32, "x" * 255, "x" * 256, b"", b"\1\2", b"\xff" * 255,
    b"\xff" * 256, [], {}, [[]], {"a": {}}, [1, [2, [3]]], list(range(15)), list(range(16)), list(range(23)),
    list(range(24)), [0] * 256, {f"k{i}": i for i in range(15)}, {f"k{i}": i for i in range(16)},
    {f"k{i}": i for i in range(24)},
    [36, 5512315355, 4429313566, {}, ["Hi", b"\1\2"]], [35, 85346237],
    [16, 1, {"acknowledge": True}, "com.shop.order", [], {"price": 9.95}],
]


def conventional(value):
    """What JSON writes for `value` by WAMP's convention."""
    if isinstance(value, bytes):
        return "\0" + base64.b64encode(value).decode()
    if isinstance(value, list):
        return [conventional(item) for item in value]
    if isinstance(value, dict):
        return {key: conventional(item) for key, item in value.items()}
    return value


def text(size):
    return "".join(source.choice(LETTERS) for _ in range(size))


def number():
    some = struct.unpack(">d", source.randbytes(8))[0]
    some = some if math.isfinite(some) else 0.25
    return source.choice([0.0, -0.0, 0.5, -1.5, 1e100, 5e-324, 1.7976931348623157e308, 0.1, 1e15, 1e16, 1e-5,
                          1e-4, 123456789.125, some, some, some])


def container_size(depth):
    return source.choice([0, 1, 2, 3, 15, 16, 23, 24]) if depth == 1 else source.randrange(4)


def value(depth):
    kind = source.randrange(12 if depth else 8)
    if kind == 0:
        return source.choice([None, True, False])
    if kind in (1, 2):
        bits = source.getrandbits(source.choice([4, 5, 6, 7, 8, 15, 16, 17, 31, 32, 33, 52, 53, 54, 62, 63]))
        return source.choice([bits, -bits])
    if kind == 3:
        return source.getrandbits(64) | 1 << 63
    if kind == 4:
        return number()
    if kind in (5, 6):
        return text(source.choice([0, 1, 2, 5, 23, 24, 31, 32, 40]))
    if kind == 7:
        return source.randbytes(source.choice([0, 1, 2, 3, 4, 17]))
    if kind in (8, 9):
        return [value(depth - 1) for _ in range(container_size(depth))]
    return {text(source.randrange(1, 9)): value(depth - 1) for _ in range(container_size(depth))}


for item in FIXED + [value(2) for _ in range(180)]:
    as_json = json.dumps(conventional(item), ensure_ascii=False, separators=(",", ":"))
    as_msgpack, as_cbor = msgpack.packb(item, use_bin_type=True), cbor2.dumps(item)
    if len(as_cbor) > 400:
        continue
    assert msgpack.unpackb(as_msgpack) == cbor2.loads(as_cbor) == item
    print(as_json, as_msgpack.hex(), as_cbor.hex(), sep="\t")
