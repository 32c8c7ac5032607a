"""RawSocket's listeners, on TCP and Unix sockets: who comes in, limits, files, drains (reference §14)."""

import asyncio
import os
import signal
import socket
import stat

import pytest
from process import PATIENCE, Carillon, eventually, free_port
from serializations import FORMS, Serialization
from wamp_router import Router
from wamp_session import (
    ABORT, CALL, ERROR, EVENT, GOODBYE, HELLO, INVOCATION, PUBLISH, PUBLISHED, REGISTER, REGISTERED,
    RESULT, ROLES, SUBSCRIBE, SUBSCRIBED, WELCOME, YIELD, RawSession)

pytestmark = [
    pytest.mark.rawsocket,
    pytest.mark.skipif(Router.is_crossbar, reason="listeners of carillon"),
]
NUMBERS = {"json": 1, "msgpack": 2, "cbor": 3}
MESSAGE, PING, PONG = 0, 1, 2


class Stream:
    """A RawSocket by hand: `place` is a port, or the path of a Unix socket."""

    def __init__(self, place, name="json", exponent=15):
        self.serialization = Serialization(name)
        if isinstance(place, int):
            self.socket = socket.create_connection(("127.0.0.1", place), PATIENCE)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(str(place))
        self.requests = 0
        if exponent is not None:
            self.socket.sendall(bytes([0x7F, exponent << 4 | NUMBERS[name], 0, 0]))
            self.answer = self.octets(4)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def octets(self, count):
        """So many octets; fewer where the connection ends."""
        taken = b""
        while len(taken) < count and (piece := self.socket.recv(count - len(taken))):
            taken += piece
        return taken

    def send(self, payload, kind=MESSAGE):
        if not isinstance(payload, bytes):
            payload = self.serialization.encode(payload)
        if isinstance(payload, str):
            payload = payload.encode()
        self.socket.sendall(bytes([kind]) + len(payload).to_bytes(3, "big") + payload)

    def frame(self):
        """The next frame's kind and payload; None at the end."""
        header = self.octets(4)
        if not header:
            return None
        assert len(header) == 4, header
        payload = self.octets(int.from_bytes(header[1:], "big"))
        assert len(payload) == int.from_bytes(header[1:], "big")
        return header[0], payload

    def receive(self):
        kind, payload = self.frame()
        assert kind == MESSAGE
        text = self.serialization.is_text
        messages = list(self.serialization.decode(payload.decode() if text else payload))
        assert len(messages) == 1
        return messages[0]

    def request(self, code, *rest):
        self.requests += 1
        self.send([code, self.requests, *rest])
        return self.requests

    def join(self):
        self.send([HELLO, "realm1", {"roles": ROLES}])
        answer = self.receive()
        assert answer[0] == WELCOME, answer
        return self

    def subscribe(self, topic):
        self.request(SUBSCRIBE, {}, topic)
        assert self.receive()[0] == SUBSCRIBED
        return self

    def publish(self, topic, *arguments):
        self.request(PUBLISH, {"acknowledge": True}, topic, list(arguments))
        assert self.receive()[0] == PUBLISHED

    def event(self):
        message = self.receive()
        assert message[0] == EVENT, message
        return message[4:]

    @property
    def is_over(self):
        """Whether the server has closed, and said nothing more."""
        return self.socket.recv(1) == b""

    @property
    def is_reset(self):
        """Whether the server has given the connection up, so that its kernel keeps nothing of it."""
        try:
            self.socket.recv(1)
        except ConnectionResetError:
            return True
        return False


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("raw")


@pytest.fixture(scope="module")
def raw(place):
    """A router on two cores with two TCP listeners and a Unix socket."""
    ports = [free_port(), free_port()]
    path = place / "socket"
    with Router(cores=2, rawsocket_message_size=65536, rawsocket_listen=[
            *(f"127.0.0.1:{port}" for port in ports), f"unix:{path}"]) as running:
        running.ports, running.path = ports, path
        yield running
        assert running.alive, running.said()


# The handshake

@pytest.mark.parametrize("said, answer", [
    ("7FF10000", "7F710000"), ("7FF20000", "7F720000"), ("7F230000", "7F730000"),
    ("7FF40000", "7F100000"), ("7FF70000", "7F100000"), ("7FF00000", "7F100000"),
    ("7F010000", "7F200000"), ("7FF10100", "7F300000"), ("7FF10001", "7F300000"),
    ("474554202F20485454502F312E310D0A0D0A", ""), ("00000000", ""),
])
def test_the_handshake_is_answered_as_the_reference_says(raw, said, answer):
    for target in (*raw.ports, raw.path):
        with Stream(target, exponent=None) as stream:
            stream.socket.sendall(bytes.fromhex(said))
            assert stream.octets(4) == bytes.fromhex(answer)
            if answer[2:3] != "7":
                assert stream.is_over


