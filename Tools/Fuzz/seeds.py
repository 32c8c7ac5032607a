#!/usr/bin/env python3
"""Writes the hand-made seeds of Tests/Corpus: one of everything a parser has a branch for.

    Tools/Fuzz/seeds.py            existing files of the same name are replaced, others stay

The first octets of some inputs choose settings; each target's header says which.
"""

import base64
import hashlib
import hmac
import itertools
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
sys.dont_write_bytecode = True
from wire import BINARY, CONTINUATION, PING, PONG, TEXT, close, deflate, frame, upgrade  # noqa: E402


def keep(target, seeds):
    folder = ROOT / "Tests/Corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, octets in seeds.items():
        (folder / f"seed-{name}").write_bytes(octets)


def transcripts(dialect="openapi-ws"):
    """What clients send in the golden conversations: {conversation: [message]}."""
    found, name = {}, ""
    for file in sorted((ROOT / "Tests/Transcripts").glob(f"{dialect}/*.txt")):
        for line in file.read_text(encoding="utf-8").split("\n"):
            if line.startswith("# "):
                name = re.sub(r"[^a-z0-9-]", "-", line[2:].split(" ")[0])
            elif said := re.fullmatch(r"[A-Z]?> ?(.*)", line):
                found.setdefault(name, []).append(said[1].encode())
    return found


words = b"price:1,volume:2," * 20
plain, packed = b"\x00\x80\x20\x40", b"\x02\x80\x20\x40"
streams = {
    "text": frame(TEXT, "Größe") + frame(BINARY, bytes(range(256))),
    "fragments": frame(TEXT, b"\xe2", fin=False) + frame(PING, "p") + frame(CONTINUATION, b"\x82\xac"),
    "control": frame(PING) + frame(PONG, "x" * 125) + close(1000, b"bye"),
    "lengths": frame(TEXT, "a" * 125) + frame(TEXT, "b" * 126) + frame(BINARY, b"c" * 3000),
    "closes": close(),
    "close-one-octet": frame(8, b"\x03"),
    "close-bad-code": close(1005),
    "length-63": frame(TEXT, "x", length=(127, b"\x80" + b"\0" * 7)),
    "length-not-shortest": frame(TEXT, "x", length=(126, b"\0\1")),
    "bad-text": frame(TEXT, b"ok \xed\xa0\x80"),
    "unmasked": frame(TEXT, "x", mask=None),
    "reserved": frame(3, "x") + frame(TEXT, "x", rsv=2),
}
keep("Frames", {name: plain + octets for name, octets in streams.items()} | {
    "packed": packed + frame(TEXT, deflate(words), rsv=4) * 2,
    "packed-fragments": packed + frame(TEXT, deflate(words)[:9], rsv=4, fin=False)
    + frame(CONTINUATION, deflate(words)[9:]),
    "packed-final": b"\x06" + packed[1:] + frame(BINARY, deflate(words, final=True), rsv=4),
    "packed-bomb": packed + frame(BINARY, deflate(b"\0" * 100_000), rsv=4),
    "as-client": b"\x01" + plain[1:] + frame(TEXT, "hello", mask=None) + frame(PING, mask=None),
})
keep("Inflate", {
    "words": b"\x80\x05\x40" + deflate(words),
    "final": b"\x00\xff\x40" + deflate(words, final=True),
    "stored": b"\x80\x03\x40" + b"\x00" + struct.pack("<HH", 5, 0xFFFA) + b"hello\x00",
    "fixed": b"\x81\x01\x40" + b"\xf2\x48\xcd\xc9\xc9\x07\x00",  # RFC 7692 §7.2.3.1
    "two-blocks": b"\x80\x02\x40" + b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",  # §7.2.3.5
    "bomb": b"\x00\x20\x01" + deflate(b"\0" * 200_000),
    "small-window": b"\x02\x20\x40" + deflate(words * 4, bits=9),
    "broken": b"\x00\x20\x40\xff\xff\xff\xff",
})
keep("Extensions", {str(n): bytes([n * 37 & 255]) + offer for n, offer in enumerate([
    b"permessage-deflate", b"permessage-deflate; client_max_window_bits",
    b"permessage-deflate; server_max_window_bits=10; client_max_window_bits=12",
    b'permessage-deflate; client_max_window_bits="9"; server_no_context_takeover',
    b"x-webkit-deflate-frame, permessage-deflate; client_no_context_takeover",
    b"permessage-deflate; server_max_window_bits=8, permessage-deflate; unknown=1, permessage-deflate",
    b'a; b="\\"q\\\\"; c, permessage-deflate', b"permessage-deflate; server_max_window_bits=015"])})
