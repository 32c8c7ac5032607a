"""Frames that RFC 6455 forbids, over raw sockets: the right close code, then FIN and never a reset.

On the echo route, so that what came before the fault is seen to be answered first.
"""

import struct

import pytest
from process import bounded
from wire import (
    BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Ended, Peer, close, deflate, frame)

FAULTS = {
    "no mask": (frame(TEXT, "x", mask=None), 1002),
    "no mask on a ping": (frame(PING, "x", mask=None), 1002),
    "RSV1 without extension": (frame(TEXT, "x", rsv=4), 1002),
    "RSV2": (frame(TEXT, "x", rsv=2), 1002),
    "RSV3": (frame(BINARY, "x", rsv=1), 1002),
    "all RSV": (frame(TEXT, "x", rsv=7), 1002),
    "RSV1 on a ping": (frame(PING, "x", rsv=4), 1002),
    "RSV1 on a close": (frame(CLOSE, b"\x03\xe8", rsv=4), 1002),
    **{f"opcode {n}": (frame(n, "x"), 1002) for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "ping in fragments": (frame(PING, "x", fin=False), 1002),
    "pong in fragments": (frame(PONG, "x", fin=False), 1002),
    "close in fragments": (frame(CLOSE, b"\x03\xe8", fin=False), 1002),
    "ping of 126 octets": (frame(PING, b"x" * 126), 1002),
    "close of 126 octets": (frame(CLOSE, b"\x03\xe8" + b"x" * 124), 1002),
    "continuation of nothing": (frame(CONTINUATION, "x"), 1002),
    "unfinished continuation of nothing": (frame(CONTINUATION, "x", fin=False), 1002),
    "new message inside a message": (frame(TEXT, "x", fin=False) + frame(TEXT, "y"), 1002),
    "binary inside a text": (frame(TEXT, "x", fin=False) + frame(BINARY, "y"), 1002),
    "close of one octet": (frame(CLOSE, b"\x03"), 1002),
    **{f"close code {n}": (close(n), 1002)
       for n in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)},
    "close reason that is no text": (close(1000, b"\xff\xfe"), 1007),
    "close reason cut inside a letter": (close(1000, b"\xe2\x82"), 1007),
    "16 bits for 125": (frame(TEXT, "x" * 125, length=(126, struct.pack(">H", 125))), 1002),
    "16 bits for 0": (frame(TEXT, "", length=(126, b"\0\0")), 1002),
    "64 bits for 125": (frame(TEXT, "x" * 125, length=(127, struct.pack(">Q", 125))), 1002),
    "64 bits for 65535": (frame(TEXT, "x", length=(127, struct.pack(">Q", 65535))), 1002),
    "length 2^63": (frame(TEXT, "x", length=(127, b"\x80" + b"\0" * 7)), 1002),
    "length 2^64-1": (frame(TEXT, "x", length=(127, b"\xff" * 8)), 1002),
    "length 2^63-1": (frame(BINARY, "x", length=(127, b"\x7f" + b"\xff" * 7)), 1009),
    "length 2^40": (frame(BINARY, "x", length=(127, struct.pack(">Q", 1 << 40))), 1009),
    "ping of 2^32 octets": (frame(PING, "x", length=(127, struct.pack(">Q", 1 << 32))), 1002),
    "no UTF-8": (frame(TEXT, b"a\xffb"), 1007),
    "overlong": (frame(TEXT, b"\xc0\xaf"), 1007),
    "overlong of three": (frame(TEXT, b"\xe0\x80\xaf"), 1007),
    "surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "beyond U+10FFFF": (frame(TEXT, b"\xf4\x90\x80\x80"), 1007),
    "text cut inside a letter": (frame(TEXT, b"\xce\xba\xe1\xbd"), 1007),
    "bad octet in the second fragment": (frame(TEXT, b"\xce\xba\xe1", fin=False)
                                         + frame(CONTINUATION, b"\xc1\xb9"), 1007),
    "letter left open at the end": (frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b""), 1007),
}