def test_a_handshake_may_come_octet_by_octet_with_a_message_behind_it(raw):
    hello = Serialization("cbor").encode([HELLO, "realm1", {"roles": ROLES}])
    octets = bytes.fromhex("7FF30000") + len(hello).to_bytes(4, "big") + hello
    with Stream(raw.ports[0], "cbor", exponent=None) as stream:
        stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in octets:
            stream.socket.sendall(bytes([octet]))
        assert stream.octets(4) == bytes.fromhex("7F730000")
        assert stream.receive()[0] == WELCOME


def test_who_says_nothing_is_let_go(place):
    port = free_port()
    with Router(rawsocket_listen=[f"127.0.0.1:{port}"],
                settings={"limits.handshake_time": "2s"}) as router:
        for said in (b"", b"\x7f", b"\x7f\n\n"):
            with Stream(port, exponent=None) as stream:
                stream.socket.sendall(said)
                assert stream.is_over
        assert router.server.metrics()['ws_limit_hits_total{limit="handshake_timeout"}'] == 3


# Sessions

def test_events_and_calls_cross_transports_and_serializations(raw, run_id):
    topic = f"com.{run_id}"
    streams = [Stream(target, name).join().subscribe(topic)
               for target in (*raw.ports, raw.path) for name in FORMS]
    web = RawSession(raw.url)
    web.join()
    web.answer(SUBSCRIBE, {}, topic)
    publisher = Stream(raw.path, "msgpack").join()
    payload = ["ü", 1, -2**40, 0.5, None, b"\x00\xff", {"k": [True]}]
    for size in (0, 600, 30_000):
        publisher.publish(topic, *payload, "x" * size)
        for stream in streams:
            assert stream.event() == [[*payload, "x" * size]]
        assert web.receive()[4:] == [[*payload, "x" * size]]
    callee = streams[0]
    callee.request(REGISTER, {}, f"{topic}.call")
    assert callee.receive()[0] == REGISTERED
    web.request(CALL, {}, f"{topic}.call", [7])
    _, invocation, _, _, arguments = callee.receive()
    callee.send([YIELD, invocation, {}, [arguments[0] + 1]])
    assert web.receive()[0::3] == [RESULT, [8]]
    web.leave()
    for stream in (*streams, publisher):
        stream.send([GOODBYE, {}, "wamp.close.close_realm"])
        assert stream.receive()[2] == "wamp.close.goodbye_and_out"
        stream.socket.close()
    raw.settled()


def test_a_ping_is_answered_with_its_payload(raw):
    with Stream(raw.ports[1]) as stream:
        for payload in (b"", b"carillon", bytes(range(256)) * 256):
            stream.send(payload, PING)
            assert stream.frame() == (PONG, payload)
        stream.send(b"whatever", PONG)
        stream.join()


@pytest.mark.parametrize("frame", ["10000000", "80000000", "03000000", "07000000", "08000001",
                                   "00010001", "08000000", "01FFFFFF"])
def test_a_frame_that_must_not_be_ends_the_connection(raw, run_id, frame):
    with Stream(raw.ports[0]) as stream:
        stream.join().request(PUBLISH, {"acknowledge": True}, f"com.{run_id}")
        stream.socket.sendall(bytes.fromhex(frame))
        # What came before it is answered.
        assert stream.receive()[0] == PUBLISHED
        assert stream.is_over


def test_what_is_no_message_is_answered_with_abort(raw):
    for octets in (b"[", b"\"\xff\"", b"", b"[1]"):
        with Stream(raw.path) as stream:
            stream.send(octets)
            assert stream.receive()[0] == ABORT
            assert stream.is_over


# Limits

