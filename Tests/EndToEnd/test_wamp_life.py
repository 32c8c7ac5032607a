"""The transport below a WAMP session: what is agreed, framed, limited, kept alive, and how it ends."""

import contextlib
import json
import signal

import pytest
from process import PATIENCE
from serializations import NAMES, Serialization
from wamp_router import Router
from wamp_session import (
    ABORT, CALL, ERROR, EVENT, GOODBYE, HELLO, INVOCATION, PUBLISH, PUBLISHED, REGISTER, RESULT, ROLES,
    SUBSCRIBE, SUBSCRIBED, WELCOME, YIELD, RawSession)
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from wire import BINARY, CONTINUATION, PING, TEXT, Peer, frame

ours = pytest.mark.skipif(Router.is_crossbar, reason="settings of carillon")


# What is agreed

@pytest.mark.parametrize("offers, chosen", [
    (["wamp.2.cbor", "wamp.2.json"], "wamp.2.cbor"), (["wamp.2.json", "wamp.2.cbor"], "wamp.2.json"),
    (["wamp.3.json", "mqtt", "wamp.2.msgpack.batched", "wamp.2.json"], "wamp.2.msgpack.batched"),
    (["wamp.2.cbor.batched", "wamp.2.cbor", "wamp.2.json.batched"], "wamp.2.cbor.batched"),
])
def test_the_first_offer_that_is_spoken_is_chosen(router, offers, chosen):
    with connect(router.url, subprotocols=offers) as socket:
        assert socket.subprotocol == chosen


@pytest.mark.parametrize("offers", [["wamp.2.xml"], ["WAMP.2.JSON"], ["wamp.2.json.batchedx"]])
def test_nothing_in_common_is_refused(router, offers):
    """Reference §1.1: with 400, or after the upgrade with 1002."""
    try:
        with connect(router.url, subprotocols=offers) as socket:
            assert socket.subprotocol is None
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(PATIENCE)
            assert closed.value.rcvd.code == 1002
    except InvalidStatus as refused:
        assert refused.response.status_code == 400


# How it is framed

def peer(router, name="json"):
    """A session over frames by hand."""
    serialization = Serialization(name)
    link = Peer(f"{router.host}:{router.port}", "/", Sec_WebSocket_Protocol=serialization.subprotocol)
    link.serialization, link.kind = serialization, TEXT if serialization.is_text else BINARY
    say(link, [HELLO, "realm1", {"roles": ROLES}])
    assert heard(link)[0][0] == WELCOME
    return link


def say(link, *messages):
    link.send(frame(link.kind, link.serialization.encode(*messages)))


def heard(link):
    """The messages of the next frame, which must be a whole WebSocket message."""
    got = link.receive()
    assert got.opcode == link.kind and got.fin, f"opcode {got.opcode}, fin {got.fin}"
    return link.serialization.decode(got.payload.decode() if link.kind == TEXT else got.payload)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [100, 125, 126, 32_768, 65_536, 300_000])
def test_messages_of_every_length_come_in_one_frame(router, name, size):
    with peer(router, name) as link:
        text = "".join(chr(97 + n % 26) for n in range(size))
        say(link, [SUBSCRIBE, 1, {}, "com.life.long"])
        assert heard(link)[0][0] == SUBSCRIBED
        say(link, [PUBLISH, 2, {"exclude_me": False}, "com.life.long", [text]])
        assert heard(link)[0][4] == [text]


def test_messages_may_come_in_fragments(router):
    with peer(router) as link:
        octets = json.dumps([SUBSCRIBE, 1, {}, "com.life.pieces"]).encode()
        link.send(frame(TEXT, octets[:1], fin=False), frame(PING, b"between"))
        for index in range(1, len(octets) - 1):
            link.send(frame(CONTINUATION, octets[index:index + 1], fin=False))
        link.send(frame(CONTINUATION, octets[-1:]))
        got = link.receive()
        assert got.payload == b"between"
        assert heard(link)[0][:2] == [SUBSCRIBED, 1]


@pytest.mark.parametrize("name", NAMES)
def test_pings_are_answered_in_order(router, name):
    with peer(router, name) as link:
        for number in range(5):
            request = [SUBSCRIBE, number, {}, f"com.life.p{number}"]
            link.send(frame(link.kind, link.serialization.encode(request)), frame(PING, b"%d" % number))
        for number in range(5):
            assert heard(link)[0][:2] == [SUBSCRIBED, number]
            assert link.receive().payload == b"%d" % number


