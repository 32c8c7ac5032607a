"""Shampoo as its JavaScript client speaks it, and openings octet by octet (specification §1, §4)."""

import asyncio
import itertools
import json
import re

import pytest
from callee import Result
from process import PATIENCE, eventually
from stub_api import HANG_UP, Answer
from websockets.asyncio.client import connect
from wire import TEXT, Link, Peer, frame, upgrade
from worlds import Shampoo


@pytest.fixture(scope="module")
def world():
    world = Shampoo(cores=2)
    yield world
    world.stop()
    assert world.server.process.returncode == 0, "\n".join(world.server.lines[-40:])


class Client:
    """shampoojs: ids count up, responses settle promises by id, pushes go to handlers by event."""

    def __init__(self, socket):
        self.socket, self.ids, self.calls, self.handlers = socket, itertools.count(1), {}, {}
        self.order, self.reading = [], asyncio.ensure_future(self._read())

    async def call(self, method, data=None):
        number = next(self.ids)
        self.calls[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({
            "type": "request", "method": method, "request_data": data or {}, "request_id": number}))
        return await asyncio.wait_for(self.calls[number], PATIENCE)

    def on(self, event):
        """The data that are pushed for this event, as a queue."""
        return self.handlers.setdefault(event, asyncio.Queue())

    async def _read(self):
        async for text in self.socket:
            message = json.loads(text)
            if message["type"] == "push":
                await self.on(message["push_event"]).put(message["push_data"])
                continue
            assert message["type"] == "response", message
            self.order.append(message["request_id"])
            promise = self.calls.pop(message["request_id"])
            if 200 <= message["status"] < 300:
                promise.set_result(message["response_data"])
            else:
                promise.set_exception(Refusal(message["status"], message["message"]))


class Refusal(Exception):
    pass


def client(world, path):
    return connect(world.server.url(path), subprotocols=["shampoo"], close_timeout=PATIENCE)


def test_calls_settle_by_their_ids_and_in_their_order(world):
    async def run():
        async with client(world, "/number/3/") as socket:
            assert socket.subprotocol == "shampoo"
            js = Client(socket)
            answers = await asyncio.gather(*(
                js.call("add_number", {"number": n}) if n % 3 else js.call("refuse")
                for n in range(300)), return_exceptions=True)
            for n, answer in enumerate(answers):
                if n % 3:
                    assert answer == {"number": n + 3}
                else:
                    assert answer.args == (409, "Taken")
            assert js.order == sorted(js.order)
    asyncio.run(run())


def test_pushes_reach_every_connection_of_an_endpoint_by_event(world):
    async def run():
        async with client(world, "/chat/lobby/news") as one, client(world, "/chat/lobby") as other:
            a, b = Client(one), Client(other)
            # A call's answer says that the connection is there.
            await a.call("told")
            await b.call("told")
            for n in range(200):
                assert world.server.publish("chat.lobby", {"n": n}) == 2
            for n in range(200):
                assert await asyncio.wait_for(a.on("chatter").get(), PATIENCE) == {"n": n}
                assert await asyncio.wait_for(b.on("chatter").get(), PATIENCE) == {"n": n}
            assert world.server.publish("topic.news", "text") == 1
            assert await asyncio.wait_for(a.on("chatter").get(), PATIENCE) == {"data": "text"}
            assert list(a.handlers) == list(b.handlers) == ["chatter"]
    asyncio.run(run())


def test_a_publication_of_wamp_is_pushed(world):
    with Peer(world.server.address, "/number/5", Sec_WebSocket_Protocol="shampoo") as peer:
        world.callee.publish("number.5", '["ding"]')
        assert peer.json() == {"type": "push", "push_event": "5", "push_data": {"message": "ding"}}
        world.callee.publish("number.5", "[]", '{"n":1.50}')
        assert peer.message() == b'{"type":"push","push_event":"5","push_data":{"n":1.50}}'


