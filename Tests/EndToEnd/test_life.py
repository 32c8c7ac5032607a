"""How the process starts, tells where it is, takes signals and ends."""

import json
import os
import signal
import socket

import pytest
from process import PATIENCE, Carillon, address_in, eventually, free_port
from wire import CLOSE, Ended, Link, Peer

# A drain that waits for nothing but its clients, and for those as long as it takes.
QUICK = {"drain.delay": "300ms", "drain.spread": "300ms", "drain.deadline": "120s",
         "limits.close_handshake_time": "60s"}


def test_the_start_up_lines_are_understood_in_both_forms():
    assert address_in('{"level":"info","message":"listening","address":"127.0.0.1:8000"}', "listening") \
        == "127.0.0.1:8000"
    assert address_in("  control on 127.0.0.1:9000", "control") == "127.0.0.1:9000"
    assert address_in("carillon listening on [::1]:80", "listening") == "[::1]:80"
    assert address_in("not listening", "listening") is None


def test_every_log_line_is_one_json_object(start):
    server = start()
    server.http("GET", "/nowhere")
    server.send(signal.SIGTERM)
    assert server.wait() == 0
    for line in server.lines:
        assert isinstance(json.loads(line), dict), line


def test_term_with_nobody_connected_ends_at_once(start):
    server = start(settings={"drain.delay": "1s", "drain.spread": "1h", "drain.deadline": "2h"})
    server.send(signal.SIGTERM)
    assert server.wait() == 0


def test_term_closes_every_connection_with_1001(start):
    server = start(settings=QUICK)
    peers = [Peer(server.address) for _ in range(50)]
    for ws in peers:
        ws.subscribe("a")
    server.publish("a", "before the drain")
    server.send(signal.SIGTERM)
    for ws in peers:
        assert ws.json()["data"] == "before the drain"
        ws.ends_with(1001, answer=True)
    assert server.wait() == 0
    last = server.lines[-1]
    assert "50" in last, f"the last line counts the connections closed cleanly: {last}"


def test_readiness_goes_red_before_the_listener_closes(start):
    server = start(settings={**QUICK, "drain.delay": "1h", "drain.deadline": "2h"})
    with Peer(server.address):
        server.send(signal.SIGTERM)
        eventually(lambda: server.http("GET", "/health/ready", control=True)[0], lambda s: s == 503)
        assert server.http("GET", "/health/live", control=True)[0] == 200
        Peer(server.address).close()  # still listening: balancers need time to see the red light
        server.send(signal.SIGTERM)  # enough
        assert server.wait() == 0


def test_during_the_drain_nobody_new_gets_in(start):
    server = start(settings={**QUICK, "drain.delay": "0s", "drain.spread": "1h", "drain.deadline": "2h"})
    peers = [Peer(server.address) for _ in range(20)]
    server.send(signal.SIGTERM)

    def refused():
        try:
            socket.create_connection((server.host, server.port), PATIENCE).close()
            return False
        except (ConnectionRefusedError, ConnectionResetError):
            # Reset: the listener was closed while the connection was being made.
            return True
    eventually(refused, bool)
    assert server.alive, "it is refused by a server that drains, not by none"
    server.send(signal.SIGTERM)
    for ws in peers:
        ws.close()
    assert server.wait() == 0


def test_who_waits_at_the_door_when_it_closes_is_served(start):
    """The kernel has told them that they are connected: a reset would lose what they have sent."""
    server = start("--cores", "1", settings={
        **QUICK, "drain.delay": "0s", "limits.handshakes_in_progress": 1})
    # While they say nothing others are accepted one by one, in seconds.
    idle = [Link(server.address) for _ in range(60)]
    server.settles(accept_paused=1)
    waiting = Link(server.address)
    waiting.send(b"GET /nowhere HTTP/1.1\r\nHost: here\r\n\r\n")
    server.send(signal.SIGTERM)
    assert waiting.take(12) == b"HTTP/1.1 404"
    assert server.wait() == 0
    for link in [*idle, waiting]:
        link.close()


def test_a_second_term_ends_it_now(start):
    server = start(settings={"drain.delay": "1h", "drain.deadline": "2h"})
    peers = [Peer(server.address) for _ in range(10)]
    server.send(signal.SIGTERM)
    eventually(lambda: server.http("GET", "/health/ready", control=True)[0], lambda s: s == 503)
    server.send(signal.SIGTERM)
    for ws in peers:
        try:
            assert ws.receive().code == 1001
        except (Ended, ConnectionResetError):
            pass
    assert server.wait() == 0


def test_int_ends_it_now(start):
    server = start(settings={"drain.delay": "1h", "drain.deadline": "2h"})
    with Peer(server.address):
        server.send(signal.SIGINT)
        assert server.wait() == 0


def test_the_deadline_drops_who_does_not_answer(start):
    server = start(settings={"drain.delay": "0s", "drain.spread": "0s", "drain.deadline": "1s",
                             "limits.close_handshake_time": "1h"})
    with Peer(server.address):  # never answers the close frame
        server.send(signal.SIGTERM)
        assert server.wait() == 0


