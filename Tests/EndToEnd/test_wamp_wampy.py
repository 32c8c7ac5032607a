"""wampy 1.1, unmodified, in an environment of its own: caller, callee, publisher, subscriber, CRA,
ticket, and the command line of its documentation.

The environment is .venv-wampy (Tools/test makes it from wampy/requirements.txt), or TESTED_WAMPY names
its folder.
"""

import datetime
import json
import os
import pathlib
import queue
import socket
import subprocess
import threading

import pytest
from process import PATIENCE, ROOT
from wamp_router import PETER, Router
from wamp_session import CALL, EVENT, REGISTER, RESULT, SUBSCRIBE, RawSession, wait_until

HOME = pathlib.Path(os.environ.get("TESTED_WAMPY") or ROOT / ".venv-wampy")
PROGRAMS = pathlib.Path(__file__).parent / "wampy"
COMMAND = [HOME / "bin/python", PROGRAMS / "run.py"]  # the command `wampy`, mended
pytestmark = pytest.mark.skipif(
    not (HOME / "bin/wampy").exists(), reason=f"{HOME} has no wampy: Tools/test makes it")


class Program:
    """A process whose lines are read as they come."""

    def __init__(self, command, folder, **environment):
        self.lines = queue.Queue()
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment})
        self.errors = []
        for stream, take in (
                (self.process.stdout, self.lines.put), (self.process.stderr, self.errors.append)):
            threading.Thread(target=self._read, args=(stream, take), daemon=True).start()

    def _read(self, stream, take):
        for line in stream:
            take(line.rstrip("\n"))
        take(None)

    def line(self):
        try:
            line = self.lines.get(timeout=4 * PATIENCE)  # Python, gevent and wampy must be imported
        except queue.Empty:
            line = None
        assert line is not None, "it ended or said nothing; errors: " + self.said()
        return line

    def value(self):
        return json.loads(self.line())

    def until(self, text):
        while text not in (line := self.line()):
            pass
        return line

    def said(self):
        return "\n".join(str(line) for line in self.errors[-15:])

    def finish(self):
        assert self.process.wait(4 * PATIENCE) == 0, self.said()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def run(router, tmp_path):
    """Starts role programs: run("service"), run("join", "ticket", "martin", secret="…")."""
    running = []

    def start(name, *arguments, secret=None, url=None):
        command = [HOME / "bin/python", PROGRAMS / "roles.py", name, url or router.url.rstrip("/")]
        environment = {"WAMPYSECRET": secret} if secret else {}
        running.append(Program([*command, *map(str, arguments)], tmp_path, **environment))
        return running[-1]

    yield start
    for program in running:
        program.stop()
    assert router.alive, router.said()


@pytest.fixture
def raw(router):
    """A session by hand: what wampy really sent."""
    session = RawSession(router.url)
    session.join()
    yield session
    session.leave()


def test_a_caller_and_a_callee(run):
    service = run("service")
    assert service.value() == "ready"
    calls = run("calls")
    assert calls.value() == 3
    assert calls.value() == 3
    assert calls.value() == {"args": ["ü", 1.5, [None, {"a": True}]], "kwargs": {"key": "value"}}
    assert calls.value() is True
    what, text = calls.value()
    assert what == "error" and "ValueError" in text and "no" in text
    assert calls.value()[0] == "error"
    assert calls.value() == 42
    calls.finish()


def test_callees_share_a_registration(run):
    for name in ("left", "right"):
        assert run("sharer", name).value() == "ready"
    share = run("share")
    assert share.value() == ["left"] * 5 + ["right"] * 5
    share.finish()


def test_others_call_a_wampy_service(run, raw):
    service = run("service")
    assert service.value() == "ready"
    answer = raw.answer(CALL, {}, "wampy_add", [40], {"b": 2})
    assert answer[0] == RESULT and answer[3] == [42] and answer[4]["message"] == 42


def test_wampy_calls_others(run, raw):
    code, _, registration = raw.answer(REGISTER, {}, "wampy_add")
    assert code == REGISTER + 1
    calls = run("calls")
    invocation = raw.receive()
    assert invocation[2] == registration and invocation[4:] == [[1], {"b": 2}], invocation
    assert invocation[3].get("timeout", 10_000) == 10_000
    raw.send([70, invocation[1], {}, [3]])
    assert calls.value() == 3


def test_a_publisher_and_a_subscriber(run, raw):
    service = run("service")
    assert service.value() == "ready"
    raw.answer(SUBSCRIBE, {}, "wampy_topic")
    publisher = run("publish", 20)
    for number in range(20):
        assert service.value() == ["event", {"number": number, "text": "ü"}]
        event = raw.receive()
        assert event[0] == EVENT and event[5]["number"] == number
    publisher.finish()


def test_a_caller_that_gives_up_leaves_in_peace(run):
    service = run("service")
    assert service.value() == "ready"
    late = run("late")
    assert [late.value() for _ in range(3)] == ["timeout"] * 3
    assert late.value() == 2
    late.finish()


