"""One hub: real clients of all five protocols on one server hear each other and call each other."""

import asyncio
import json

import pytest
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions, RegisterOptions, SubscribeOptions
from hub import ROOMS
from process import PATIENCE, Carillon
from wamp_autobahn import Box, Members
from websockets.asyncio.client import connect

CONFIGURATION = ROOMS + """
[[endpoint.method]]
name = "total"
procedure = "com.hub.total"
arguments = "keywords"
result = "first"

[[endpoint.method]]
name = "fail"
procedure = "com.hub.fail"

[openapi]
call_time = "60s"
"""
# The subscribers' own envelopes around one value.
VALUE = {"n": [1, 2.5, None, "ü\N{BELL}"], "type": "note"}
ROOM = "target.chat"


class Client:
    """One WebSocket that speaks JSON: `say` and `hear` values."""

    def __init__(self, socket):
        self.socket = socket

    async def say(self, **message):
        await self.socket.send(json.dumps(message))

    async def hear(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))

    async def ask(self, **message):
        await self.say(**message)
        return await self.hear()


class World:
    """A server with a subscriber of `target.chat` in each protocol."""

    def __init__(self, server):
        self.server = server
        self.rawsocket_port = None
        self.url = f"ws://{server.address}/"
        self.members = Members(self, "json")

    async def connect(self, path, *subprotocols):
        socket = await connect(f"ws://{self.server.address}{path}", subprotocols=subprotocols or None)
        self.sockets.append(socket)
        return Client(socket)

    async def __aenter__(self):
        self.sockets = []
        self.openapi = await self.connect("/stream")
        answer = await self.openapi.ask(
            id="s", method="subscribe", payload={"channel": "target", "event": "chat"})
        assert answer["response"]["subscribed"] == {"target": ["chat"]}
        self.templar = await self.connect("/ws/")
        assert (await self.templar.hear())["is_authorized"]
        answer = await self.templar.ask(type="subscribe", room={"target": "chat"}, requestId=5)
        assert answer == {"code": "success"}
        self.rohrpost = await self.connect("/rohrpost/")
        answer = await self.rohrpost.ask(
            id=1, type="subscribe", data={"type": "target", "id": "chat"})
        assert answer["data"] == {"group": ROOM}
        self.shampoo = await self.connect("/target/chat/", "shampoo")
        self.boxes = []
        for variant in ["json", "msgpack", "cbor"]:
            member, box = await self.members(variant=variant), Box()
            await member.subscribe(box.put, ROOM, options=SubscribeOptions(details=True))
            self.boxes.append(box)
        return self

    async def __aexit__(self, *_):
        for socket in self.sockets:
            await socket.close()
        await self.members.finish()
        assert self.server.alive

    async def everybody_hears(self, value, args=None, kwargs=None):
        """Once each, in their own words, and nothing else: the next messages are the next test's."""
        assert await self.openapi.hear() == {"channel": "target", "event": "chat", "data": value}
        assert await self.templar.hear() == {"type": "publish", "data": value, "requestId": 5}
        heard = await self.rohrpost.hear()
        assert heard.pop("id")
        assert heard == {"type": "subscription-update",
                         "data": {"group": ROOM, "type": "update", "object": value}}
        pushed = value if isinstance(value, dict) else {"data": value}
        assert await self.shampoo.hear() == {
            "type": "push", "push_event": "chat", "push_data": pushed}
        for box in self.boxes:
            given, named, _ = await box.next()
            assert (given, named) == ([value] if args is None else args, kwargs or {})


def hub(test):
    """Runs a coroutine with a world on two cores."""

    def run(tmp_path):
        async def body(server):
            async with asyncio.timeout(6 * PATIENCE), World(server) as world:
                await test(world)

        file = tmp_path / "carillon.toml"
        file.write_text(CONFIGURATION)
        with Carillon("--config", str(file), "--cores", "2") as server:
            asyncio.run(body(server))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def post(world, path, body):
    """Hands the server one JSON body over HTTP; its status."""
    text = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection(world.server.host, world.server.port)
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                 f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return int(answer.split()[1])