@pytest.mark.parametrize("name", ["json.batched", "msgpack.batched", "cbor.batched"])
def test_a_batch_may_hold_many_messages(router, name):
    session = RawSession(router.url, name)
    session.join()
    session.send(*([SUBSCRIBE, n, {}, f"com.life.batch{n}"] for n in range(1, 101)),
                 *([PUBLISH, n, {"exclude_me": False}, f"com.life.batch{n - 100}", [n]]
                   for n in range(101, 201)))
    assert [session.receive()[:2] for _ in range(100)] == [[SUBSCRIBED, n] for n in range(1, 101)]
    assert [session.receive()[4] for _ in range(100)] == [[n] for n in range(101, 201)]
    session.leave()


@pytest.mark.parametrize("name", ["json.batched", "msgpack.batched", "cbor.batched"])
@pytest.mark.parametrize("octets", [
    b"", b"\x00", b"\x00\x00\x00\x00", b"\x00\x00\x00\x05ab", b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x01", b"\x1e", b"\x1e\x1e", b"[32,1,{},"])
def test_a_broken_batch_is_a_violation(router, name, octets):
    if name == "json.batched" and octets == b"\xff\xff\xff\xff":
        pytest.skip("a text frame that is not UTF-8 fails below WAMP, with 1007")
    session = RawSession(router.url, name)
    session.join()
    session.send_octets(octets)
    answer = session.receive()
    assert answer[0] == ABORT and answer[2] == "wamp.error.protocol_violation", answer
    session.ends_with(1002)


@pytest.mark.parametrize("octet", [0x18, 0x1E])
def test_the_separator_is_the_one_of_the_first_message(router, octet):
    """Reference §1.1: Autobahn's separator is not the specification's."""
    session = RawSession(router.url, "json.batched")
    session.serialization.separator = octet
    session.join()  # decode() asserts what the answers end with
    session.answer(SUBSCRIBE, {}, "com.life.separator")
    session.leave()


@pytest.mark.parametrize("name", ["msgpack", "cbor", "msgpack.batched", "cbor.batched", "json.batched"])
def test_the_other_kind_of_frame_is_a_violation(router, name):
    session = RawSession(router.url, name)
    session.join()
    data = session.serialization.encode([SUBSCRIBE, 1, {}, "com.life.t"])
    if not session.serialization.is_text:
        data = b"not binary"
    session.send_octets(data, binary=session.serialization.is_text)
    assert session.receive()[0] == ABORT
    session.ends_with(1002)


@pytest.mark.parametrize("name, octets", [
    ("msgpack", b"\xc1"), ("msgpack", b"\x94\x20\x01"), ("msgpack", b"\x94\x20\x01\x80\xa1"),
    ("msgpack", b"\xdd\xff\xff\xff\xff"), ("msgpack", b"\x94\x20\x01\x80\xa1a\x00"),
    ("cbor", b"\xff"), ("cbor", b"\x1c"), ("cbor", b"\x84\x18\x20\x01"),
    ("cbor", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), ("cbor", b"\x84\x18\x20\x01\xa0\x61a\x00"),
    ("json", b"[32,1,{},\"a\"] x"), ("json", b"[" * 5000 + b"]" * 5000),
    ("msgpack", b"\x91" * 5000 + b"\x00"), ("cbor", b"\x81" * 5000 + b"\x00"),
])
def test_octets_that_cannot_be_decoded_are_a_violation(router, name, octets):
    session = RawSession(router.url, name)
    session.join()
    session.send_octets(octets)
    assert session.receive()[0] == ABORT
    session.ends_with(1002)


def test_payload_passes_untouched_between_equals(router):
    """Reference §19: digits, spaces and the order of members are the publisher's."""
    payload = '[1.50, 1e3 , -0, 12345678901234567890, {"b":1,"a" : 2, "b":3}, "\\u00fc\\/"]'
    with peer(router) as link:
        say(link, [SUBSCRIBE, 1, {}, "com.life.verbatim"])
        heard(link)
        link.send(frame(TEXT, '[16,2,{"exclude_me":false},"com.life.verbatim",' + payload + "]"))
        assert payload in link.receive().payload.decode()


# Limits

@ours
def test_a_message_that_is_too_long_ends_the_session():
    with Router(message_size="64KiB") as router:
        watcher, session = RawSession(router.url), RawSession(router.url)
        watcher.join()
        session.join()
        watcher.answer(SUBSCRIBE, {}, "wamp.session.on_leave")
        session.send([PUBLISH, 1, {}, "com.life.t", ["x" * 70_000]])
        session.ends_with(1009)
        assert watcher.receive()[4][0] == session.id
        watcher.leave()


@ours
@pytest.mark.parametrize("name", ["json", "msgpack", "cbor.batched"])
def test_messages_are_as_large_as_the_reference_says(router, name):
    """Reference §1.5: 16 MiB, frame headers excepted, unless configured otherwise."""
    watcher, session = RawSession(router.url, name), RawSession(router.url, name)
    watcher.join()
    session.join()
    watcher.answer(SUBSCRIBE, {}, "com.life.large")
    for size in (2 << 20, (16 << 20) - 1000):
        session.send([PUBLISH, 1, {}, "com.life.large", ["x" * size]])
        assert len(watcher.receive()[4][0]) == size
    watcher.answer(SUBSCRIBE, {}, "wamp.session.on_leave")
    with contextlib.suppress(OSError, ConnectionClosed):  # it is refused before all of it is read
        session.send([PUBLISH, 2, {}, "com.life.large", ["x" * (17 << 20)]])
    session.ends_with(1009)
    while watcher.receive()[4][0] != session.id:
        pass  # one of a test before, whose connection has been closed
    watcher.leave()


@ours
def test_request_ids_count_where_that_is_asked_for():
    """Reference §2.1: a switch; off by default."""
    with Router(strict_request_ids=True) as router:
        session = RawSession(router.url)
        session.join()
        for number in range(1, 4):
            session.send([SUBSCRIBE, number, {}, f"com.life.s{number}"])
            assert session.receive()[:2] == [SUBSCRIBED, number]
        session.send([SUBSCRIBE, 5, {}, "com.life.gap"])
        answer = session.receive()
        assert answer[0] == ABORT and answer[2] == "wamp.error.protocol_violation"
        session.ends_with(1002)


@ours
def test_testaments_are_bounded():
    with Router(testaments_per_session=3) as router:
        session = RawSession(router.url)
        session.join()
        for _ in range(3):
            assert session.answer(CALL, {}, "wamp.session.add_testament", ["com.life.t", [], {}])[0] == RESULT
        assert session.answer(CALL, {}, "wamp.session.add_testament", ["com.life.t", [], {}])[0] == ERROR
        session.leave()


# Keeping alive, and ending

@ours
def test_quiet_clients_are_pinged_with_text():
    """Reference §1.4, §15: 2 to 60 ASCII characters, and nothing else beside."""
    with Router(settings={"limits.ping_interval": "4s"}) as router, peer(router) as link:
        got = link.receive()
        assert got.opcode == PING and 2 <= len(got.payload) <= 60
        assert got.payload.isascii() and got.payload.decode().isprintable()


@ours
@pytest.mark.parametrize("cores", [1, 2])
def test_a_router_that_stops_says_goodbye(cores):
    """Reference §5.4: to every session, with system_shutdown, then 1001."""
    with Router(cores=cores, goodbye_time="60s", settings={
            "drain.delay": "0s", "drain.spread": "0s", "drain.deadline": "10m",
            "limits.close_handshake_time": "60s"}) as router:
        sessions = [RawSession(router.url, NAMES[n % 6]) for n in range(12)]
        for session in sessions:
            session.join()
        router.server.send(signal.SIGTERM)
        for session in sessions:
            answer = session.receive()
            assert answer[0] == GOODBYE and answer[2] == "wamp.close.system_shutdown", answer
            session.send([GOODBYE, {}, "wamp.close.goodbye_and_out"])
            session.ends_with(1001)
        assert router.server.wait() == 0


@ours
def test_the_default_configuration_takes_everybody_on_loopback(start):
    """`carillon serve` and nothing else: realm1, anonymous, everything allowed."""
    server = start()
    for path in ("/", "/ws", "/8080"):  # the last one is where wampy's Client() goes without a URL
        callee, caller = (RawSession(f"ws://{server.address}{path}") for _ in range(2))
        callee.join()
        caller.join()
        callee.answer(REGISTER, {}, "com.life.default")
        call = caller.request(CALL, {}, "com.life.default", [path])
        invocation = callee.receive()
        assert invocation[0] == INVOCATION and invocation[4] == [path]
        callee.send([YIELD, invocation[1], {}, [1]])
        assert caller.receive() == [RESULT, call, {}, [1]]
        assert caller.answer(PUBLISH, {"acknowledge": True}, "com.life.t")[0] == PUBLISHED
        callee.leave()
        caller.leave()


def test_sessions_of_every_serialization_hear_the_same(router):
    sessions = {name: RawSession(router.url, name) for name in NAMES}
    for session in sessions.values():
        session.join()
        assert session.answer(SUBSCRIBE, {}, "com.life.all")[0] == SUBSCRIBED
    for sender in sessions.values():
        sender.request(PUBLISH, {"exclude_me": False}, "com.life.all", ["ü", 2**40, b"\x01"])
        events = [session.receive() for session in sessions.values()]
        assert all(e[0] == EVENT and e[4] == ["ü", 2**40, b"\x01"] for e in events), events
        assert len({e[2] for e in events}) == 1, "one publication, one id"
    for session in sessions.values():
        session.leave()
