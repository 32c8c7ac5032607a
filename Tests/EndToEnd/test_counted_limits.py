"""Peers that want too much of something that is counted: it is refused, and the rest goes on."""

import json
import socket
import time

from process import eventually
from wire import CLOSE, TEXT, Ended, Link, Peer, frame, upgrade


def test_subscriptions_of_one_connection_are_limited(start):
    server = start(settings={"limits.subscriptions_per_connection": 10})
    with Peer(server.address) as ws:
        for n in range(10):
            ws.subscribe(f"c{n}")
        for n in range(99):
            assert "error" in ws.call("subscribe", {"channel": f"more{n}"})
        assert server.metrics()["subscriptions"] == 10
        ws.send(frame(TEXT, '{"id":"x","method":"subscribe","payload":{"channel":"more"}}') * 5)
        while True:
            got = ws.receive()
            if got.opcode == CLOSE:
                assert got.code == 1008
                break
            assert "error" in json.loads(got.payload)


def test_more_than_a_hundred_errors_a_minute_are_1008(peer):
    ws = peer()
    ws.send(frame(TEXT, "nonsense") * 1000)
    errors = 0
    while (got := ws.receive()).opcode == TEXT:
        assert json.loads(got.payload) == {"error": {"message": "JSON string expected"}}
        errors += 1
    assert got.code == 1008 and 90 <= errors <= 110
    ws.finished()


def test_a_message_rate_holds_the_peer_back(start):
    server = start("--echo", "/echo", settings={"limits.message_rate": 50})
    with Peer(server.address, "/echo") as ws:
        begin = time.monotonic()
        ws.send(frame(TEXT, "x") * 100)  # one second's worth at once, the rest as time passes
        for _ in range(100):
            ws.message()
        assert time.monotonic() - begin > 0.8


def test_connections_per_address_are_limited(start):
    server = start(settings={"limits.connections_per_address": 3})
    kept = [Peer(server.address) for _ in range(3)]
    with Link(server.address) as link:
        link.send(upgrade())
        assert link.response()[0] == 429
    Peer(server.address, source="127.0.0.2").close()
    kept.pop().reset()
    server.settles(ws_open=2, connections_open=3)  # an address has room when its sockets are closed
    Peer(server.address).close()
    for ws in kept:
        ws.close()


def test_too_many_connections_are_refused_or_wait_and_the_rest_go_on(start):
    server = start(prefix=("prlimit", "--nofile=2000"), settings={"limits.connections_per_core_share": "0.02"})
    kept, turned_away = [], 0
    while turned_away < 5:
        assert len(kept) <= 2 * 40, "40 of 2000 on each core"
        link = Link(server.address)
        link.socket.settimeout(2)
        status = 0
        try:
            link.send(upgrade())
            status, fields, _ = link.response()
        except (Ended, OSError):
            pass  # it waits in the listener's queue
        if status == 101:
            kept.append(link)
            continue
        assert status in (0, 503)
        if status == 503:
            assert int(fields["retry-after"]) >= 1
        turned_away += 1
        link.reset()
    assert kept
    for link in kept:
        link.reset()
    server.settles(ws_open=0, connections_open=1)  # room is where sockets are closed
    Peer(server.address).close()


def test_no_descriptors_left_is_survived(start):
    """EMFILE: the listener pauses, the processor stays idle, and all is well when some are free."""
    server = start(prefix=("prlimit", "--nofile=128"))
    links = []
    for _ in range(400):
        link = Link.__new__(Link)
        link.socket = socket.socket()
        link.socket.settimeout(0.2)
        try:
            link.socket.connect((server.host, server.port))
        except OSError:
            link.socket.close()
            break
        links.append(link)
    used = [_cpu(server.pid)]
    time.sleep(1)
    used.append(_cpu(server.pid))
    assert used[1] - used[0] < 0.5, "no busy loop"
    for link in links:
        link.socket.close()
    assert eventually(lambda: _opens(server), bool)


def _opens(server):
    try:
        with Peer(server.address) as ws:
            return "response" in ws.call("echo", {})
    except (OSError, Ended, AssertionError):
        return False


def _cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