def test_a_procedure_that_pushes_first_by_publishing_is_answered_later(world):
    def chime(args, kwargs):
        world.callee.publish("number.7", args)
        return Result("[{}]")

    world.callee.register("shampoo.notify", chime)
    with Peer(world.server.address, "/number/7", Sec_WebSocket_Protocol="shampoo") as peer:
        peer.send(frame(TEXT, '{"method":"notify","request_data":{"a":1},"request_id":5}'))
        got = [peer.json(), peer.json()]
        assert {"type": "push", "push_event": "7", "push_data": {"a": 1}} in got
        assert {"type": "response", "response_data": {}, "status": 200, "message": "ok",
                "request_id": 5} in got


def opening(world, path, **fields):
    """The octets of the answer to an opening, up to the server's FIN."""
    with Link(world.server.address) as link:
        link.send(upgrade(path, **fields))
        return link.rest()


REFUSALS = [
    ("/number/3/", None, b"400 No matching protocol, shampoo protocol needs to be requested."),
    ("/number/3/", "Shampoo, wamp.2.json",
     b"400 No matching protocol, shampoo protocol needs to be requested."),
    ("/nope", "shampoo", b"404 No matching endpoint found."),
    ("/number/11/", "shampoo", b"404 Number not available"),
    ("/number/12/", "foo, shampoo", b"403 Endpoint initialization failed"),
    ("/number/13/", "shampoo", b"400 aSet-Cookie: b"),
    ("/number/14/", "shampoo", b"500 Internal server error"),
    ("/number/15/", "shampoo", b"400 Endpoint initialization failed"),
    ("/number/16/", "shampoo", b"418 Endpoint initialization failed"),
    ("/number/17/", "shampoo", b"500 Internal server error"),
    ("/number/18/", "shampoo", b"500 Internal server error"),
    ("/guarded/secret", "shampoo", b"403 Forbidden"),
]


@pytest.mark.parametrize("path, offer, said", REFUSALS, ids=[f"{r[0]}-{r[1]}" for r in REFUSALS])
def test_a_refusal_is_in_the_status_line_octet_by_octet(world, path, offer, said):
    answer = opening(world, path, Sec_WebSocket_Protocol=offer)
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    assert line == b"HTTP/1.1 " + said
    assert body == said.partition(b" ")[2]
    fields = {f.partition(b":")[0].lower(): f.partition(b":")[2].strip() for f in fields}
    assert fields[b"content-length"] == b"%d" % len(body)
    assert fields[b"content-type"] == b"text/plain; charset=utf-8"
    assert fields[b"connection"] == b"close"
    assert b"set-cookie" not in fields


def test_a_reason_that_is_no_ascii_keeps_its_octets(world):
    judge, world.api.answer = world.api.answer, Answer(409, {"reason": "schon größer 🔔"})
    try:
        answer = opening(world, "/number/3/", Sec_WebSocket_Protocol="shampoo")
    finally:
        world.api.answer = judge
    assert answer.startswith("HTTP/1.1 409 schon größer 🔔\r\n".encode())
    assert answer.endswith("\r\n\r\nschon größer 🔔".encode())


def test_a_path_that_is_nobodys_is_not_found(world):
    with Link(world.server.address) as link:
        link.send(upgrade("/nope"))
        assert link.response()[0] == 404 and link.reason == "Not Found"


def test_a_plain_request_is_told_to_upgrade(world):
    status, headers, _ = world.server.http("GET", "/number/3/")
    assert status == 426 and headers["Upgrade"].lower() == "websocket"