def test_an_event_too_large_for_a_client_is_dropped_for_it_alone(raw, run_id):
    topic = f"com.{run_id}"
    dropped = 'room_messages_total{direction="dropped"}'
    before = raw.server.metrics()[dropped]
    small = Stream(raw.ports[0], exponent=2).join().subscribe(topic)
    large = Stream(raw.ports[0]).join().subscribe(topic)
    publisher = Stream(raw.ports[1]).join()
    for argument in ("1", "x" * 3000, "2"):
        publisher.publish(topic, argument)
    assert [small.event() for _ in range(2)] == [[["1"]], [["2"]]]
    assert [large.event() for _ in range(3)] == [[["1"]], [["x" * 3000]], [["2"]]]
    assert raw.server.metrics()[dropped] == before + 1
    # A result and an invocation become errors of the caller.
    small.request(REGISTER, {}, topic)
    assert small.receive()[0] == REGISTERED
    large.request(CALL, {}, topic, ["x" * 3000])
    assert large.receive()[0::4] == [ERROR, "wamp.error.payload_size_exceeded"]
    caller = Stream(raw.path, exponent=2).join()
    caller.request(CALL, {}, topic)
    code, invocation, *_ = small.receive()
    assert code == INVOCATION
    small.send([YIELD, invocation, {}, ["x" * 3000]])
    assert caller.receive()[0::4] == [ERROR, "wamp.error.payload_size_exceeded"]
    for stream in (small, large, publisher, caller):
        stream.socket.close()


# Files and ends

def test_the_file_of_a_unix_socket_lives_as_long_as_its_server(tmp_path):
    path = tmp_path / "socket"
    # Left behind by somebody who is no more.
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    before = os.umask(0o027)
    try:
        router = Router(cores=2, rawsocket_listen=[f"unix:{path}"])
    finally:
        os.umask(before)
    with router:
        assert stat.S_IMODE(path.stat().st_mode) == 0o750
        Stream(path).join().socket.close()
        # A second server does not take it away.
        other = Carillon(settings={"wamp.rawsocket_listen": f"unix:{path}"}, wait=False)
        assert other.wait() == 1
        assert any("somebody answers there" in line for line in other.lines), other.lines
        Stream(path).join().socket.close()
        router.server.stop(signal.SIGINT)
    assert not path.exists()


def test_a_drain_says_goodbye_and_ends_every_stream(tmp_path):
    port, path = free_port(), tmp_path / "socket"
    with Router(cores=2, rawsocket_listen=[f"127.0.0.1:{port}", f"unix:{path}"], settings={
            "drain.delay": "0s", "drain.spread": "100ms", "drain.deadline": "10m",
            "limits.close_handshake_time": "60s"}) as router:
        streams = [Stream(target).join() for target in (port, path) * 4]
        router.server.send(signal.SIGTERM)
        for stream in streams:
            assert stream.receive()[2] == "wamp.close.system_shutdown"
            stream.send([GOODBYE, {}, "wamp.close.goodbye_and_out"])
            assert stream.is_over
        assert router.server.wait() == 0
    assert not path.exists()


# Autobahn|Python

def test_autobahn_comes_by_a_unix_socket_too(raw):
    from wamp_autobahn import SERIALIZERS, Member
    from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
    from autobahn.wamp.types import ComponentConfig
    import txaio

    async def body():
        loop = asyncio.get_running_loop()
        txaio.config.loop = loop  # other tests of this process had their own
        members = []
        for serializer in SERIALIZERS.values():
            member = Member(ComponentConfig("realm1", extra={}))
            members.append(member)
            # Its runner knows internet addresses only.
            factory = WampRawSocketClientFactory(
                lambda member=member: member, serializer=serializer())
            await loop.create_unix_connection(factory, str(raw.path))
        for member in members:
            await asyncio.wait_for(member.joined, PATIENCE)
        heard = asyncio.Queue()
        for member in members:
            await member.subscribe(lambda text: heard.put_nowait(text), "com.autobahn.unix")
        members[0].publish("com.autobahn.unix", "text")
        for _ in members[1:]:
            assert await asyncio.wait_for(heard.get(), PATIENCE) == "text"
        for member in members:
            member.leave()
            await asyncio.wait_for(member.gone, PATIENCE)

    asyncio.run(body())


def test_a_client_that_has_shown_no_ping_gets_none(tmp_path):
    """Autobahn ends its connection at one; who pings is pinged when silent."""
    port = free_port()
    with Router(rawsocket_listen=[f"127.0.0.1:{port}"], settings={
            "limits.ping_interval": "200ms", "limits.pong_timeout": "5s"}) as router:
        simple, knowing = Stream(port).join(), Stream(port).join()
        knowing.send(b"", PING)
        assert knowing.frame() == (PONG, b"")
        kind, payload = knowing.frame()
        assert kind == PING and payload
        knowing.send(payload, PONG)
        kind, _ = knowing.frame()
        assert kind == PING
        assert knowing.is_reset  # nobody answered
        simple.publish("com.simple", 1)  # its only frame since
        eventually(lambda: router.server.metrics(), lambda seen: seen["ws_open"] == 1)
