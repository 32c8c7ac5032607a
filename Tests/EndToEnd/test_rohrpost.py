"""rohrpost as its JavaScript client speaks it, tokens, and what applications report (specification)."""

import asyncio
import base64
import hashlib
import hmac
import json
import time

import pytest
from callee import Callee, Failure, Result
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from process import PATIENCE
from websockets.asyncio.client import connect
from wire import TEXT, Peer, frame
from worlds import Configured, Rohrpost, realm, section

SECRET = "a secret of thirty-two octets, or so"


@pytest.fixture(scope="module")
def world():
    world = Rohrpost(cores=2)
    yield world
    world.stop()
    assert world.server.process.returncode == 0, "\n".join(world.server.lines[-40:])


class Client:
    """rohrpost-js: requests by id with a time limit, groups by name, a ping every so often whose id
    is the time; without any message since, the connection counts as lost (there when the next ping is
    due, here after more patience)."""

    def __init__(self, socket, token="", ping_interval=5):
        self.socket, self.token, self.last = socket, token, 0
        self.waiting, self.groups, self.errors, self.pongs = {}, {}, [], asyncio.Queue()
        self.alive, self.lost = asyncio.Event(), False
        self.reading = asyncio.ensure_future(self._read())
        self.pinging = asyncio.ensure_future(self._ping(ping_interval))

    async def request(self, type, data=None):
        self.last += 1
        promise = self.waiting[self.last] = asyncio.get_running_loop().create_future()
        message = {"type": type, "id": self.last, "auth_jwt": self.token}
        await self.socket.send(json.dumps(message if data is None else {**message, "data": data}))
        return await asyncio.wait_for(promise, PATIENCE)

    async def subscribe(self, type, id):
        group = (await self.request("subscribe", {"type": type, "id": id}))["group"]
        return self.groups.setdefault(group, asyncio.Queue())

    async def unsubscribe(self, type, id):
        await self.request("unsubscribe", {"type": type, "id": id})

    async def _ping(self, interval):
        while True:
            await asyncio.sleep(interval)
            self.alive.clear()
            await self.socket.send(json.dumps({"type": "ping", "id": int(time.time() * 1000)}))
            try:
                await within(self.alive.wait())
            except TimeoutError:
                self.lost = True
                return await self.socket.close()

    async def _read(self):
        async for text in self.socket:
            message = json.loads(text)
            self.alive.set()
            if message.get("type") == "pong":
                self.pongs.put_nowait(message)
            elif message.get("type") == "subscription-update" and "error" not in message:
                self.groups[message["data"]["group"]].put_nowait(message)
            elif promise := self.waiting.pop(message.get("id"), None):
                if "error" in message:
                    promise.set_exception(Denied(message["error"]))
                else:
                    promise.set_result(message.get("data", {}))
            else:
                self.errors.append(message)


class Denied(Exception):
    pass


def within(what):
    return asyncio.wait_for(what, PATIENCE)


def notify(server, status=200, path="notify", **body):
    answer = server.http("POST", f"/api/rohrpost/{path}", body)
    assert answer[0] == status, answer
    return json.loads(answer[2])


def test_members_of_a_group_hear_the_same_notifications_in_order(world):
    async def run():
        async with connect(world.server.url("/rohrpost/")) as one, \
                connect(world.server.url("/ws/rohrpost/")) as two:
            a, b = Client(one), Client(two)
            first, second = await a.subscribe("article", 7), await b.subscribe("article", 7)
            for n in range(200):
                assert notify(world.server, **{"class": "Article", "pk": 7, "change": "update",
                                               "object": {"n": n}}) == {"receivers": 2}
            numbers = set()
            for n in range(200):
                got = await within(first.get())
                assert got["data"] == {"group": "article-7", "type": "update", "object": {"n": n}}
                assert got == await within(second.get()) and 1 <= got["id"] <= 1000
                numbers.add(got["id"])
            assert len(numbers) > 50
            await a.unsubscribe("article", 7)
            assert notify(world.server, **{"class": "Article", "pk": 7, "change": "delete"})["receivers"] == 1
            assert (await within(second.get()))["data"]["type"] == "delete"
            assert first.empty() and not a.errors + b.errors
    asyncio.run(run())