chunked = b"POST /api/publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n"
keep("RequestHead", {
    "upgrade": upgrade("/stream?a=b%20c", Sec_WebSocket_Extensions="permessage-deflate", Origin="http://a:80"),
    "get": b"GET /a%2Fb?x=1#f HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n\r\n",
    "old": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "chunked": chunked,
    "length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "smuggled": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "bare": b"GET / HTTP/1.1\nHost: a\n\n",
    "spaces": b"GET  / HTTP/1.1\r\nHost : a\r\nX:\t y \t\r\n\r\n", "star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute": b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", "many": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20,
    "long": b"GET /" + b"a" * 300, "version": b"GET / HTTP/2.0\r\n\r\n",
    "response": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
})
keep("Text", {
    "letters": "aé€😀".encode() * 9, "surrogate": b"a\xed\xa0\x80", "overlong": b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf",
    "beyond": b"\xf4\x8f\xbf\xbf\xf4\x90\x80\x80", "cut": b"x" * 40 + b"\xe2\x82", "ascii": b"a" * 100,
})
values = ['{"a":[1,-0.5e+10,true,false,null],"b":{"c":"\\u00fc\\ud83d\\ude00\\n\\"\\\\\\/"}}', "[]", "{}", '""', "0",
          "-1.50", "1e999", "[" * 64 + "]" * 64, "[" * 65, '{"a":1,"a":2}', '"\\ud800"', '"\\uDC00x"', " [1 ,\t2\r\n] ",
          '{"a":1,}', "01", "+1", ".5", "1.", "tru", '"\x01"', "{\"key\": \"" + "x" * 300 + '"}', "nan", '{"a" 1}']
keep("JSON", {str(n): text.encode() for n, text in enumerate(values)})


def said_to_shampoo():
    """One connection of each golden conversation: where it goes, and what is said there."""
    found, name, client = {}, "", ""
    for file in sorted((ROOT / "Tests/Transcripts/shampoo").glob("*.txt")):
        for line in file.read_text(encoding="utf-8").split("\n"):
            if line.startswith("# "):
                name = re.sub(r"[^a-z0-9-]", "-", line[10:].split(" ")[0])
            elif opened := re.fullmatch(r"open (?:[A-Z] )?(/\S*).*", line):
                found.setdefault(name, [opened[1].encode() + b" q=1&q=%41 kept"])
            elif said := re.fullmatch(r"[A-Z]?>(binary)? ?(.*)", line):
                # The methods that the target knows, by turns.
                text = re.sub(r'"method":"\w+"', '"method":"' + "vkfnt"[len(found) % 5] + '"', said[2])
                found[name].append((b"\1" if said[1] else b"") + text.encode())
    return {name: b"\n".join(lines) for name, lines in found.items()}


keep("Shampoo", {name: octets for name, octets in said_to_shampoo().items() if len(octets) < 4000})
keep("OpenAPI", {name: b"\n".join(said) for name, said in transcripts().items() if len(b"".join(said)) < 4000})
keep("Rohrpost", {name: bytes([number % 64]) + b"\n".join(said)
                  for number, (name, said) in enumerate(transcripts("rohrpost").items())} | {
    "notify": b'\x00N{"class":"A","pk":1,"change":"update","object":{"a":1},"updated_fields":["a"],"always_send":false}\nN{"class":"A","pk":"x","change":"create","group":"a.b","realm":"r"}',
    "send": b'\x00M{"group":"a","message":{"n":1}}\nM{"group":"a","message":"x\\u00e9"}\nM{"group":"a","message":"{}"}',
})
words_of_tokens = dict(line.split("\t") for line in (ROOT / "Tests/Vectors/tokens.txt").read_text("utf-8").splitlines())
own_secret = b"a secret of at least thirty-two octets"
own = "eyJhbGciOiJIUzI1NiJ9.e30"
own += "." + base64.urlsafe_b64encode(hmac.digest(own_secret, own.encode(), "sha256")).decode().rstrip("=")
keep("Tokens", {
    "fixed": b"\x00" + own_secret, "signed": b"\x01" + own.encode(), "hs256": b"\x01" + words_of_tokens["HS256"].encode(),
    "claims": b'\x96{"exp":1500000000,"nbf":1e9,"sub":"\xc3\xa9"}', "header": b'\x01{"alg":"HS256","crit":[],"typ":"JWT"}',
    "none": b"\x01eyJhbGciOiJub25lIn0.e30.", "dots": b"\x01..",
})
patterns = ["*", "a*b?c", "[abc]x", "[^a-z]*", "a\\*b", "[", "h?llo", "orders.*.filled", "%2E%25 a.b..c", "*" * 9, "é€😀?"]
keep("Patterns", {f"{kind}-{n}": bytes([kind]) + text.encode()
                  for kind, (n, text) in itertools.product(range(4), enumerate(patterns))})

