"""high-templar as its JavaScript client speaks it, and what its settings change (specification)."""

import asyncio
import concurrent.futures
import json
import time
import uuid

import pytest
from process import PATIENCE, eventually, free_port
from stub_api import HANG_UP, SILENCE, Answer
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from wire import TEXT, Peer, Visitor, frame
from worlds import Configured, HighTemplar, section, table

ANY = Answer(200, {"allowed_rooms": [{"target": "message", "customer": "*"}]})


@pytest.fixture
def world(request):
    """HighTemplar with these settings; stopped with the test."""
    made = []

    def make(settings=(), **more):
        made.append(HighTemplar(settings, cores=2, **more))
        made[-1].api.answer = ANY
        return made[-1]

    yield make
    for one in made:
        one.stop()
        assert one.server.process.returncode == 0, "\n".join(one.server.lines[-40:])


class Client:
    """spine-high-templar: pings, subscribes under ids of its own, hears publishes by their ids, and
    when the connection is lost comes back and subscribes again."""

    def __init__(self, url, ping_interval=30, back_off=0.05):
        self.url, self.interval, self.back_off = url, ping_interval, back_off
        self.rooms, self.heard, self.replies = {}, {}, asyncio.Queue()
        self.hellos, self.pongs = asyncio.Queue(), asyncio.Queue()
        self.task = asyncio.ensure_future(self._live())

    async def _live(self):
        while True:
            try:
                async with connect(self.url, ping_interval=None) as self.socket:
                    pings = asyncio.ensure_future(self._ping())
                    try:
                        await self._read()
                    finally:
                        pings.cancel()
            except (OSError, WebSocketException):
                pass  # whatever becomes of a connection to a server that is just ending
            await asyncio.sleep(self.back_off)

    async def _read(self):
        hello = json.loads(await self.socket.recv())
        for number, room in self.rooms.items():
            await self._subscribe(number, room)
        for _ in self.rooms:
            assert json.loads(await self.socket.recv()) == {"code": "success"}
        self.hellos.put_nowait(hello)
        async for text in self.socket:
            message = json.loads(text) if text != "pong" else "pong"
            if message == "pong":
                self.pongs.put_nowait(message)
            elif message.get("type") == "publish":
                self.heard[message["requestId"]].put_nowait(message["data"])
            else:
                self.replies.put_nowait(message)

    async def _ping(self):
        while True:
            await asyncio.sleep(self.interval)
            await self.socket.send("ping")

    async def _subscribe(self, number, room):
        await self.socket.send(json.dumps({"type": "subscribe", "room": room, "requestId": number}))

    async def subscribe(self, room):
        number = str(uuid.uuid4())
        self.rooms[number], self.heard[number] = room, asyncio.Queue()
        await self._subscribe(number, room)
        assert await within(self.replies.get()) == {"code": "success"}
        return self.heard[number]

    async def unsubscribe(self, queue):
        number = next(n for n, q in self.heard.items() if q is queue)
        del self.rooms[number]
        await self.socket.send(json.dumps({"type": "unsubscribe", "requestId": number}))
        assert await within(self.replies.get()) == {"code": "success"}


def within(what):
    return asyncio.wait_for(what, PATIENCE)


def trigger(server, data, *rooms, path="/trigger/", **headers):
    return server.http("POST", path, {"rooms": rooms, "data": data}, headers)


def room(customer):
    return {"target": "message", "customer": customer}


def subscribe(peer, room, number):
    peer.send(frame(TEXT, json.dumps({"type": "subscribe", "room": room, "requestId": number})))
    return peer.json()


def hello(server, path="/ws/", **fields):
    with Peer(server.address, path, **fields) as peer:
        return peer.json()


def test_a_client_hears_its_rooms_and_pings(world):
    server = world().server

    async def run():
        js = Client(server.url("/ws/"), ping_interval=0.05)
        assert (await within(js.hellos.get()))["is_authorized"] is True
        one, other = await js.subscribe(room("1")), await js.subscribe(room("2"))
        for n in range(100):
            assert trigger(server, n, room("1"))[0] == 200
        assert trigger(server, "both", room("*"))[2] == b"publish success"
        for n in [*range(100), "both"]:
            assert await within(one.get()) == n
        assert await within(other.get()) == "both"
        await js.unsubscribe(one)
        trigger(server, "after", room("*"))
        assert await within(other.get()) == "after" and one.empty()
        for _ in range(3):
            await within(js.pongs.get())
        js.task.cancel()
    asyncio.run(run())