def test_the_back_end_hears_of_a_connection_and_once_of_its_end(world):
    world.api.forget()
    for how in ("close", "reset"):
        with Peer(world.server.address, "/number/4/?a=1&a=%C3%A9&b=", X_Tenant="blue", Cookie="k=v",
                  Sec_WebSocket_Protocol="shampoo") as peer:
            told = world.api.take("POST", "begin").json()
            assert (told["endpoint"], told["path"], told["groups"], told["query"]) == (
                "number", "/number/4/", {"number": "4"}, {"a": ["1", "é"]})
            assert told["headers"]["x-tenant"] == "blue" and told["headers"]["cookie"] == "k=v"
            if how == "reset":
                peer.reset()
        farewell = world.api.take("POST", "end").json()
        assert farewell["connection"] == told["connection"] and "headers" not in farewell
    world.server.settles(ws_open=world.standing)
    assert not world.api.requests


def test_who_leaves_before_the_answer_is_told_as_ended_if_it_was_accepted(world):
    world.api.forget()
    world.api.freeze()
    try:
        with Link(world.server.address) as link:
            link.send(upgrade("/number/4/", Sec_WebSocket_Protocol="shampoo"))
            told = world.api.take("POST", "begin").json()
            link.reset()
        eventually(lambda: world.server.metrics()["connections_open"], lambda n: n == 2)
    finally:
        world.api.thaw()
    assert world.api.take("POST", "end").json()["connection"] == told["connection"]


def test_the_time_of_a_method_ends_its_calls_and_the_next_one_is_answered(world):
    with Peer(world.server.address, "/number/3/", Sec_WebSocket_Protocol="shampoo") as peer:
        peer.send(frame(TEXT, '{"method":"late","request_data":{},"request_id":1}'),
                  frame(TEXT, '{"method":"keywords","request_data":{},"request_id":2}'))
        late = peer.json()
        assert (late["status"], late["message"]) == (504, "call timed out after 200 ms")
        assert peer.json()["response_data"] == {"a": 1}


def test_a_procedure_may_say_no_for_ever_but_who_asks_for_nothing_is_closed(world):
    with Peer(world.server.address, "/number/3/", Sec_WebSocket_Protocol="shampoo") as peer:
        def ask(method, count):
            peer.send(*(frame(TEXT, json.dumps({
                "method": method, "request_data": {}, "request_id": n})) for n in range(count)))
        ask("refuse", 250)
        for n in range(250):
            assert peer.json()["request_id"] == n
        ask("nope", 101)  # limits.errors_per_minute
        for n in range(100):
            assert peer.json()["status"] == 404
        peer.message()
        assert peer.ends_with(1008, answer=True) == b"too many errors"


def test_a_back_end_that_hangs_up_refuses_only_while_it_does(world):
    judge, world.api.answer = world.api.answer, HANG_UP
    try:
        for _ in range(3):
            assert b" 500 Internal server error\r\n" in opening(
                world, "/number/3/", Sec_WebSocket_Protocol="shampoo")
    finally:
        world.api.answer = judge
    Peer(world.server.address, "/number/3/", Sec_WebSocket_Protocol="shampoo").close()


@pytest.mark.parametrize("strict", [False, True])
def test_strict_wants_a_type(strict):
    world = Shampoo([("strict", "on")] if strict else [])
    try:
        with Peer(world.server.address, "/number/3/", Sec_WebSocket_Protocol="shampoo") as peer:
            peer.send(frame(TEXT, '{"method":"keywords","request_data":{},"request_id":1}'))
            if strict:
                assert peer.ends_with(3012, answer=True) == (
                    b"Protocol violation: 'type' is a required property")
            else:
                assert peer.json()["status"] == 200
    finally:
        world.stop()


def test_every_path_of_another_dialect_stays_its_own(world):
    # Exactly another dialect's path is that dialect's, whatever is offered.
    for path in ("/stream", "/rohrpost/"):
        with Peer(world.server.address, path, Sec_WebSocket_Protocol="shampoo") as peer:
            assert "sec-websocket-protocol" not in peer.fields
    # The common path is chosen by the subprotocol; no endpoint matches it.
    answer = opening(world, "/connection/websocket", Sec_WebSocket_Protocol="shampoo")
    assert re.match(rb"HTTP/1\.1 404 No matching endpoint found\.\r\n", answer)