# One value in three forms per line; every ninth is enough, and the WAMP messages in the middle.
vectors = [line.split("\t") for line in (ROOT / "Tests/Vectors/codecs.txt").read_text("utf-8").split("\n") if line]
chosen = dict(enumerate(vectors[::9])) | {f"wamp-{n}": line for n, line in enumerate(vectors) if line[0][:3] in ("[36", "[16")}
more_messagepack = {
    "timestamps": "93d6ff514b67b0d7ff77359400514b67b0c70cff1dcd6500ffffffffffffffff", "extensions": "96d401ffd5010102d80100000000000000000000000000000000c70005c8000105ffc90000000105ff",
    "wide": "9adc0001c0dd00000001c0d90161da000161db0000000161c50001ffc600000001ffde0001a16101df00000001a16101ca3dcccccd",
    "integers": "98cc00cd0000ce00000000cf0000000000000000d080d1ff7fd2ffff7fffd38000000000000000", "unused": "c1",
    "key": "810000", "text": "a3eda080", "counts": "ddffffffff00", "depth-64": "91" * 64 + "c0", "depth-65": "91" * 65 + "c0",
}
more_cbor = {
    "open": "9f5f42010243030405ff7f657374726561646d696e67ffbf61610161629f0203ffff9fffff", "floats": "87f90001f97bfff97e00f97c00fa47c35000fb3ff199999999999afb0000000000000001",
    "tags": "85c074323031332d30332d32315432303a30343a30305ac11a514b67b0c249010000000000000000c35f4101420000ffd9d9f7c48221196ab3",
    "simple": "86f0f4f5f6f7f8ff", "wide": "84190001 1a000000011b00000000000000019b000000000000000101", "reserved": "1c", "break": "bf6161ff",
    "chunk": "5fc24100ff", "key": "a10100", "text": "7f61c361bcff", "depth-64": "81" * 64 + "f6", "depth-65": "9f" * 65 + "f6" + "ff" * 65,
    "bignum-1024": "c25880" + "ff" * 128, "bignum-1032": "c35881" + "ff" * 129,
}
more_json = ['["\\u0000AQI=","\\u0000\\/w==","\\u0000x"]', "[1.0,-0.0,1e999,1e-999,0.1e-5]", "[18446744073709551616,-18446744073709551617,-0]",
             '{"\\u0061\\ud83d\\ude00":"\\ud800","a":{}}', "9" * 309, "[" + "1," * 40 + "1]", "1." + "0" * 820 + "1"]
messagepack = {n: bytes.fromhex(line[1]) for n, line in chosen.items()} | {n: bytes.fromhex(h) for n, h in more_messagepack.items()}
cbor = {n: bytes.fromhex(line[2]) for n, line in chosen.items()} | {n: bytes.fromhex(h) for n, h in more_cbor.items()}
json = {n: line[0].encode() for n, line in chosen.items()} | {f"json-{n}": text.encode() for n, text in enumerate(more_json)}
keep("MessagePack", messagepack)
keep("CBOR", cbor)
# The first octet: source + 3 * target, 0 JSON, 1 MessagePack, 2 CBOR.
keep("Transcode", {
    f"{source + 3 * target}-{n}": bytes([source + 3 * target]) + octets
    for source, values in enumerate([json, messagepack, cbor]) for target in range(3) if target != source
    for k, (n, octets) in enumerate(values.items()) if isinstance(n, str) or k % 4 == target})