def test_pings_keep_a_connection_that_is_otherwise_silent(world):
    async def run():
        async with connect(world.server.url("/rohrpost/")) as socket:
            js = Client(socket, ping_interval=0.05)
            for _ in range(5):
                assert abs((await within(js.pongs.get()))["id"] - time.time() * 1000) < 60_000
            assert not js.lost and not js.errors
    asyncio.run(run())


def test_calls_are_answered_in_order_by_whoever_has_registered(world):
    def increment(args, kwargs):
        number = json.loads(args)[0].get("number")
        if number is None:
            raise Failure("wamp.error.invalid_argument", '["no number"]')
        return Result(json.dumps([{"number": number + 1}]))

    async def run():
        async with connect(world.server.url("/rohrpost/")) as socket:
            js = Client(socket)
            answers = await asyncio.gather(
                *(js.request("increment", {"number": n} if n % 4 else {}) for n in range(100)),
                js.request("nobody"), return_exceptions=True)
            for n, answer in enumerate(answers[:-1]):
                assert answer == {"number": n + 1} if n % 4 else answer.args == ("no number",)
            assert answers[-1].args == ("Unknown message type 'nobody'.",)
            assert not js.errors
    with Callee(world.server.address) as callee:
        callee.register("increment", increment)
        asyncio.run(run())


@pytest.mark.parametrize("path, call", [
    ("/rohrpost/", '{"id":1,"type":"no"}'), ("/stream", '{"id":"1","method":"no"}')])
def test_a_procedure_that_says_no_ends_no_connection(world, path, call):
    world.server.settles(ws_open=0)  # those of the tests before may not have ended everywhere
    with Callee(world.server.address) as callee, Peer(world.server.address, path) as peer:
        callee.register("no", lambda *_: Failure("com.example.no", '["No."]'))
        peer.send(frame(TEXT, call) * 250)
        for _ in range(250):
            assert b"No." in peer.message()
        assert world.server.metrics()["ws_open"] == 2


def test_a_call_nobody_answers_ends_by_its_time():
    with Configured(section("rohrpost", call_time="200ms")) as server, Callee(server.address) as callee:
        callee.register("slow", lambda *_: None)
        with Peer(server.address, "/rohrpost/") as peer:
            peer.send(frame(TEXT, '{"id":1,"type":"slow"}'), frame(TEXT, '{"id":2,"type":"ping"}'))
            late = peer.json()
            assert (late["id"], late["type"]) == (1, "slow") and "time" in late["error"], late
            assert peer.json() == {"id": 2, "type": "pong"}


# Tokens