def test_a_slow_reader_does_not_hold_up_the_drain(start):
    server = start(settings={
        **QUICK, "drain.deadline": "2s", "limits.slow_write_time": "1h",
        "limits.close_handshake_time": "1h"})
    with Peer(server.address, receive_buffer=4096) as ws:
        ws.subscribe("a")
        for _ in range(20):
            server.publish("a", "x" * 30000)
        server.send(signal.SIGTERM)
        assert server.wait() == 0


def test_a_port_in_use_is_said_and_ends_the_start():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for option in ("--listen", "--control"):
            server = Carillon(option, f"127.0.0.1:{port}", wait=False)
            assert server.wait() not in (0, -signal.SIGSEGV, -signal.SIGILL, -signal.SIGTRAP)
            said = "\n".join(server.lines)
            assert str(port) in said and "in use" in said.lower(), said


@pytest.mark.parametrize("options", [
    ["--listen", "nonsense"], ["--listen", "127.0.0.1:99999"], ["--cores", "0"], ["--cores", "x"],
    ["--config", "/nonexistent/carillon.toml"], ["--unknown"]])
def test_bad_options_are_told(options):
    server = Carillon(*options, wait=False)
    assert server.wait() in (64, 78)
    assert "\n".join(server.lines).strip()


def test_a_bad_configuration_is_told_whole(tmp_path):
    file = tmp_path / "carillon.toml"
    file.write_text('[limits]\nmesage_size = 5\nping_interval = "often"\n[nonsense]\n')
    server = Carillon("--config", str(file), wait=False)
    assert server.wait() == 78
    said = "\n".join(server.lines)
    for word in ("mesage_size", "message_size", "ping_interval", "nonsense"):
        assert word in said, said


def test_a_configuration_file_counts_and_flags_win(tmp_path, start):
    file = tmp_path / "carillon.toml"
    file.write_text('[openapi]\npath = "/other"\n[limits]\nmessage_size = 2000\n')
    server = start("--config", str(file))
    with Peer(server.address, "/other") as ws:
        from wire import TEXT, frame
        ws.send(frame(TEXT, "x" * 2001))
        ws.ends_with(1009)
    server = start("--config", str(file), settings={"limits.message_size": 3000})
    with Peer(server.address, "/other") as ws:
        ws.send(frame(TEXT, " " * 3001))
        ws.ends_with(1009)


def test_two_cores_are_one_server(start):
    server = start("--cores", "2")
    peers = [Peer(server.address) for _ in range(64)]
    for n, ws in enumerate(peers):
        ws.subscribe("a", f"e{n % 4}*")
    info = peers[0].call("server_info")["response"]
    assert info["connections"] == 64
    assert info["channels"] == {"a": {f"e{n}*": 16 for n in range(4)}}
    for n in range(200):
        assert server.publish(f"a.e{n % 4}x", n) == 16
    for n, ws in enumerate(peers):
        assert [ws.json()["data"] for _ in range(50)] == [m for m in range(200) if m % 4 == n % 4]
    for n, ws in enumerate(peers):
        answer = ws.call("publish", {"channel": "b", "data": [n]}, id="p")
        assert "response" in answer
    for ws in peers:
        ws.close()
    server.settles(ws_open=0, subscriptions=0)


def test_publishers_on_different_cores_keep_their_order(start):
    from wire import TEXT, frame
    server = start("--cores", "2")
    readers = [Peer(server.address) for _ in range(8)]
    writers = [Peer(server.address) for _ in range(8)]
    for ws in readers:
        ws.subscribe("a")
    for n in range(100):
        for w, ws in enumerate(writers):
            ws.send(frame(TEXT, json.dumps({"id": "p", "method": "publish", "payload": {
                "channel": "a", "data": [w, n]}})))
    for ws in readers:
        seen = [ws.json()["data"] for _ in range(800)]
        for w in range(8):
            assert [n for writer, n in seen if writer == w] == list(range(100))


def test_quit_prints_a_status_and_goes_on(start):
    server = start()
    with Peer(server.address) as ws:
        before = len(server.lines)
        server.send(signal.SIGQUIT)
        server.wait_for(lambda: len(server.lines) > before, "status dump")
        assert "response" in ws.call("echo", {})


def test_a_blocked_log_does_not_block_the_server():
    """Nobody reads the server's standard error: the pipe fills, the loops go on."""
    import subprocess
    from process import binary, environment
    reader, writer = os.pipe()
    port = free_port()
    process = subprocess.Popen(
        [binary(), "serve", "--listen", f"127.0.0.1:{port}", "--control", "127.0.0.1:0"],
        stdout=writer, stderr=writer, env=environment({"log.level": "trace"}))
    os.close(writer)
    try:
        def up():
            try:
                return Link(f"127.0.0.1:{port}")
            except OSError:
                return None
        link = eventually(up, bool)
        for n in range(3000):  # each logs something at this level, or fails
            link.send(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
            assert link.response()[0] == 404
        for n in range(200):
            Peer(f"127.0.0.1:{port}").reset()
        with Peer(f"127.0.0.1:{port}") as ws:
            assert "response" in ws.call("echo", {})
    finally:
        process.kill()
        process.wait()
        os.close(reader)