@pytest.mark.parametrize("octets,code", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_gets_its_close_code_after_what_came_before(peer, octets, code):
    ws = peer("/echo")
    before = [f"message {n}".encode() for n in range(3)]
    after = frame(TEXT, "never answered") * 2000  # unread octets, which must cause no reset
    ws.send(b"".join(frame(TEXT, text) for text in before), octets, after)
    assert [ws.message() for _ in before] == before
    ws.ends_with(code)


@pytest.mark.parametrize("octets,code", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_found_octet_by_octet(peer, octets, code):
    ws = peer("/echo")
    for octet in octets[:400]:
        try:
            ws.send(bytes([octet]))
        except (BrokenPipeError, ConnectionResetError):
            break
    ws.ends_with(code)


def test_the_first_bad_octet_ends_an_unfinished_frame(peer):
    ws = peer("/echo")
    whole = frame(TEXT, b"\xce\xba\xf4\x90" + b"a" * 1000)
    ws.send(whole[:12])  # the octets after the fault are never sent
    ws.ends_with(1007)


def test_too_long_is_told_from_the_announcement(peer):
    ws = peer("/stream")
    ws.send(frame(BINARY, b"", length=(127, struct.pack(">Q", 1_048_577))))
    ws.ends_with(1009)


def test_the_limit_counts_over_fragments(peer):
    ws = peer("/stream")
    for n in range(17):
        ws.send(frame(CONTINUATION if n else BINARY, b"x" * 65536, fin=False))
    ws.ends_with(1009)


def test_a_message_of_exactly_the_limit_is_taken(peer):
    ws = peer("/stream")
    ws.send(frame(BINARY, b"x" * 1_048_576))
    assert ws.call("echo", {"n": 1})["response"] == {"n": 1}


def test_too_many_fragments_are_1008(peer):
    ws = peer("/stream")
    ws.send(frame(BINARY, b"", fin=False), frame(CONTINUATION, b"x", fin=False) * 4096)
    ws.ends_with(1008)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                                  3000, 3999, 4000, 4999])
def test_a_valid_close_is_echoed(peer, code):
    ws = peer("/echo")
    ws.send(close(code, "göing".encode()))
    ws.ends_with(code)


def test_an_empty_close_is_answered_with_a_close(peer):
    ws = peer("/echo")
    ws.send(close())
    got = ws.receive()
    assert got.opcode == CLOSE and got.code in (None, 1000)
    ws.finished()


def test_a_close_reason_of_123_octets_fits(peer):
    ws = peer("/echo")
    ws.send(close(1000, b"r" * 123))
    ws.ends_with(1000)


def test_nothing_is_processed_after_a_close(peer):
    ws = peer("/echo")
    ws.send(close(1000), frame(TEXT, "late"), frame(PING, "late"), frame(3, "bad"))
    ws.ends_with(1000)


def test_a_close_inside_a_message_drops_the_message(peer):
    ws = peer("/echo")
    ws.send(frame(TEXT, "half", fin=False), close(1000))
    ws.ends_with(1000)


def test_pings_are_answered_inside_a_message(peer):
    ws = peer("/echo")
    ws.send(frame(TEXT, "a", fin=False), frame(PING, "p"))
    assert ws.receive().payload == b"p"
    ws.send(frame(CONTINUATION, "b"))
    assert ws.message() == b"ab"


def test_of_many_pings_at_least_the_newest_is_answered(peer):
    ws = peer("/echo")
    ws.send(b"".join(frame(PING, str(n)) for n in range(1000)), frame(TEXT, "end"))
    pongs = []
    while (got := ws.receive()).opcode == PONG:
        pongs.append(int(got.payload))
    assert pongs == sorted(pongs) and pongs[-1] == 999
    assert got.payload == b"end"


def test_an_unasked_pong_is_ignored(peer):
    ws = peer("/echo")
    ws.send(frame(PONG, "x"), frame(TEXT, "y"))
    assert ws.message() == b"y"


