"""Chromium against a server: what pages send and hear, in all five dialects, compressed.

A browser always offers permessage-deflate, keeps its own compression context, checks every octet of
what comes, and says nothing about frames: what a page hears is the text, or the socket fails.
"""

import itertools
import json
import random
import signal
import string

import pytest
from browser import Browser, program
from hub import ROOMS
from process import Carillon

pytestmark = pytest.mark.skipif(
    program() is None, reason="no Chromium: Tools/test browser installs it, TESTED_CHROMIUM names it")

QUICK = {"drain.delay": "100ms", "drain.spread": "200ms", "drain.deadline": "120s",
         "limits.close_handshake_time": "60s"}
# Around every length field and below, at and above what is copied, shared and cut into parts.
SIZES = [20, 63, 64, 65, 125, 126, 127, 500, 2_047, 2_048, 4_096, 16_384, 65_535, 65_536, 204_800]
NUMBERS = itertools.count(1)
DIALECTS = ["openapi", "templar", "rohrpost", "shampoo", "wamp"]


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser):
    page = browser.page()
    yield page
    page.close()


@pytest.fixture
def begin(tmp_path):
    """Starts servers of all five dialects on two cores; each must end well."""
    running = []

    def begin(**settings):
        file = tmp_path / "carillon.toml"
        file.write_text(ROOMS)
        running.append(
            Carillon("--config", str(file), "--cores", "2", "--echo", "/echo", settings=settings))
        return running[-1]

    yield begin
    for server in running:
        server.__exit__()
        assert server.process.returncode == 0, "\n".join(server.lines[-40:])


class Member:
    """A socket of a page in the room `target` `chat`, in the words of its dialect.

    `value(text)` is the JSON text of what was published, exactly as the message has it: the rest of
    the message must be this dialect's envelope and nothing else.
    """

    def __init__(self, page, server, dialect):
        self.socket = getattr(self, dialect)(page, server)
        assert self.socket.extensions.startswith("permessage-deflate"), self.socket.extensions

    def openapi(self, page, server):
        socket = page.open(server.url("/stream"))
        assert socket.ask({
            "id": "s", "method": "subscribe", "payload": {"channel": "target", "event": "chat"},
        })["response"]["subscribed"] == {"target": ["chat"]}
        self.envelope = {"channel": "target", "event": "chat", "data": None}
        return socket

    def templar(self, page, server):
        socket = page.open(server.url("/ws/"))
        assert json.loads(socket.hear())["is_authorized"]
        # Ids of several lengths: what is behind the shared body differs from socket to socket.
        number = next(NUMBERS)
        own = number if number % 3 else "\N{BELL}" * number
        assert socket.ask({"type": "subscribe", "room": {"target": "chat"}, "requestId": own}) == {
            "code": "success"}
        self.envelope = {"type": "publish", "data": None, "requestId": own}
        return socket

    def rohrpost(self, page, server):
        socket = page.open(server.url("/rohrpost/"))
        assert socket.ask({"id": 1, "type": "subscribe", "data": {"type": "target", "id": "chat"}})[
            "data"] == {"group": "target.chat"}
        self.envelope = {"type": "subscription-update",
                         "data": {"group": "target.chat", "type": "update", "object": None}}
        return socket

    def shampoo(self, page, server):
        socket = page.open(server.url("/target/chat/"), "shampoo")
        assert socket.protocol == "shampoo"
        self.envelope = {"type": "push", "push_event": "chat", "push_data": {"data": None}}
        return socket

    def wamp(self, page, server):
        socket = page.open(server.url("/ws"), "wamp.2.json")
        assert socket.protocol == "wamp.2.json"
        features = {"subscriber": {}, "publisher": {}}
        assert socket.ask([1, "realm1", {"roles": features}])[0] == 2
        code, request, subscription = socket.ask([32, 1, {}, "target.chat"])
        assert (code, request) == (33, 1)
        self.envelope = [36, subscription, {}, [None]]
        return socket

    def value(self, text, value):
        before, found, after = text.partition(value)
        assert found, f"{len(value)} octets became {text[:200]}…"
        envelope = json.loads(before + "null" + after)
        if isinstance(envelope, list):
            publication = envelope.pop(2)
            assert 0 < publication <= 1 << 53
        elif envelope.get("type") == "subscription-update":
            assert isinstance(envelope.pop("id"), int)
        assert envelope == self.envelope, text[:200]

    def hears(self, *values):
        for text, value in zip(self.socket.hear(len(values)), values):
            self.value(text, value)