def test_clients_come_back_after_a_restart_and_hear_again(world):
    api, port = world().api, free_port()
    text = section("hightemplar", api_url=api.url)

    def start():
        return Configured(text, "--cores", "2", "--listen", f"127.0.0.1:{port}")

    async def run():
        server = start()
        try:
            crowd = [Client(server.url("/ws/")) for _ in range(20)]
            for js in crowd:
                await within(js.hellos.get())
            queues = [await js.subscribe(room(str(n))) for n, js in enumerate(crowd)]
            server.__exit__()
            server = start()
            for js in crowd:
                await within(js.hellos.get())
            trigger(server, "again", room("*"))
            for queue in queues:
                assert await within(queue.get()) == "again"
            for js in crowd:
                js.task.cancel()
        finally:
            server.__exit__()
    asyncio.run(run())


def test_settings_change_hello_replies_and_matching(world):
    server = world([("hello-keys", "both"), ("reply-request-id", "on"), ("publish-match", "exact"),
                    ("subscribe-match", "pattern")]).server
    with Peer(server.address, "/ws/") as peer:
        greeting = peer.json()
        assert greeting["is_authenticated"] is greeting["is_authorized"] is True
        assert subscribe(peer, room("*"), 1.5) == {"code": "success", "requestId": 1.5}
        assert subscribe(peer, {"x": 1}, "r") == {
            "code": "error", "message": "room-not-found", "requestId": "r"}
        trigger(server, "a", room("7"))
        assert peer.json() == {"type": "publish", "data": "a", "requestId": 1.5}


def test_who_has_lost_its_rooms_is_told_so_and_stays(world):
    with Peer(world().server.address, "/ws/") as peer:
        peer.json()
        for n in range(250):
            assert subscribe(peer, {"lost": n}, n)["message"] == "room-not-found"
        assert subscribe(peer, room("1"), 1) == {"code": "success"}


def test_the_application_hears_who_comes_is_there_and_goes(world):
    one = world([("hooks", "on")])
    with Peer(one.server.address, "/ws/", Cookie="sessionid=1") as peer:
        assert peer.json()["is_authorized"]
        for _ in range(2):
            assert one.api.take("POST", "user/notify_online/").headers["Cookie"] == "sessionid=1"
            peer.send(frame(TEXT, "ping"))
            assert peer.message() == b"pong"
        one.api.take("POST", "user/notify_online/")
        peer.reset()
    assert one.api.take("POST", "user/notify_offline/").body == b""


@pytest.mark.parametrize("failure", [HANG_UP, SILENCE, Answer(503)], ids=["hang-up", "silence", "503"])
def test_hooks_that_fail_disturb_nobody(world, failure):
    one = world([("hooks", "on")])
    one.api.answer = lambda request: ANY if request.method == "GET" else failure
    with Peer(one.server.address, "/ws/") as peer:
        assert peer.json()["is_authorized"]
        for _ in range(60):
            peer.send(frame(TEXT, "ping"))
            assert peer.message() == b"pong"
        # However often they fail, they say nothing about the questions.
        eventually(lambda: (peer.send(frame(TEXT, "ping")), peer.message(), one.api.count)[2],
                   lambda count: failure is SILENCE or count > 60)
        assert hello(one.server)["is_authorized"] is True


def test_who_says_nothing_is_closed_and_who_pings_is_not(world):
    server = world(idle_time="4s").server
    begin = time.monotonic()
    with Peer(server.address, "/ws/") as silent, Peer(server.address, "/ws/") as busy:
        silent.json(), busy.json()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            end = pool.submit(silent.ends_with, 1000, answer=True)
            while not end.done():
                busy.send(frame(TEXT, "ping"))
                assert busy.message() == b"pong"
                concurrent.futures.wait([end], 0.2)
            end.result()
        assert time.monotonic() - begin > 3.9
        busy.send(frame(TEXT, "ping"))
        assert busy.message() == b"pong"


