"""Taking over: a new process serves at the addresses of the old one, and nobody finds the door closed."""

import signal
import subprocess
import threading

import pytest
from process import PATIENCE, Carillon, eventually, free_ports
from test_wamp_rawsocket_listeners import Stream
from wire import Peer

# No time between two who leave; only clients are waited for.
QUICK = {"drain.spread": "300ms", "drain.deadline": "120s", "limits.close_handshake_time": "100ms",
         "limits.lingering_read_time": "100ms"}


class Callers:
    """Clients that come, ask once and go, one after the other, on several threads."""

    def __init__(self, server):
        self.answers, self.resets, self.faults = [], [], []
        self.goes_on = True
        self.threads = [threading.Thread(target=self.call, args=(server,)) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def call(self, server):
        while self.goes_on:
            try:
                self.answers.append(server.publish("a", 1))
            except (ConnectionResetError, BrokenPipeError) as reset:
                # Whose handshake was under way in the moment in which the listener closed, or who
                # had asked nothing yet when the old one ended: pipes break where more is said then.
                self.resets.append(repr(reset))
            except Exception as fault:
                self.faults.append(repr(fault))

    def end(self):
        self.goes_on = False
        for thread in self.threads:
            thread.join(PATIENCE)


@pytest.mark.parametrize("cores", ["1", "2"])
def test_nobody_finds_the_door_closed(start, cores):
    port, control = free_ports(2)
    place = ["--cores", cores, "--listen", f"127.0.0.1:{port}", "--control", f"127.0.0.1:{control}"]
    old = start(*place, settings={**QUICK, "drain.delay": "1h", "drain.deadline": "2h"})
    peers = [Peer(old.address) for _ in range(20)]
    callers = Callers(old)
    eventually(lambda: len(callers.answers), lambda count: count > 50)
    new = start(*place, "--take-over", str(old.pid), settings=QUICK)
    for ws in peers:
        assert ws.receive().code == 1012
        ws.close()
    assert old.wait() == 0
    before = len(callers.answers)
    eventually(lambda: len(callers.answers), lambda count: count > before + 50)
    callers.end()
    assert callers.faults == []
    assert len(callers.resets) <= len(callers.threads)
    # The one that watches asks the new one, and its clients are there.
    with Peer(new.address) as ws:
        assert new.http("GET", "/health/ready", control=True)[0] == 200
        ws.subscribe("a")
        assert new.publish("a", 2) == 1
    new.wait_for(lambda: any("took over" in line for line in new.lines), "word of what it did")


def test_a_unix_socket_is_taken_over_too(start, tmp_path):
    port, control = free_ports(2)
    path = tmp_path / "wamp.sock"
    settings = {**QUICK, "wamp.rawsocket_listen": f"unix:{path}"}
    place = ["--listen", f"127.0.0.1:{port}", "--control", f"127.0.0.1:{control}"]
    old = start(*place, settings=settings)
    with Stream(path) as stream:
        new = start(*place, "--take-over", str(old.pid), settings=settings)
        assert b"wamp.close.system_shutdown" in stream.octets(1 << 16)  # and the end
    assert old.wait() == 0
    with Stream(path):
        assert [file.name for file in tmp_path.iterdir()] == ["wamp.sock"]
    new.send(signal.SIGTERM)
    assert new.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_carillon_is_left_alone():
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            server = Carillon("--take-over", str(other.pid), wait=False)
            assert server.wait() == 1
            assert any("it is no carillon" in line for line in server.lines), server.lines
            assert other.poll() is None
        finally:
            other.kill()
    server = Carillon("--take-over", str(other.pid), wait=False)
    assert server.wait() == 1
    assert any("there is none" in line for line in server.lines), server.lines


def test_a_successor_that_cannot_start_leaves_the_other_one_alone(start):
    port, control = free_ports(2)
    old = start("--listen", f"127.0.0.1:{port}", "--control", f"127.0.0.1:{control}")
    with Peer(old.address) as ws:
        server = Carillon(
            "--listen", f"127.0.0.1:{port}", "--control", "192.0.2.1:1", "--take-over", str(old.pid),
            wait=False)
        assert server.wait() == 1
        ws.subscribe("a")
        assert old.publish("a", 1) == 1


def test_wrong_usage_is_said():
    server = Carillon("--take-over", "0", wait=False)
    assert server.wait() == 64
    assert any("$(pidof carillon)" in line for line in server.lines), server.lines
