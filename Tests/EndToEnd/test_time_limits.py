"""Peers that are slow, silent or gone: each meets the limit of its time, and nobody else notices."""

import select
import time

from process import eventually
from wire import CLOSE, PING, PONG, Ended, Link, Peer, frame, upgrade


# Time limits. The settings are short so that reaching them takes no patience, and long enough for
# what must be said before.

def test_a_slow_request_is_408(start):
    server = start(settings={"limits.handshake_time": "4s"})
    with Link(server.address) as link:
        link.send(b"GET /stream HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        assert link.response()[0] == 408
        assert link.rest() == b""


def test_a_request_that_trickles_is_408(start):
    server = start(settings={"limits.handshake_time": "4s"})
    with Link(server.address) as link:
        link.send(upgrade()[:-2], b"X-Slow: ")
        try:
            # Progress does not extend the time. What is sent has no end: a server that is held up for
            # a while must not find all of a request, though late.
            for _ in range(3000):
                link.send(b"x")
                if select.select([link.socket], [], [], 0.02)[0]:
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert link.response()[0] == 408


def test_a_silent_connection_is_just_closed(start):
    server = start(settings={"limits.handshake_time": "500ms"})
    with Link(server.address) as link:
        assert link.rest() == b""


def test_a_body_that_stops_coming_is_408(start):
    server = start(settings={"limits.body_stall_time": "500ms"})
    with Link(server.address) as link:
        link.send(b"POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        assert link.response()[0] == 408


def test_an_idle_http_connection_is_closed(start):
    server = start(settings={"limits.keep_alive_idle": "500ms"})
    with Link(server.address) as link:
        link.send(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
        assert link.response()[0] == 404
        assert link.rest() == b""


def test_a_peer_that_answers_no_ping_is_dropped(start):
    server = start(settings={"limits.ping_interval": "300ms", "limits.pong_timeout": "300ms"})
    with Peer(server.address) as ws:
        assert ws.receive().opcode == PING
        try:
            while ws.receive().opcode in (PING, CLOSE):
                pass
        except (Ended, ConnectionResetError):
            pass
    server.settles(ws_open=0)


def test_a_peer_that_answers_pings_stays(start):
    server = start(settings={"limits.ping_interval": "200ms", "limits.pong_timeout": "5s"})
    with Peer(server.address) as ws:
        until = time.monotonic() + 6  # longer than silence is borne with
        while time.monotonic() < until:
            got = ws.receive()
            assert got.opcode == PING
            ws.send(frame(PONG, got.payload))
        assert server.metrics()["ws_open"] == 1


def test_a_peer_that_does_not_answer_our_close_is_dropped(start):
    server = start("--echo", "/echo", settings={
        "limits.close_handshake_time": "300ms", "limits.lingering_read_time": "200ms"})
    with Peer(server.address, "/echo") as ws:
        ws.send(frame(3, "bad"))
        ws.ends_with(1002)
        server.settles(connections_open=1)


def test_connections_that_vanish_leave_nothing(start):
    server = start()
    before = server.descriptors()
    links = []
    for n in range(300):
        ws = Peer(server.address)
        ws.subscribe(f"room{n % 7}")
        links.append(ws)
    assert server.metrics()["subscriptions"] == 300
    for ws in links:
        ws.reset()
    server.settles(ws_open=0, subscriptions=0, connections_open=1)
    eventually(server.descriptors, lambda seen: seen <= before + 2)
    assert server.publish("room1", "x") == 0