# The first octet: serialization + 3 * reader (router closed, challenging, established, leaving, or a client).
wamp = {
    "hello": (0, b'[1,"realm1",{"roles":{"caller":{"features":{"call_canceling":true}}},"authmethods":["ticket"],"authid":"a","authextra":{"n":null}}]'),
    "authenticate": (1, b'[5,"x",{}]'), "publish": (2, b'[16,1,{"acknowledge":true,"exclude":[1],"eligible_authid":"a"},"com.app.t",["Hi"],{"n":1}]'),
    "passthru": (2, b'[16,1,{"enc_algo":"x","ppt_scheme":"y"},"a.b","\\u0000AQI="]'), "subscribe": (2, b'[32,1,{"match":"wildcard","get_retained":true},"a..b"]'),
    "unsubscribe": (2, b"[34,1,2]"), "call": (2, b'[48,1,{"timeout":5,"receive_progress":true},"a.\\u0062",[],{}]'), "cancel": (2, b'[49,1,{"mode":"kill"}]'),
    "register": (2, b'[64,1,{"invoke":"roundrobin","match":"prefix","concurrency":2},"a.b"]'), "yield": (2, b'[70,1,{"progress":true},[1]]'),
    "error": (2, b'[8,68,1,{},"x",[],{}]'), "goodbye": (3, b'[6,{},"wamp.close.normal"]'), "event": (4, b'[36,1,2,{"topic":"a","retained":true},[1],{}]'),
    "invocation": (4, b'[68,1,2,{"timeout":5},[1],{}]'), "interrupt": (4, b'[69,1,{"mode":"kill"}]'), "reserved": (2, b'[16,1,{"acknowledge":true},"wamp.x"]'),
    "id": (2, b'[34,1,9007199254740993]'), "order": (0, b"[34,1,2]"), "batch": (2, b"[34,1,2]\x1e[34,1,3]\x18"), "rawsocket": (2, b"\0\0\0\2[]\1\0\0\1x\2\0\0\0"),
}
keep("WAMP", {name: bytes([3 * reader]) + octets for name, (reader, octets) in wamp.items()} | {
    "messagepack": b"\x07" + bytes.fromhex("9610018 1ab61636b6e6f776c65646765c3a3612e6291c40201028 1a16ec0".replace(" ", "")),
    "cbor": b"\x08" + bytes.fromhex("9f183001bf6774696d656f757405ff7f62612e6162ff9f01ffff"),
})

# The first octet: method (or 5: those of the last texts) + 6 * authid (none, "a", the eighth text); as a
# client: credential + 5 * method. Signatures of Ed25519 were made with PyNaCl.
secret, public = b"\7" * 32, "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
signature = "c5c34fac95ce4efc49d82bd2f496187c50cfc6013ebe2abadf290e193a46a5d2" \
            "35cb2ea27d1571576d1dc55881b1854601f8e1e8258d082ae70329e06a03a10f"
router = "41c0d890111822185f1e08da250bb51d2814a907d978e2093beb5a58f89ba10b" \
         "ac81210a0663127a1afbb95e2c59d3d98aa72512c041a1fcee576dbccbdd620f"
base64_of = lambda octets: base64.b64encode(octets).decode()
code = lambda key, text: hmac.new(key, text.encode(), hashlib.sha256).digest()
cra = ('{"authid":"a","authrole":"r","authmethod":"wampcra","authprovider":"static","session":1,'
       f'"nonce":"{"09" * 16}","timestamp":"now"}}')


def proof(binding):
    nonce, salt = "x" + base64_of(b"\t" * 18), base64_of(bytes(range(32)))
    client_key = code(secret, "Client Key")
    signed = code(hashlib.sha256(client_key).digest(), f"n=a,r=x,r={nonce},s={salt},i=1,c={binding},r={nonce}")
    return base64_of(bytes(a ^ b for a, b in zip(client_key, signed)))


authentication = {
    "ticket": (6, ["", "", "", secret.decode()]), "ticket-wrong": (6, ["", "", "", "t"]),
    "wampcra": (7, ["", "", "", base64_of(code(secret, cra))]), "wamp-scram": (8, ["x", "", "", proof("biws")]),
    "scram": (9, ["x", "", "", proof("")]), "scram-stranger": (15, ["x", "", "", proof("")] + [""] * 3 + ["b"]),
    "cryptosign": (4, [public, "", "", signature + "09" * 32]),
    "cryptosign-mutual": (0xCA, [public, "ab" * 32, "tls-unique", signature + "09" * 32]),
    "methods": (17, ["x", "", "", "t", "", "", "", "a", "cookie", "scram"]),
    "long-authid": (12, [""] * 7 + ["a" * 1100]), "anonymous": (5, [""] * 8 + ["anonymous"]),
    "client-salted": (6, ["", "salt", "", "{}", "", "", "x" * 32]), "client-plain": (1, ["", "", "", "{}"]),
    "client-scram": (2, ["y", base64_of(b"salt"), "pbkdf2", "", "a,=b", base64_of(secret)]),
    "client-argon": (7, ["y", base64_of(b"salt"), "argon2id-13", "", "a"]),
    "client-key": (3, ["", "", "", "09" * 32]),
    "client-careful": (4, ["", "", "", "09" * 32, router + bytes(range(32)).hex()]),
    "client-bound": (3, ["", "", "", "09" * 32, "", "tls-unique"]), "client-null": (2, ["0", "0", "0", "0", "0", "0"]),
}
keep("Authentication", {name: bytes([choice]) + "\n".join(texts).encode()
                        for name, (choice, texts) in authentication.items()})