def letters(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def signed(claims, sign, **header):
    parts = [letters(json.dumps(part).encode()) for part in (header, claims)]
    return ".".join([*parts, letters(sign(".".join(parts).encode()))])


def by_secret(algorithm=hashlib.sha256, secret=SECRET):
    return lambda octets: hmac.digest(secret.encode(), octets, algorithm)


def subscribed(peer, token, id=1, type="subscribe"):
    peer.send(frame(TEXT, json.dumps(
        {"type": type, "id": id, "auth_jwt": token, "data": {"type": "a", "id": 1}})))
    return peer.json()


def test_signed_tokens_are_checked_with_every_request():
    text = section("rohrpost", token_secret=SECRET)
    now = int(time.time())
    with Configured(text) as server, Peer(server.address, "/rohrpost/") as peer:
        good = signed({"sub": "joe", "exp": now + 3600}, by_secret(), alg="HS256", typ="JWT")
        assert subscribed(peer, good) == {"id": 1, "type": "subscribe", "data": {"group": "a-1"}}
        head, claims, signature = good.split(".")
        bad = {
            "none": letters(b'{"alg":"none"}') + f".{claims}.",
            "unsigned": f"{head}.{claims}.",
            "changed": f"{head}.{letters(b'{}')}.{signature}",
            "expired": signed({"exp": now - 10}, by_secret(), alg="HS256"),
            "early": signed({"nbf": now + 3600}, by_secret(), alg="HS256"),
            "other key": signed({}, by_secret(secret="other"), alg="HS256"),
            "other algorithm": signed({}, by_secret(hashlib.sha512), alg="HS512"),
            "two parts": f"{head}.{claims}", "empty": "", "number": 5, "null": None,
            "long": "x" * 20_000,
        }
        for what, token in bad.items():
            for type in ("subscribe", "unsubscribe", "some-call"):
                assert subscribed(peer, token, what, type) == {
                    "id": what, "type": type, "error": "ACCESS_DENIED"}, what
        # None of that took the membership away, and pings need no token.
        peer.send(frame(TEXT, '{"type":"ping","id":5}'))
        assert peer.json() == {"id": 5, "type": "pong"}
        assert notify(server, **{"class": "A", "pk": 1, "change": "update"}) == {"receivers": 1}


def test_who_is_denied_stays(world):
    with Configured(section("rohrpost", token="hunter2")) as server, \
            Peer(server.address, "/rohrpost/") as peer:
        for n in range(1, 250):
            assert subscribed(peer, "old", n) == {"id": n, "type": "subscribe", "error": "ACCESS_DENIED"}
        assert "error" not in subscribed(peer, "hunter2")


def test_tokens_signed_by_rsa_are_checked_with_the_public_key(tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path / "key.pem"
    file.write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    text = section("rohrpost", token_key_file=str(file), token_algorithm="RS256")
    with Configured(text) as server, Peer(server.address, "/rohrpost/") as peer:
        good = signed({}, lambda o: key.sign(o, padding.PKCS1v15(), hashes.SHA256()), alg="RS256")
        assert "error" not in subscribed(peer, good)
        # The oldest trick: the public key as a secret.
        pem = file.read_text()
        assert subscribed(peer, signed({}, by_secret(secret=pem), alg="HS256"))["error"] == "ACCESS_DENIED"


def test_a_role_limits_groups_and_calls():
    text = section("rohrpost", role="reader") + realm(
        ("reader", ("public", "prefix", ["subscribe"]), ("app.", "prefix", ["call"])))
    with Configured(text) as server, Callee(server.address) as callee, \
            Peer(server.address, "/rohrpost/") as peer:
        callee.register("app.sum", lambda *_: Result('[{"sum":1}]'))
        callee.register("sum", lambda *_: Result('[{"sum":2}]'))

        def ask(type, data):
            peer.send(frame(TEXT, json.dumps({"type": type, "id": 1, "data": data})))
            return peer.json()
        assert ask("subscribe", {"type": "public", "id": 1})["data"] == {"group": "public-1"}
        assert ask("subscribe", {"type": "secret", "id": 1})["error"] == "ACCESS_DENIED"
        assert ask("app.sum", {})["data"] == {"sum": 1}
        assert ask("sum", {})["error"] == "ACCESS_DENIED"


# Reports

@pytest.mark.parametrize("path, body", [
    ("notify", {}), ("notify", {"class": "A", "pk": 1}), ("notify", {"class": "A", "change": "update"}),
    ("notify", {"class": "A", "pk": 1, "change": "moved"}),
    ("notify", {"class": "A", "pk": 1, "change": "update", "gruop": "a"}),
    ("notify", {"class": "A", "pk": [1], "change": "update"}),
    ("send", {}), ("send", {"group": "a-1"}), ("send", {"message": {}}), ("send", {"group": "", "message": {}}),
])
def test_a_report_that_is_none_is_refused_with_a_sentence(world, path, body):
    assert notify(world.server, 400, path, **body)["error"]


def test_a_report_names_a_realm_that_is_there(world):
    change = {"class": "A", "pk": 1, "change": "update"}
    assert "realm" in notify(world.server, 404, realm="elsewhere", **change)["error"]
    assert notify(world.server, realm="realm1", **change) == {"receivers": 0}


def test_reports_want_the_key_of_the_api():
    with Configured(section("api", key="a key of the api")) as server:
        body = {"class": "A", "pk": 1, "change": "update"}
        for headers, status in [({}, 401), ({"Authorization": "Bearer a key of the api"}, 200)]:
            for path in ("notify", "send"):
                sent = body if path == "notify" else {"group": "a", "message": {}}
                assert server.http("POST", f"/api/rohrpost/{path}", sent, headers)[0] == status


def test_a_ready_message_reaches_rohrpost_word_for_word_and_others_as_a_value(world):
    with Peer(world.server.address, "/rohrpost/") as member, Peer(world.server.address) as stream:
        subscribed(member, "")
        stream.subscribe("a-1")
        notify(world.server, path="send", group="a-1", message='{"id": 1.50,  "x":[]}')
        assert member.message() == b'{"id": 1.50,  "x":[]}'
        assert b'{"id": 1.50,  "x":[]}' in stream.message()
