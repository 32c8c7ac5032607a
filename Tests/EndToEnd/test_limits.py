"""Peers that are slow or greedy: each meets its limit, and nobody else notices."""

import json
import os
import threading

import pytest
from process import PATIENCE, bounded, eventually
from wire import BINARY, CLOSE, PING, TEXT, Ended, Link, Peer, frame


class Healthy(threading.Thread):
    """A subscriber that reads at once and notes what came."""

    def __init__(self, server, channel):
        super().__init__(daemon=True)
        self.ws = Peer(server.address)
        self.ws.subscribe(channel)
        self.numbers = []

    def run(self):
        try:
            while True:
                data = self.ws.json()["data"]
                if data == "end":
                    return
                self.numbers.append(data["n"])
        except (Ended, OSError):
            pass


def publish_paced(server, channel, count, size, reader):
    """Publishes numbered messages from one keep-alive connection, a few ahead of `reader` at most: a
    reader that gets no processor for some seconds is no slow one."""
    link = Link(server.address)
    for n in range(count):
        eventually(lambda: n - len(reader.numbers), lambda ahead: ahead < 20)
        body = json.dumps({"room": channel, "data": {"n": n, "text": "x" * size}}).encode()
        link.send(b"POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert link.response()[0] == 200
    body = json.dumps({"room": channel, "data": "end"}).encode()
    link.send(b"POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert link.response()[0] == 200
    link.close()


def test_a_slow_reader_gets_1013_and_nobody_else_waits(start):
    # The slow one reads only when the healthy one has everything, however long that takes here: who
    # waited for the slow one would wait for ever.
    server = start(settings={
        "websocket.deflate": "false", "limits.close_handshake_time": "1h", "limits.slow_write_time": "1h"})
    slow = Peer(server.address, receive_buffer=4096)
    slow.subscribe("slow")
    healthy = Healthy(server, "slow")
    healthy.start()
    publish_paced(server, "slow", 800, 16384, healthy)  # 13 MB: far beyond every buffer of the slow one
    healthy.join(PATIENCE)
    assert healthy.numbers == list(range(800)), "a healthy subscriber gets everything, in order"
    # What the slow one did get is a beginning without gaps, then the reason.
    seen, ended = [], None
    while ended is None:
        got = slow.receive()
        if got.opcode == CLOSE:
            ended = got.code
        elif got.opcode == TEXT:
            seen.append(json.loads(got.payload)["data"]["n"])
    assert ended == 1013
    assert seen == list(range(len(seen))) and len(seen) < 800
    slow.finished()
    slow.close()
    healthy.ws.close()
    server.settles(ws_open=0, subscriptions=0)
    assert server.metrics()["ws_slow_total"] >= 1


def test_a_reader_that_takes_nothing_is_dropped_in_the_end(start):
    server = start(settings={"limits.slow_write_time": "500ms", "limits.close_handshake_time": "500ms"})
    with Peer(server.address, receive_buffer=4096) as slow:
        slow.subscribe("a")
        while server.publish("a", "x" * 65536):
            pass  # until it is no subscriber any more
        server.settles(ws_open=0, connections_open=1)


def test_memory_stays_bounded_with_many_slow_readers(start):
    server = start()
    before = server.resident()
    slow = []
    for _ in range(200):
        ws = Peer(server.address, receive_buffer=4096)
        ws.subscribe("a")
        slow.append(ws)
    for n in range(600):
        server.publish("a", f"{n}:" + "y" * 8192)
    # Backlogs share what they wait for: 200 of them cost little more than one.
    assert server.resident() - before < bounded(128)
    for ws in slow:
        ws.reset()
    server.settles(ws_open=0, subscriptions=0)


# What has been received and cannot be used yet: 1 % of 400 MiB for everybody together.

SMALL_SHARE = {"limits.memory": str(400 << 20), "limits.process_receive_queue_share": "1%"}


def test_unfinished_messages_stay_within_their_share_and_an_upload_gets_through(start):
    server = start("--cores", "1", "--echo", "/echo", settings=SMALL_SHARE)
    begun = []

    def begin(count):
        for _ in range(count):
            ws = Peer(server.address, "/echo")
            ws.send(frame(BINARY, b"x" * 100_000, fin=False))
            begun.append(ws)

    begin(60)
    with Peer(server.address, "/echo") as ws:
        message = os.urandom(700_000)
        octets = frame(BINARY, message)
        for place in range(0, len(octets), 100_000):
            ws.send(octets[place:place + 100_000])
            begin(2)
        assert ws.message() == message
        metrics = server.metrics()
        assert 1 << 20 < metrics["receive_queue_bytes"] <= 4 << 20
        assert metrics['ws_limit_hits_total{limit="process_receive_queue_share"}'] >= 30
        for stuck in begun[:30]:
            assert stuck.ends_with(1013) == b"out of memory"
        # Another that begins now finds room.
        ws.send(frame(BINARY, message))
        assert ws.message() == message
    for stuck in begun:
        stuck.close()
    server.settles(ws_open=0, receive_queue_bytes=0)


def test_bodies_that_do_not_end_stay_within_their_share(start):
    server = start("--cores", "1", settings=SMALL_SHARE)
    links = []
    for _ in range(60):
        link = Link(server.address)
        link.send(
            b"POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n", b" " * 100_000)
        links.append(link)
    for link in links[:20]:
        status, fields, _ = link.response()
        assert status == 503 and fields["retry-after"] == "1"
        assert link.rest() == b""
    assert server.publish("a", "x") == 0
    for link in links:
        link.close()
    server.settles(connections_open=1, receive_queue_bytes=0)


def test_a_flood_does_not_delay_others(start):
    # The flood reads nothing until the others have had their turns: who waited for it, did for ever.
    server = start("--echo", "/echo", settings={"limits.slow_write_time": "1h"})
    memory = server.resident()
    flood = Peer(server.address, "/echo", receive_buffer=4096)
    flood.socket.settimeout(1)
    sent, rest = 0, b""
    with Peer(server.address, "/echo") as ws:
        def is_served():
            ws.send(frame(TEXT, "x"))
            return ws.message() == b"x"

        while sent < 64 << 20:
            rest = rest or frame(TEXT, "flood " * 20) * 500
            try:
                taken = flood.socket.send(rest)
            except OSError:
                break  # it is read no more
            sent, rest = sent + taken, rest[taken:]
            assert is_served()
        assert sent < 64 << 20, "a peer that never reads is not read for ever"
        assert all(is_served() for _ in range(100))
    flood.reset()
    assert server.resident() - memory < bounded(64)


def test_a_flood_of_pings_is_bounded(start):
    server = start()
    memory = server.resident()
    with Peer(server.address, receive_buffer=4096) as ws:
        ws.socket.settimeout(1)
        piece = frame(PING, b"p" * 125) * 500
        try:
            for _ in range(300):
                ws.socket.sendall(piece)
        except OSError:
            pass
        assert server.resident() - memory < bounded(32)
        with Peer(server.address) as other:
            assert other.call("echo", {"n": 1})["response"] == {"n": 1}


def test_a_pipeline_that_reads_no_answers_is_bounded(start):
    server = start()
    memory = server.resident()
    with Link(server.address, receive_buffer=4096) as link:
        link.socket.settimeout(1)
        piece = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
        sent = 0
        try:
            while sent < 256 << 20:
                sent += link.socket.send(piece)
        except OSError:
            pass
        assert sent < 64 << 20
        assert server.resident() - memory < bounded(32)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_publisher_is_never_slowed_by_a_slow_subscriber(start, cores):
    server = start("--cores", str(cores))
    with Peer(server.address, receive_buffer=4096) as slow, Peer(server.address) as publisher:
        slow.subscribe("a")
        for n in range(300):
            answer = publisher.call("publish", {"channel": "a", "data": "z" * 30000}, id=str(n))
            assert "response" in answer
