"""WAMP over RawSocket by hand: the handshake's answers, frames, pings, limits (reference §14)."""

import socket
import struct

import pytest
from process import PATIENCE
from serializations import Serialization
from wamp_router import Router
from wamp_session import (
    ABORT, EVENT, GOODBYE, HELLO, PUBLISH, ROLES, SUBSCRIBE, SUBSCRIBED, WELCOME, RawSession)

pytestmark = pytest.mark.rawsocket
SERIALIZERS = {1: "json", 2: "msgpack", 3: "cbor"}
MESSAGE, PING, PONG = 0, 1, 2


@pytest.fixture(autouse=True)
def listening(router):
    if not router.rawsocket_port:
        pytest.skip("the router has no RawSocket listener (TESTED_RAWSOCKET)")


class Link:
    """A connection of octets."""

    def __init__(self, router):
        self.socket = socket.create_connection(("127.0.0.1", router.rawsocket_port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def take(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError(data)
            data += piece
        return data

    def shake(self, octets):
        self.socket.sendall(octets)
        return self.take(4)

    def is_closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def frame(self, kind, payload, reserved=0):
        self.socket.sendall(struct.pack(">I", reserved << 28 | kind << 24 | len(payload)) + payload)

    def receive(self):
        head, = struct.unpack(">I", self.take(4))
        return head >> 24, self.take(head & 0xFFFFFF)


class RawSocketSession(Link):
    def __init__(self, router, serializer=1, length=15):
        super().__init__(router)
        self.serialization = Serialization(SERIALIZERS[serializer])
        answer = self.shake(bytes([0x7F, length << 4 | serializer, 0, 0]))
        assert answer[0] == 0x7F and answer[1] & 15 == serializer and answer[2:] == b"\0\0", answer
        self.limit = 1 << 9 + (answer[1] >> 4)
        self.say([HELLO, "realm1", {"roles": ROLES}])
        welcome = self.hear()
        assert welcome[0] == WELCOME
        self.id = welcome[1]

    def say(self, message):
        self.frame(MESSAGE, self.serialization.encode(message))

    def hear(self):
        kind, payload = self.receive()
        assert kind == MESSAGE, (kind, payload)
        data = payload.decode() if self.serialization.is_text else payload
        return self.serialization.decode(data)[0]


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("length", [3, 7, 15])
def test_the_handshake_is_answered_with_our_own_length(router, serializer, length):
    session = RawSocketSession(router, serializer, length)
    assert 512 <= session.limit <= 1 << 24
    link = Link(router)
    answer = link.shake(bytes([0x7F, length << 4 | serializer, 0, 0]))
    assert answer[0] == 0x7F and answer[1] & 15 == serializer


@pytest.mark.parametrize("octets, answer", [
    (b"\x7f\xf7\0\0", b"\x7f\x10\0\0"), (b"\x7f\xf0\0\0", b"\x7f\x10\0\0"),
    (b"\x7f\xff\0\0", b"\x7f\x10\0\0"), (b"\x7f\x01\0\0", b"\x7f\x20\0\0"),
    (b"\x7f\xf1\x01\0", b"\x7f\x30\0\0"), (b"\x7f\xf1\0\x80", b"\x7f\x30\0\0")],
    ids=["unknown serializer", "serializer 0", "serializer 15", "no room for WELCOME",
         "reserved", "reserved, second"])
def test_what_cannot_be_is_refused_with_a_reason(router, octets, answer):
    link = Link(router)
    assert link.shake(octets) == answer
    assert link.is_closed()


def test_what_is_no_rawsocket_is_closed(router):
    for octets in (b"\x00\xf1\0\0", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 100):
        link = Link(router)
        link.socket.sendall(octets)
        seen = b""
        try:
            while piece := link.socket.recv(4096):
                seen += piece
        except ConnectionResetError:
            pass
        assert not seen.startswith(b"\x7f") or seen[1] & 15 == 0


def test_the_handshake_may_come_in_pieces(router):
    link = Link(router)
    for octet in b"\x7f\xf1\0":
        link.socket.sendall(bytes([octet]))
    assert link.shake(b"\0")[1] & 15 == 1


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_messages_go_both_ways_and_to_websockets(router, serializer):
    one, other = RawSocketSession(router, serializer), RawSession(router.url, "cbor")
    other.join()
    one.say([SUBSCRIBE, 1, {}, "com.rawsocket.t"])
    assert one.hear()[:2] == [SUBSCRIBED, 1]
    other.answer(SUBSCRIBE, {}, "com.rawsocket.t")
    one.say([PUBLISH, 2, {"exclude_me": False}, "com.rawsocket.t", ["ü", b"\x01"]])
    for event in (one.hear(), other.receive()):
        assert event[0] == EVENT and event[4] == ["ü", b"\x01"]
    text = "x" * 70_000
    other.request(PUBLISH, {}, "com.rawsocket.t", [text])
    assert one.hear()[4] == [text]
    one.say([GOODBYE, {}, "wamp.close.close_realm"])
    assert one.hear()[0] == GOODBYE
    other.leave()


def test_octet_by_octet_is_as_good(router):
    session = RawSocketSession(router)
    octets = session.serialization.encode([SUBSCRIBE, 1, {}, "com.rawsocket.slow"])
    for octet in struct.pack(">I", len(octets)) + octets:
        session.socket.sendall(bytes([octet]))
    assert session.hear()[:2] == [SUBSCRIBED, 1]


@pytest.mark.parametrize("payload", [b"", b"x", bytes(range(256)), b"y" * 500])
def test_pings_are_answered_at_once_with_their_payload(router, payload):
    session = RawSocketSession(router)
    session.frame(PING, payload)
    assert session.receive() == (PONG, payload)
    session.frame(PONG, payload)  # one that nobody asked for is ignored
    session.say([SUBSCRIBE, 1, {}, "com.rawsocket.ping"])
    assert session.hear()[:2] == [SUBSCRIBED, 1]


@pytest.mark.parametrize("kind, reserved", [(3, 0), (7, 0), (0, 1), (0, 15), (1, 8)])
def test_reserved_bits_and_kinds_drop_the_connection(router, kind, reserved):
    session = RawSocketSession(router)
    session.frame(kind, b"[]", reserved)
    assert session.is_closed()


def test_a_violation_is_told_and_then_it_is_over(router):
    session = RawSocketSession(router)
    session.frame(MESSAGE, b"nonsense")
    answer = session.hear()
    assert answer[0] == ABORT and answer[2] == "wamp.error.protocol_violation"
    assert session.is_closed()


def test_an_event_that_is_too_long_for_a_receiver_is_dropped_for_it_alone(router):
    """Reference §1.5."""
    small, large = RawSocketSession(router, 3, 2), RawSocketSession(router, 3, 15)
    publisher = RawSocketSession(router)
    for session in (small, large):
        session.say([SUBSCRIBE, 1, {}, "com.rawsocket.size"])
        assert session.hear()[0] == SUBSCRIBED
    publisher.say([PUBLISH, 1, {}, "com.rawsocket.size", ["x" * 4000]])
    publisher.say([PUBLISH, 2, {}, "com.rawsocket.size", ["short"]])
    assert large.hear()[4] == ["x" * 4000]
    assert large.hear()[4] == small.hear()[4] == ["short"]


@pytest.mark.skipif(Router.is_crossbar, reason="settings of carillon")
def test_a_message_above_our_limit_drops_the_connection():
    with Router(rawsocket=True, rawsocket_message_size="4KiB") as router:
        session = RawSocketSession(router)
        assert session.limit == 4096
        session.socket.sendall(struct.pack(">I", 4097))
        assert session.is_closed()
        other = RawSocketSession(router)
        other.say([PUBLISH, 1, {}, "com.rawsocket.t", ["x" * 4000]])
        other.say([SUBSCRIBE, 2, {}, "com.rawsocket.t"])
        assert other.hear()[:2] == [SUBSCRIBED, 2]
