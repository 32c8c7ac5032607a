"""HTTP back ends: they answer procedures for clients of every dialect, and decide about clients."""

import contextlib
import json

import pytest
from process import PATIENCE
from stub_api import Answer, StubAPI
from wamp_session import CALL, ERROR, RESULT, RawSession
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

TABLES = """
[[backend]]
name = "application"
url = "{url}"
time = "{time}"
breaker_failures = 0

[[procedure]]
uri = "shop."
match = "prefix"
backend = "application"
target = "call"
time = "60s"
"""


@pytest.fixture
def api():
    with StubAPI() as running:
        yield running


@pytest.fixture
def serve(start, tmp_path, api):
    """Starts a server with the back end, its procedures, and more tables."""
    def serve(more="", time="60s"):
        file = tmp_path / "carillon.toml"
        file.write_text(more + TABLES.format(url=api.url, time=time))
        return start("--config", str(file))
    return serve


@pytest.fixture
def open():
    with contextlib.ExitStack() as opened:
        def open(server, path="/stream", **options):
            return opened.enter_context(connect(server.url(path), **options))
        yield open


def ask(socket, message):
    socket.send(json.dumps(message))
    return json.loads(socket.recv(PATIENCE))


def openapi(method, payload):
    return {"id": "1", "method": method, "payload": payload}


# Procedures


def test_every_dialect_gets_the_answer_of_an_application(api, serve, open):
    server = serve("""
[[endpoint]]
name = "shop"
path = "^/shop$"

[[endpoint.method]]
name = "total"
procedure = "shop.total"
""")
    api.answer = Answer(200, {"result": {"sum": 2.5}})
    assert ask(open(server), openapi("shop.total", {"a": 1}))["response"] == {"sum": 2.5}
    request = api.take("POST", "call").json()
    assert request["procedure"] == "shop.total"
    assert request["args"] == [{"a": 1}]
    answer = ask(open(server, "/rohrpost/"), {"id": 1, "type": "shop.total", "data": {"a": 2}})
    assert answer == {"id": 1, "type": "shop.total", "data": {"sum": 2.5}}
    answer = ask(open(server, "/shop", subprotocols=["shampoo"]), {
        "type": "request", "method": "total", "request_data": {}, "request_id": 1})
    assert (answer["status"], answer["response_data"]) == (200, {"sum": 2.5})
    wamp = RawSession(server.url("/ws"))
    wamp.join("realm1")
    wamp.send([CALL, 1, {}, "shop.total", [1], {"b": 2}])
    assert wamp.receive() == [RESULT, 1, {}, [{"sum": 2.5}]]
    for name in ("call",) * 2:
        api.take("POST", name)
    request = api.take("POST", "call").json()
    assert (request["args"], request["kwargs"]) == ([1], {"b": 2})
    wamp.close()


def test_an_application_says_no_and_every_dialect_says_so(api, serve, open):
    server = serve()
    api.answer = Answer(403, {"error": {"message": "not yours", "kwargs": {"why": 1}}})
    assert ask(open(server), openapi("shop.x", {}))["error"]["message"] == "not yours"
    answer = ask(open(server, "/rohrpost/"), {"id": 1, "type": "shop.x"})
    assert answer == {"id": 1, "type": "shop.x", "error": "not yours"}
    wamp = RawSession(server.url("/ws"))
    wamp.join("realm1")
    wamp.send([CALL, 1, {}, "shop.x"])
    assert wamp.receive() == [
        ERROR, CALL, 1, {}, "wamp.error.not_authorized", ["not yours"], {"why": 1}]
    wamp.close()


def test_publications_of_an_answer_come_before_it(api, serve, open):
    server = serve()
    api.answer = Answer(200, {"result": 1, "publish": [{"room": "sales.new", "data": {"n": 1}}]})
    socket = open(server)
    ask(socket, openapi("subscribe", {"channel": "sales"}))
    event = ask(socket, openapi("shop.sell", {}))
    assert event == {"channel": "sales", "event": "new", "data": {"n": 1}}
    assert json.loads(socket.recv(PATIENCE))["response"] == 1


def test_an_application_that_hangs_costs_its_caller_an_error_and_others_nothing(api, serve, open):
    server = serve(time="5s")  # and it may take three before it asks
    api.freeze()
    caller, other = open(server), open(server)
    caller.send(json.dumps(openapi("shop.slow", {})))
    api.take("POST", "call")
    assert ask(other, openapi("echo", {"x": 1}))["response"] == {"x": 1}
    message = json.loads(caller.recv(PATIENCE))["error"]["message"]
    assert "time" in message, message
    api.thaw()
    # The connection is as good as before.
    assert ask(caller, openapi("echo", {"x": 2}))["response"] == {"x": 2}