def publish(server, value):
    """Publishes JSON text as it is; how many heard it."""
    status, _, body = server.http(
        "POST", "/api/publish", ('{"room":"target.chat","data":' + value + "}").encode())
    assert status == 200, body
    return json.loads(body)["receivers"]


def texts(size, seed=1):
    """JSON strings of `size` octets: one that compresses well, one that hardly does, one in UTF-8."""
    chance, room = random.Random(seed * size), size - 2
    repeated = ("the quick brown fox " * (room // 20 + 1))[:room]
    letters = "".join(chance.choices(string.ascii_letters + string.digits + "+-", k=room))
    bells = "".join(chance.choices("äß√\N{BELL}漢", k=room // 4))
    bells += "." * (room - len(bells.encode()))
    return [f'"{text}"' for text in (repeated, letters, bells)]


def test_publications_arrive_octet_for_octet_in_every_dialect(browser, begin):
    server = begin()
    pages = [browser.page(), browser.page()]
    # Several of each share what was encoded and compressed once; the second tab offers the same.
    members = [Member(page, server, dialect) for page in pages for dialect in DIALECTS * 2]
    before = server.metrics()
    values = [text for size in SIZES for text in texts(size)]
    for value in values:
        assert publish(server, value) == len(members)
    for member in members:
        member.hears(*values)
    after = server.metrics()
    deflated = after["compressions_total"] - before["compressions_total"]
    # One compression for each dialect's body at the most, and on either core; never one per socket.
    assert len(values) // 2 < deflated <= 2 * len(DIALECTS) * len(values), deflated
    for page in pages:
        page.close()
    server.settles(ws_open=0)


def test_publications_in_one_go_arrive_in_order(page, begin):
    server = begin()
    members = [Member(page, server, dialect) for dialect in DIALECTS * 3]
    speaker = page.open(server.url("/stream"))
    chance = random.Random(7)
    values = [json.dumps({"n": n, "text": "x" * chance.choice([0, 5, 60, 200, 3_000, 70_000])},
                         separators=(",", ":")) for n in range(300)]
    # The page says them all before it hears anything, compressed with the context that it keeps.
    calls = [f'{{"id":"{n}","method":"publish","payload":'
             f'{{"channel":"target","event":"chat","data":{value}}}}}' for n, value in enumerate(values)]
    page.evaluate(f"{json.dumps(calls)}.forEach(call => {speaker.name}.socket.send(call))")
    for n, answer in enumerate(speaker.hear(len(calls))):
        assert json.loads(answer)["id"] == str(n)
    for member in members:
        if isinstance(member.envelope, dict) and "push_data" in member.envelope:
            member.envelope["push_data"] = None  # an object is not wrapped
        member.hears(*values)


def test_binary_and_text_come_back_as_they_went(page, begin):
    server = begin()
    socket, chance = page.open(server.url("/echo")), random.Random(3)
    assert "server_no_context_takeover" in socket.extensions
    for size in [0, 1, *SIZES]:
        counted = (bytes(range(256)) * (size // 256 + 1))[:size]
        for octets in (chance.randbytes(size), bytes(size), counted):
            socket.say(octets)
            assert socket.hear() == octets
    for size in SIZES:
        for text in texts(size):
            socket.say(text)
            assert socket.hear() == text
    socket.say("")
    assert socket.hear() == ""


def test_without_deflate_nothing_is_agreed_and_all_arrives(page, begin):
    server = begin(**{"websocket.deflate": "false"})
    socket = page.open(server.url("/echo"))
    assert socket.extensions == ""
    for size in SIZES:
        for text in texts(size):
            socket.say(text)
            assert socket.hear() == text


def test_a_client_that_may_keep_no_context_is_understood(page, begin):
    server = begin(**{"websocket.deflate_client_takeover": "false"})
    socket = page.open(server.url("/echo"))
    assert "client_no_context_takeover" in socket.extensions
    for size in SIZES:
        for text in texts(size):
            socket.say(text)
            assert socket.hear() == text


def test_closes_of_the_page_are_answered(page, begin):
    server = begin()

    def close(*arguments):
        return page.open(server.url("/echo")).close(*arguments)

    assert close(1000) == {"code": 1000, "reason": "", "clean": True}
    assert close(1000, "done, \N{BELL}") == {"code": 1000, "reason": "", "clean": True}
    assert close(4001, "own") == {"code": 4001, "reason": "", "clean": True}
    assert close() == {"code": 1005, "reason": "", "clean": True}  # no code on the wire
    server.settles(ws_open=0)


def test_closes_of_the_server_have_their_codes(page, begin):
    server = begin(**{"limits.message_size": "64KiB", "limits.errors_per_minute": "3"})
    socket = page.open(server.url("/stream"))
    socket.say("x" * 65_537)  # small on the wire: it is the inflated size that counts
    end = socket.end()
    assert (end["code"], end["clean"]) == (1009, True)
    socket = page.open(server.url("/stream"))
    for _ in range(4):
        socket.say("no JSON")
    end = socket.end()
    assert (end["code"], end["clean"]) == (1008, True)
    assert page.refused(server.url("/nowhere/at/all"))["code"] == 1006
    assert page.refused(server.url("/target/chat/"), "unknown")["code"] == 1006


def test_only_listed_origins_open_sockets(browser, page, begin):
    elsewhere = begin()
    server = begin(**{"websocket.origins": f"http://{elsewhere.address}"})
    # Any page of a server has its origin, an error page too.
    listed = browser.page(f"http://{elsewhere.address}/")
    other = browser.page(f"http://{server.address}/")
    listed.open(server.url("/echo")).close(1000)
    for stranger in (other, page):  # an address of its own, and "null"
        assert stranger.refused(server.url("/echo"))["code"] == 1006
    listed.close()
    other.close()


def test_a_reload_and_a_closed_tab_leave_the_room(browser, begin):
    server = begin()
    staying, leaving = browser.page(), browser.page()
    watcher = Member(staying, server, "wamp")
    watcher.socket.say(json.dumps([32, 2, {}, "wamp.session.on_leave"]))
    on_leave = json.loads(watcher.socket.hear())[2]
    for leave in (leaving.reload, leaving.close):
        for dialect in DIALECTS:
            Member(leaving, server, dialect)
        assert publish(server, '"still here"') == 1 + len(DIALECTS)
        watcher.hears('"still here"')
        leave()
        assert json.loads(watcher.socket.hear())[:2] == [36, on_leave]
        server.settles(ws_open=1)
        assert publish(server, '"alone"') == 1
        watcher.hears('"alone"')
    staying.close()
    server.settles(ws_open=0)
    ends = server.metrics()
    assert ends['ws_closes_total{code="1001",side="peer",reason="asked"}'] == ends["ws_closes_total"] == 11


def test_the_drain_closes_every_socket_with_1001(page, begin):
    server = begin(**QUICK)
    members = [Member(page, server, dialect) for dialect in DIALECTS * 2]
    value = texts(204_800)[1]
    assert publish(server, value) == len(members)
    server.send(signal.SIGTERM)
    for member in members:
        member.hears(value)
        end = member.socket.end()
        assert (end["code"], end["clean"]) == (1001, True), (member.envelope, end)
    assert server.wait() == 0