def test_the_question_goes_through_a_unix_socket_with_headers_as_configured(world, tmp_path):
    one = world(
        [("extra-header", "X-Session-Token:query:session"), ("extra-header", "X-Lang:cookie:lang"),
         ("extra-header", "Referer:fixed:http://hub/"), ("extra-header", "X-From:header:X-Forwarded-For")],
        path=str(tmp_path / "api"))
    assert hello(one.server, "/ws/?token=a%2Bb&session=s1", Cookie="lang=nl; csrftoken=c",
                 Origin="http://localhost", X_Real_IP="9.9.9.9", X_Forwarded_For="1.2.3.4",
                 Authorization="Basic x")["is_authorized"] is True
    headers = one.api.take("GET", "bootstrap/").headers
    assert {name: headers.get(name) for name in (
        "Cookie", "Authorization", "X-CSRFToken", "X-Real-IP", "X-Session-Token", "X-Lang", "Referer",
        "X-From", "Origin", "X-Forwarded-For", "Sec-WebSocket-Key", "Upgrade", "Host")} == {
        "Cookie": "lang=nl; csrftoken=c", "Authorization": "Token a+b", "X-CSRFToken": "c",
        "X-Real-IP": "9.9.9.9", "X-Session-Token": "s1", "X-Lang": "nl", "Referer": "http://hub/",
        "X-From": "1.2.3.4", "Origin": None, "X-Forwarded-For": None, "Sec-WebSocket-Key": None,
        "Upgrade": None, "Host": "127.0.0.1"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(world, status):
    one = world()
    one.api.answer = lambda request: ANY if request.target == "there/" else Answer(
        status, headers={"Location": "/api/there/"})
    assert hello(one.server, Cookie="a=b")["is_authorized"] is True
    assert one.api.take("GET", "there/").headers["Cookie"] == "a=b"
    # To a page for people: the answer is no JSON. In a circle: there is none.
    one.api.answer = Answer(200, "<p>Log in", "text/html")
    assert Visitor(one.server.address, "/ws/").status == 500
    one.api.answer = Answer(status, headers={"Location": "/api/bootstrap/"})
    assert Visitor(one.server.address, "/ws/").status in (500, 502)


def test_triggers_want_their_token_and_post(world):
    server = world(trigger_token="secret").server
    for headers, status in [({}, 401), ({"Authorization": "Bearer wrong"}, 401),
                            ({"Authorization": "Bearer secret"}, 200)]:
        assert trigger(server, 1, room("1"), **headers)[0] == status
    assert server.http("GET", "/trigger/", headers={"Authorization": "Bearer secret"})[0] == 405


def test_routes_have_applications_and_rooms_of_their_own(world):
    one = world()
    text = "\n".join([
        section("hightemplar", api_url=one.api.url, hello_keys="both"),
        table("route", path="/free/", dialect="hightemplar", allowed_rooms=['{"a":"*"}'],
              subscribe_match="pattern"),
        table("route", path="/shop/", dialect="hightemplar", api_url=one.api.url + "shop/")])
    with Configured(text, "--cores", "2") as server, Peer(server.address, "/free/") as free:
        assert free.json()["allowed_rooms"] == [{"a": "*"}]
        assert hello(server, "/shop/")["is_authorized"] is True
        one.api.take("GET", "shop/bootstrap/")
        assert hello(server, "/ws", Sec_WebSocket_Protocol="anything")["is_authorized"] is True
        with Peer(server.address, "/connection/websocket", Sec_WebSocket_Protocol="x, high-templar") as peer:
            assert peer.fields["sec-websocket-protocol"] == "high-templar"
            assert peer.json()["is_authorized"] is True
        assert server.http("GET", "/ws/")[0] == 400
        assert subscribe(free, {"a": "*"}, None) == {"code": "success"}
        trigger(server, 1, {"a": {"b": []}})
        assert free.json() == {"type": "publish", "data": 1, "requestId": None}