@pytest.mark.parametrize("method, authid, secret", [
    ("wampcra", "joe", "secret2"), ("wampcra", "peter", PETER), ("ticket", "martin", "wEx9TPFtHdRr2Zg7rtRE"),
], ids=["wampcra", "wampcra, salted", "ticket"])
def test_credentials_join(run, method, authid, secret):
    program = run("join", method, authid, secret=secret)
    assert program.value() == ["joined", True]
    program.finish()


@pytest.mark.parametrize("method, authid, text", [
    ("wampcra", "not-an-expected-user", 'no principal with authid "not-an-expected-user" exists'),
    ("wampcra", "peter", "WAMP-CRA signature is invalid"),
    ("ticket", "martin", "ticket in static WAMP-Ticket authentication is invalid"),
])
def test_bad_credentials_are_refused_in_words_wampy_knows(run, method, authid, text):
    what, said = run("join", method, authid, secret="wrong").value()
    assert what == "refused" and text in said and "wamp.error.not_authorized" in said


@pytest.mark.skipif(Router.is_crossbar, reason="its pings are octets that wampy cannot read")
def test_an_idle_client_survives_the_servers_pings(run):
    with Router(settings={"limits.ping_interval": "1s"}) as router:
        idle = run("idle", 3, url=router.url.rstrip("/"))
        assert idle.value() is True
        idle.finish()


# The documented command line

def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def documented(tmp_path):
    """`carillon serve --listen 127.0.0.1:8080` and nothing else, as the README of wampy has Crossbar.io."""
    from process import Carillon
    if not port_is_free(8080):
        pytest.skip("port 8080 is taken, and `wampy run` knows no other")
    # What `wampy run` reads of a router's configuration.
    (tmp_path / "crossbar.json").write_text(json.dumps({"workers": [{
        "realms": [{"name": "realm1", "roles": []}],
        "transports": [{"endpoint": {"port": 8080, "version": 4}}]}]}))
    with Carillon("--listen", "127.0.0.1:8080") as server:
        yield server
        assert server.alive


@pytest.fixture
def asker(documented):
    session = RawSession("ws://127.0.0.1:8080/")
    session.join()
    yield session
    session.leave()


def known(asker, what, *uris):
    """Returns when the router has what services asked it for: that they are up says they have asked."""
    for uri in uris:
        wait_until(lambda: any(asker.answer(CALL, {}, f"wamp.{what}.lookup", [uri])[3]), f"no {what} of {uri}")


@pytest.mark.skipif(Router.is_crossbar, reason="the default configuration is carillon's")
def test_the_documented_services_run(asker, tmp_path):
    """The examples of wampy's README: date, binary numbers, the printed messages of topic foo."""
    running = []
    try:
        for name in ("DateService", "BinaryNumberService", "SubscribingService"):
            running.append(Program(
                [*COMMAND, "run", f"docs.examples.services:{name}", "--config", "crossbar.json"],
                tmp_path))
            running[-1].until("is now starting up.")
        known(asker, "registration", "get_todays_date", "get_binary_number")
        known(asker, "subscription", "foo")
        script = ("from wampy.peers.clients import Client\n"
                  "with Client(url='ws://localhost:8080') as client:\n"
                  "    print(client.rpc.get_binary_number(number=100))\n"
                  "with Client() as client:\n"
                  "    print(client.rpc.get_todays_date())\n"
                  "    client.publish(topic='foo', message='spam')\n"
                  "    client.publish(topic='foo', ham='spam', birds={'foo_bird': 1},\n"
                  "                   message='hello world')\n")
        shell = Program([HOME / "bin/python", "-c", script], tmp_path)
        running.append(shell)
        assert shell.line() == "0b1100100"
        assert datetime.date.fromisoformat(shell.line())
        assert "'message': 'spam'" in running[2].until("foo message received")
        line = running[2].until("foo message received")
        assert "'ham': 'spam'" in line and "'foo_bird': 1" in line
        shell.finish()
    finally:
        for program in running:
            program.stop()


@pytest.mark.skipif(Router.is_crossbar, reason="the default configuration is carillon's")
def test_a_service_of_ones_own_runs_from_the_command_line(asker, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from wampy.peers.clients import Client\nfrom wampy.roles.callee import callee\n\n"
        "class BinaryNumberService(Client):\n\n    @callee\n    def get_binary_number(self, number):\n"
        "        return bin(number)\n")
    service = Program([*COMMAND, "run", "mine:BinaryNumberService", "--config", "crossbar.json"], tmp_path)
    try:
        service.until("is now starting up.")
        known(asker, "registration", "get_binary_number")
        answer = asker.answer(CALL, {}, "get_binary_number", [], {"number": 100})
        assert answer[0] == RESULT and answer[3] == ["0b1100100"]
    finally:
        service.stop()

