#!/usr/bin/env python3
"""Makes python.txt: JSON texts and what CPython's repr says of what json.loads makes of them.

    python3 Tests/Vectors/python.py > Tests/Vectors/python.txt

One line is one value: JSON and repr, separated by a tab. What matters comes first, then values from a
seeded generator, in every form in which JSON can write them. Characters are ones that Unicode has known
for long, or never will.
"""

import json
import random
import struct

source = random.Random(9)
FIXED = [
    "null", "true", "false", "0", "-0", "5", "-17", "1" * 60, "0.0", "-0.0", "-0e5", "1.5", "1e2", "1E+2", "1e15",
    "123456789012345680", "1e16", "1.5e16", "9999999999999998.0", "12345678901234567.0", "1e-4", "0.00012345",
    "1e-5", "1.25e-05", "1e22", "1e23", "1e100", "1E400", "-1E400", "1e-400", "5e-324", "2.2250738585072014e-308",
    "1.7976931348623157e308", "0.1", "0.30000000000000004", "100.0", "123.456", "1e99999999999999999999",
    '""', '"plain"', '"it\'s"', '"say \\"x\\""', '"it\'s \\"x\\""', '"\\u0027"', '"\\u0022\\u0027"', '"\\u0022"',
    '"\\\\"', '"\\\\n"', '"\\/"', '"\\b\\f\\n\\r\\t"', '"\\u0000\\u0001\\u001f"', '"\x7f"', '"\\u0080\\u009f\\u00a0\\u00ad"',
    '"é€ßЖ"', '"😀"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\ud83d\\ude00"', '"\\ud83dx"', '"\\ud83d\\n"',
    '"\u2028\u2029\u200b\ufeff"', '"\ue000"', '"\uffff"', '"\ufffd"', '"\U0010ffff"', '"\U000e0001"', '"\u3000"',
    "[]", "[ ]", "{}", "[1]", '[1,2.0,"a",null]', '{"a":1}', '{"a":1,"b":[true,{"c":"d"}]}', '{"a":1,"a":2}',
    '{"a":1,"b":2,"a":{"x":1,"x":2},"c":3}', '{"a":1,"\\u0061":2}', '{"it\'s":"\\u0027"}', "[[[]]]", "[" * 60 + "]" * 60,
    '{"":""}', ' [ 1 , 2 ] ', '{ "a" : 1 }',
]
CHARACTERS = "abc'\"\\/\n\t\x01\x1f\x7f\x80\xa0é€😀ЖЖ\u2028\u3000\ud800\udfff \ue000"


def text():
    return "".join(source.choice(CHARACTERS) for _ in range(source.randrange(7)))


def number():
    if source.random() < 0.3:
        return source.getrandbits(source.choice([4, 16, 63, 64, 90])) * source.choice([1, -1])
    if source.random() < 0.5:
        return source.randrange(10**source.randrange(1, 18)) * 10.0 ** source.randrange(-22, 10)
    some = struct.unpack(">d", source.randbytes(8))[0]
    return some if abs(some) < 1e309 else 0.25


def value(depth):
    kind = source.randrange(6 if depth else 4)
    if kind == 0:
        return source.choice([None, True, False])
    if kind == 1:
        return number()
    if kind in (2, 3):
        return text()
    if kind == 4:
        return [value(depth - 1) for _ in range(source.randrange(4))]
    return {text(): value(depth - 1) for _ in range(source.randrange(4))}


def written(item):
    """The value as JSON, escaped more or less than it must be."""
    some = json.dumps(item, ensure_ascii=source.random() < 0.5)
    try:
        some.encode()
    except UnicodeEncodeError:  # half of a surrogate pair can only be written as an escape
        some = json.dumps(item)
    return some


for line in FIXED + [written(value(2)) for _ in range(300)]:
    print(line, repr(json.loads(line)), sep="\t")