def test_a_half_closed_connection_gets_a_close_and_ends(peer):
    ws = peer("/echo")
    ws.send(frame(TEXT, "last"))
    ws.half_close()
    assert ws.message() == b"last"
    got = ws.receive()
    assert got.opcode == CLOSE
    ws.finished()


def test_a_half_close_inside_a_frame_ends_too(peer):
    ws = peer("/echo")
    ws.send(frame(TEXT, "x" * 100)[:50])
    ws.half_close()
    try:
        while True:
            got = ws.receive()
            assert got.opcode == CLOSE
    except Ended:
        pass


# Compression (RFC 7692)

@pytest.fixture
def packed(peer):
    return peer("/echo", Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")


PACKED_FAULTS = {
    "broken data": (frame(TEXT, b"\xff\xff\xff\xff", rsv=4), 1007),
    "stored block with a wrong length": (frame(TEXT, b"\x01\x05\x00\x00\x00hello", rsv=4), 1007),
    "no UTF-8 inside": (frame(TEXT, deflate(b"abc\xff" * 10), rsv=4), 1007),
    "RSV1 on a continuation": (frame(TEXT, deflate(b"a" * 9)[:3], rsv=4, fin=False)
                               + frame(CONTINUATION, b"x", rsv=4), 1002),
    "RSV1 on a ping": (frame(PING, b"x", rsv=4), 1002),
    "RSV2": (frame(TEXT, deflate(b"a"), rsv=6), 1002),
    "far reference": (frame(BINARY, b"\x4a\x04\x01\x02\xff\x3f", rsv=4), None),
}


@pytest.mark.parametrize("octets,code", PACKED_FAULTS.values(), ids=PACKED_FAULTS.keys())
def test_a_fault_in_compressed_frames_gets_its_close_code(packed, octets, code):
    packed.send(octets)
    if code:
        packed.ends_with(code)
    else:
        packed.receive()  # an answer or a close: not silence, and not the end of the process


def test_a_bomb_is_1009_and_costs_no_memory(start):
    server = start("--echo", "/echo")
    bomb = deflate(b"\0" * (1 << 28))
    assert len(bomb) < 1_048_576
    before = server.resident()
    for _ in range(5):
        with Peer(server.address, "/stream", Sec_WebSocket_Extensions="permessage-deflate") as ws:
            ws.send(frame(BINARY, bomb, rsv=4))
            ws.ends_with(1009)
    assert server.resident() - before < bounded(32)


@pytest.mark.parametrize("shape", ["one", "fragments", "octets", "final", "stored", "empty", "blocks"])
def test_every_shape_of_compressed_message_is_read(packed, shape):
    text = b"price:1,volume:2," * 50
    data = {
        "final": deflate(text, final=True),
        "stored": b"\x00" + struct.pack("<HH", len(text), len(text) ^ 0xFFFF) + text + b"\x00",
        "empty": b"\x00",
        "blocks": deflate(text[:100])+ b"\x00\x00\xff\xff" + deflate(text[100:]),
    }.get(shape) or deflate(text)
    if shape == "empty":
        text = b""
    octets = frame(TEXT, data, rsv=4)
    if shape == "fragments":
        octets = (frame(TEXT, data[:5], rsv=4, fin=False) + frame(CONTINUATION, b"", fin=False)
                  + frame(CONTINUATION, data[5:]))
    for _ in range(3):
        if shape == "octets":
            for octet in octets:
                packed.send(bytes([octet]))
        else:
            packed.send(octets)
        assert packed.message() == text


def test_plain_messages_are_welcome_after_agreeing_to_compress(packed):
    packed.send(frame(TEXT, "plain"))
    assert packed.message() == b"plain"


def test_a_client_may_keep_its_context(packed):
    import zlib
    if "client_no_context_takeover" in packed.extension:
        pytest.skip("the server asked the client to keep none")
    packer = zlib.compressobj(wbits=-15)
    sizes = []
    for n in range(20):
        text = b"the same words again and again, number %d" % n
        data = (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        sizes.append(len(data))
        packed.send(frame(TEXT, data, rsv=4))
        assert packed.message() == text
    assert sizes[-1] < sizes[0] / 2, "the context was used"