# The first octet: the form (0 JSON, 1 MessagePack, 2 CBOR, 3 to 6 batched, 7 to 9 raw) and 128 to join at
# once. Then for each step: who + 2 * what (4: a message as JSON, 5: its time passes, 6: all time passes,
# 7: a drain or, with an octet, a loss), how many octets, these.


def steps(lines):
    """What the first two clients of a conversation say, with places filled in by guess."""
    said = b""
    for line in lines:
        found = re.fullmatch(r"([AB])> (.*)", line)
        if found:
            text = re.sub(r'"\$[A-Za-z]+"', "1", found[2].replace("$run", "7")).encode()
            if len(text) < 256:
                said += bytes([8 + (found[1] == "B"), len(text)]) + text
        elif line.endswith(" lost"):
            said += bytes([14 + line.startswith("B"), 1]) + b"x"
    return said


conversations, name = {}, ""
for file in sorted((ROOT / "Tests/Transcripts/wamp").glob("*.txt")):
    if file.name == "violations.txt":
        continue
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line.startswith("# "):
            name = re.sub(r"[^a-z0-9-]", "-", line[7:].split(" ")[0])
            conversations[name] = []
        elif name:
            conversations[name].append(line)
keep("Session", {
    name: bytes([number % 10 + 128 * ("join A" in lines)]) + said
    for number, (name, lines) in enumerate(conversations.items()) if 0 < len(said := steps(lines)) < 900 and number % 3 == 0
} | {
    "drain": b"\x80\x0e\0\x08\x1b" + b'[6,{},"wamp.close.normal"]',
    "times": b"\x00\x0a\0", "ticket": b"\x00\x08\x50" + b'[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"a"}]'.ljust(0x50)
    + b"\x08\x0f" + b'[5,"ticket",{}]' + b"\x0a\0",
})

# The first octet chooses settings; a line is a message, a trigger behind `!`, an answer of the API behind `=`, a query behind `?`.
subscribe = b'{"type":"subscribe","room":%s,"requestId":%s}'
keep("HighTemplar", {
    "conversation": b"\0" + b"\n".join([b"ping", subscribe % (b'{"t":"m","c":"1"}', b'"r"'), subscribe % (b'{"c":1.0,"t":"\\u002a"}', b"1e0"),
                                       b'!{"rooms":[{"t":"m","c":"*"},{"t":"m","c":"1"}],"data":{"n":1.50}}', b'{"type":"status"}',
                                       b'{"type":"unsubscribe","requestId":1}', b'{"type":"unsubscribe","requestId":1.0}']),
    "patterns": b"\1" + b"\n".join([subscribe % (b'{"t":"*","c":"*"}', b"null"), subscribe % (b'{"t":"*","c":":"}', b"true"),
                                   b'!{"rooms":[{"t":":","c":{"b":[],"a":{}}}],"data":0}', b'{"type":"unsubscribe","requestId":null}']),
    "request-ids": b"\2" + b"\n".join([subscribe % (b"{}", b'"\\ud800"'), subscribe % (b"{}", b"-0"), subscribe % (b"{}", b"0.0"),
                                      b'{"type":"unsubscribe","requestId":"\\uD800"}', subscribe % (b"{}", b"[1]")]),
    "errors": b"\3" + b'nope\n{"type":1}\n{"type":"x"}\n{"type":"subscribe","room":{}}\n{"type":"unsubscribe"}\n[1]',
    "triggers": b"\0" + b'!\n!{}\n!{"rooms":1,"data":1}\n!{"rooms":[1],"data":1}\n!{"rooms":[{"a&b":"%","":[-0.0,1e999]},{"k":"\\ud800"}],"data":null}',
    "answers": b"\0" + b'={"allowed_rooms":[{"a":1},{"a":1.0},{"\\u0061":1},{"a":"*","a":2}]}\n={"allowed_rooms":["x"]}\n={"allowed_rooms":null}\n=[]\n={}',
    "queries": b"\0" + b"?token=a%20b&token=c\n?token=%0d%0a\n?&&=;token",
})