def test_calls_that_no_memory_is_left_for_are_refused_and_none_that_waits_is_dropped(
        api, serve, open):
    # A quarter of 1 % of 400 MiB, for everybody together.
    server = serve("""
[limits]
memory = "400MiB"
process_receive_queue_share = "1%"
""")
    api.freeze()
    api.answer = Answer(200, {"result": 7})
    greedy, modest = RawSession(server.url("/ws")), RawSession(server.url("/ws"))
    greedy.join("realm1"), modest.join("realm1")
    other = open(server)
    # Each is there three times: its arguments, the request, and what libcurl has of it.
    large = "x" * 100_000
    for request in range(1, 4):
        greedy.send([CALL, request, {}, "shop.x", [large]])
        api.take("POST", "call")
    for request in range(4, 7):
        greedy.send([CALL, request, {}, "shop.x", [large]])
        assert greedy.receive() == [
            ERROR, CALL, request, {}, "wamp.error.unavailable", ["no memory for another call"]]
    # Nobody's calls hold more than is left to others: who holds none has that.
    modest.send([CALL, 1, {}, "shop.x", [large]])
    api.take("POST", "call")
    answer = ask(other, openapi("shop.x", {}))
    assert answer["error"]["message"] == "no memory for another call"
    answer = ask(open(server, "/rohrpost/"), {"id": 1, "type": "shop.x"})
    assert answer == {"id": 1, "type": "shop.x", "error": "no memory for another call"}
    assert ask(other, openapi("echo", {"x": 1}))["response"] == {"x": 1}
    metrics = server.metrics()
    assert 1 << 20 < metrics["call_queue_bytes"] < 1 << 21
    assert metrics['ws_limit_hits_total{limit="process_receive_queue_share"}'] == 5
    api.thaw()
    assert sorted(greedy.receive()[1] for _ in range(3)) == [1, 2, 3]
    assert modest.receive()[1] == 1
    assert ask(other, openapi("shop.x", {}))["response"] == 7
    server.settles(call_queue_bytes=0)
    greedy.close(), modest.close()


# Gates

GATE = """
[openapi]
backend = "application"
connect_target = "connect"
subscribe_target = "subscribe"
publish_target = "publish"
"""


def test_an_application_decides_about_connections(api, serve, open):
    server = serve(GATE)
    api.answer = Answer(401, {"reason": "Who are you?"})
    with pytest.raises(InvalidStatus) as refusal:
        open(server, additional_headers={"Cookie": "session=77"})
    assert refusal.value.response.status_code == 401
    assert b"Who are you?" in refusal.value.response.body
    request = api.take("POST", "connect").json()
    assert request["headers"]["cookie"] == "session=77"
    assert (request["path"], request["dialect"]) == ("/stream", "openapi-ws")
    api.answer = Answer(200, {
        "subscribe": [{"match": "prefix", "room": "mine."}], "publish": ["mine.news"],
        "context": {"user": 77}})
    socket = open(server)
    denied = ask(socket, openapi("subscribe", {"channel": "yours", "event": "x"}))
    assert denied["error"]["errors"] == {"channel": "not authorized"}
    assert "subscribed" in ask(
        socket, openapi("subscribe", {"channel": "mine", "event": "news"}))["response"]
    asked = api.take("POST", "subscribe").json()
    assert asked["context"] == {"user": 77}
    socket.send(json.dumps(openapi(
        "publish", {"channel": "mine", "event": "news", "data": {"n": 1}})))
    assert json.loads(socket.recv(PATIENCE))["response"]["data"] == {"n": 1}
    assert json.loads(socket.recv(PATIENCE))["data"] == {"n": 1}
    assert api.take("POST", "publish").json()["data"] == {"n": 1}
    denied = ask(socket, openapi("publish", {"channel": "mine", "event": "other", "data": {}}))
    assert denied["error"]["errors"] == {"channel": "not authorized"}


def test_an_application_is_asked_about_each_subscription(api, serve, open):
    server = serve(GATE)
    api.answer = lambda request: Answer(204 if request.target != "subscribe" else 403)
    socket = open(server)
    denied = ask(socket, openapi("subscribe", {"channel": "a"}))
    assert denied["error"]["errors"] == {"channel": "not authorized"}
    # Others are not asked about; messages keep their order.
    socket.send(json.dumps(openapi("subscribe", {"channel": "b"})))
    socket.send(json.dumps(openapi("echo", {"n": 1})))
    assert "error" in json.loads(socket.recv(PATIENCE))
    assert json.loads(socket.recv(PATIENCE))["response"] == {"n": 1}


def test_without_the_application_nobody_comes_in(api, serve, open):
    server = serve(GATE, time="2s")
    api.freeze()
    with pytest.raises(InvalidStatus) as refusal:
        open(server, open_timeout=PATIENCE)
    assert refusal.value.response.status_code == 504
    api.thaw()
