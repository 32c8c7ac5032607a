"""Openings that wait for what an application says: nothing else ends them, and nothing is lost."""

import concurrent.futures
import signal
import time

import pytest
from process import PATIENCE, eventually
from stub_api import Answer, StubAPI
from wire import CLOSE, TEXT, Link, Visitor, close, frame, upgrade
from worlds import Configured, section, table

WELCOME = Answer(200, {"allowed_rooms": [{"a": 1}]})
HELLO = b'{"is_authorized":true,"allowed_rooms":[{"a": 1}]}'
# What a client of either dialect asks for, and the first message it can expect.
OPENINGS = {
    "high-templar": (dict(path="/ws/"), b"ping", b"pong"),
    "shampoo": (
        dict(path="/number/3/", Sec_WebSocket_Protocol="shampoo"),
        b'{"method":"no","request_data":{},"request_id":1}',
        b'{"type":"response","response_data":{},"status":404,"message":"Method no does not exist",'
        b'"request_id":1}'),
}


@pytest.fixture
def api():
    with StubAPI(WELCOME) as api:
        yield api


@pytest.fixture
def serve(api):
    running = []

    def serve(**limits):
        running.append(Configured("\n".join([
            section("hightemplar", api_url=api.url),
            table("backend", name="application", url=api.url),
            table("endpoint", name="number", path=r"/number/(?P<number>\d+)/?", backend="application",
                  connect_target="begin", disconnect_target="end")]), "--cores", "2",
            settings={f"limits.{name}": value for name, value in limits.items()}))
        return running[-1]

    yield serve
    for server in running:
        server.__exit__()
        assert server.process.returncode == 0, "\n".join(server.lines[-40:])


class Early(Visitor):
    """Sends messages right behind its request, before anybody can have answered."""

    def __init__(self, address, messages, path, **fields):
        Link.__init__(self, address)
        self.extension = ""
        self.send(upgrade(path, **fields), *(frame(TEXT, m) for m in messages))

    def opened(self):
        self.status, self.fields, self.body = self.response()
        return self.status


@pytest.fixture(params=OPENINGS)
def dialect(request):
    return request.param


def begin(server, dialect, count=0):
    request, message, _ = OPENINGS[dialect]
    return Early(server.address, [message] * count, **request)


def first(peer, dialect):
    if dialect == "high-templar":
        assert peer.message() == HELLO
    return OPENINGS[dialect][2]


def test_messages_that_come_early_are_answered_in_their_turn(api, serve, dialect):
    server = serve()
    api.freeze()
    with begin(server, dialect, 50) as peer:
        eventually(lambda: api.present, lambda count: count == 1)
        assert server.metrics()["ws_open"] == 0
        api.thaw()
        assert peer.opened() == 101
        answer = first(peer, dialect)
        for _ in range(50):
            assert peer.message() == answer


def test_the_time_for_handshakes_is_not_that_of_the_application(api, serve, dialect):
    server = serve(handshake_time="4s", keep_alive_idle="4s")
    api.delay = 6
    with begin(server, dialect, 1) as peer:
        assert peer.opened() == 101
        answer = first(peer, dialect)
        assert peer.message() == answer


def test_who_waits_is_no_handshake_in_progress(api, serve, dialect):
    server = serve(handshakes_in_progress=1)
    api.freeze()
    waiting = [begin(server, dialect) for _ in range(20)]
    # The listener lets others in meanwhile.
    with Visitor(server.address, "/stream") as stream:
        assert stream.call("echo", {"n": 1})["response"] == {"n": 1}
        api.thaw()
        for peer in waiting:
            assert peer.opened() == 101
            peer.close()


def test_identical_questions_are_asked_once_and_different_ones_apart(api, serve):
    server = serve()
    api.freeze()
    cookies = ["sessionid=same"] * 20 + [f"sessionid={n}" for n in range(10)]
    waiting = [Early(server.address, [], "/ws/", Cookie=cookie) for cookie in cookies]
    server.settles(link_in_flight=11, link_waiting=19)
    api.thaw()
    for peer in waiting:
        assert peer.opened() == 101 and peer.message() == HELLO
        peer.close()
    assert api.count == 11


def test_a_question_is_given_up_with_the_last_who_asked_it(api, serve):
    server = serve()
    api.freeze()
    for leave in (Link.reset, Link.close, Link.half_close):
        peers = [begin(server, "high-templar") for _ in range(10)]
        eventually(lambda: server.metrics()["link_waiting"], lambda count: count == 9)
        for peer in peers:
            leave(peer)
        server.settles(link_in_flight=0, link_waiting=0, connections_open=1)
        for peer in peers:
            peer.close()


def test_who_closes_early_gets_a_hello_and_the_answer_to_the_close(api, serve):
    server = serve()
    api.freeze()
    with begin(server, "high-templar") as peer:
        peer.send(close(1000))
        eventually(lambda: api.present, lambda count: count == 1)
        api.thaw()
        assert peer.opened() == 101
        assert peer.message() == HELLO
        got = peer.receive()
        assert got.opcode == CLOSE and got.code == 1000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_stops_leaves_nobody_waiting(api, serve, dialect, number):
    server = serve()
    api.freeze()
    waiting = [begin(server, dialect) for _ in range(20)]
    # All are accepted, and what they ask for is read: what is unread would make a reset of the end.
    eventually(lambda: server.metrics(),
               lambda seen: seen["link_in_flight"] + seen["link_waiting"] == 20)
    server.send(number)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        # An answer of HTTP or none; in any case the end.
        for said in pool.map(Link.rest, waiting):
            assert said == b"" or said.startswith(b"HTTP/1.1 503 "), said[:100]
    assert server.wait(4 * PATIENCE) == 0


def test_the_application_hears_of_everybody_that_a_stopping_server_leaves(api, serve):
    server = serve()
    peers = [begin(server, "shampoo") for _ in range(300)]
    assert {peer.opened() for peer in peers} == {101}
    # More than may be under way at a time, and each takes its time.
    api.delay = 0.05
    started = time.monotonic()
    server.send(signal.SIGINT)
    assert server.wait(4 * PATIENCE) == 0
    told = [request.json()["connection"] for request in api.requests if request.target == "end"]
    assert len(told) == len(set(told))
    # It waits for two seconds, and no longer: an application that got no processor hears of fewer.
    assert len(told) == 300 or time.monotonic() - started > 2
    for peer in peers:
        peer.close()