@hub
async def test_one_publication_of_each_is_heard_by_all(world):
    speaker = await world.connect("/stream")
    answer = await speaker.ask(id="p", method="publish", payload={
        "channel": "target", "event": "chat", "data": VALUE})
    assert answer["response"]["data"] == VALUE
    await world.everybody_hears(VALUE)
    for variant in ["json", "msgpack", "cbor"]:
        member = await world.members(variant=variant)
        acknowledged = PublishOptions(acknowledge=True)
        await member.publish(ROOM, VALUE, options=acknowledged)
        await world.everybody_hears(VALUE)
        await member.publish(ROOM, 1, [2], options=acknowledged, a=3)
        await world.everybody_hears(
            {"args": [1, [2]], "kwargs": {"a": 3}}, args=[1, [2]], kwargs={"a": 3})
        await member.publish(ROOM, options=acknowledged)
        await world.everybody_hears(None, args=[])
    assert await post(world, "/trigger/", {"rooms": [{"target": "chat"}], "data": [1]}) < 300
    await world.everybody_hears([1])
    assert await post(world, "/api/publish", {"room": ROOM, "data": VALUE}) < 300
    await world.everybody_hears(VALUE)
    # What the realm's other rooms hear is theirs, and a room that nobody is in is no mistake.
    assert await post(world, "/trigger/", {"rooms": [{"target": "news"}], "data": 1}) < 300
    assert await post(world, "/trigger/", {"rooms": [{"target": "chat"}], "data": VALUE}) < 300
    await world.everybody_hears(VALUE)


@hub
async def test_a_change_of_a_model_is_an_event_for_all(world):
    assert await post(world, "/api/rohrpost/notify", {
        "class": "Order", "pk": 7, "change": "delete", "group": ROOM, "object": {"id": 7}}) < 300
    change = {"type": "delete", "object": {"id": 7}}
    assert (await world.rohrpost.hear())["data"] == {"group": ROOM, **change}
    assert (await world.openapi.hear())["data"] == change
    assert (await world.templar.hear())["data"] == change
    assert (await world.shampoo.hear())["push_data"] == change
    for box in world.boxes:
        assert await box.arguments() == [change]


@hub
async def test_one_call_of_each_is_answered_by_a_callee(world):
    callee = await world.members(variant="cbor")

    def total(item=None, a=None, b=None):
        return {"sum": item["a"] + item["b"] if item else a + b}

    def fail(item=None):
        raise ApplicationError("wamp.error.invalid_argument", "no such item", left=0)

    await callee.register(total, "com.hub.total", options=RegisterOptions())
    await callee.register(fail, "com.hub.fail")
    numbers = {"a": 2, "b": 5}
    assert await world.openapi.ask(id="c", method="com.hub.total", payload=numbers) == {
        "id": "c", "method": "com.hub.total", "response": {"sum": 7}}
    assert await world.rohrpost.ask(id=2, type="com.hub.total", data=numbers) == {
        "id": 2, "type": "com.hub.total", "data": {"sum": 7}}
    assert await world.shampoo.ask(
        type="request", method="total", request_data=numbers, request_id=3) == {
        "type": "response", "response_data": {"sum": 7}, "status": 200, "message": "ok",
        "request_id": 3}
    member = await world.members(variant="msgpack")
    assert await member.call("com.hub.total", numbers) == {"sum": 7}
    # And what went wrong, in everybody's words.
    assert await world.openapi.ask(id="c", method="com.hub.fail", payload={}) == {
        "error": {"message": "no such item"}, "id": "c", "method": "com.hub.fail"}
    assert await world.rohrpost.ask(id=2, type="com.hub.fail", data={}) == {
        "id": 2, "type": "com.hub.fail", "error": "no such item"}
    assert await world.shampoo.ask(
        type="request", method="fail", request_data={}, request_id=4) == {
        "type": "response", "response_data": {"left": 0}, "status": 400,
        "message": "no such item", "request_id": 4}
    with pytest.raises(ApplicationError) as caught:
        await member.call("com.hub.fail", {})
    assert caught.value.error == "wamp.error.invalid_argument"
    # The callee leaves, and there is no such procedure for anybody.
    callee.leave()
    await asyncio.wait_for(callee.gone, PATIENCE)
    answer = await world.openapi.ask(id="c", method="com.hub.total", payload=numbers)
    assert answer["error"]["errors"] == {"method": "com.hub.total method not available"}
    answer = await world.rohrpost.ask(id=2, type="com.hub.total", data=numbers)
    assert answer["error"] == "Unknown message type 'com.hub.total'."
    answer = await world.shampoo.ask(
        type="request", method="total", request_data=numbers, request_id=5)
    assert (answer["status"], answer["message"]) == (404, "Method total does not exist")
