"""carillon-load speaking high-templar, rohrpost and Shampoo: to carillon, and to servers with faults.

Clients of these dialects cannot publish, so the generator posts as an application does.
"""

import collections
import json
import re

import pytest
from aiohttp import WSMsgType, web
from load import CLOSED, STEADY, Load, Threaded, check
from process import ROOT, Carillon

pytestmark = pytest.mark.load
# What carillon must be told so that the dialects' own choices of rooms and names work.
DOCUMENT = ROOT / "Sources/CarillonLoad/CarillonLoad.docc/CarillonLoad.md"
CONFIGURATION = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[1]
DIALECTS = ["high-templar", "rohrpost", "shampoo"]
SCENARIOS = {
    "fanout": ["fanout", *CLOSED],
    "fanout, paced": ["fanout", *STEADY],
    "fanout, large": ["fanout", *STEADY, "--size", 70_000, "--rate", 20, "--messages", 20],
    "fanout, several publishers": ["fanout", *CLOSED, "--publishers", 3],
    "rooms": ["rooms", *CLOSED, "--rooms", 4],
}
OTHERS = {
    "idle": ["-n", 200, "--duration", "300ms"],
    "idle, subscribed": ["-n", 200, "--duration", "300ms", "--subscribed-too"],
    "connect": ["-n", 200, "--messages", 300, "--duration", "60s"],
    "storm": ["-n", 50, "--rate", 200, "--every", "300ms", "--duration", "1s"],
    "slow": STEADY,
}


@pytest.fixture(scope="module")
def server_of_ours(tmp_path_factory):
    file = tmp_path_factory.mktemp("configuration") / "load.toml"
    file.write_text(CONFIGURATION)
    with Carillon("--config", str(file), "--cores", "2") as running:
        yield running
        assert running.alive, "\n".join(running.lines[-40:])


@pytest.fixture
def ours(server_of_ours):
    """carillon with the rooms and the endpoint that the generator uses. It has noticed that the last
    run's clients are gone, and who served the procedure: nobody else could register it."""
    server_of_ours.settles(ws_open=0)
    return server_of_ours


# carillon


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_carillon_passes_in_every_dialect(ours, load, name, dialect):
    scenario, *options = SCENARIOS[name]
    check(load(scenario, ours.address, *options, "--dialect", dialect), scenario)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", OTHERS)
def test_carillon_passes_the_other_scenarios(ours, load, name, dialect):
    run = load(name.split(",")[0], ours.address, *OTHERS[name], "--dialect", dialect).passed()
    assert run.tally["connected"] >= OTHERS[name][1]
    assert run.tally["protocolErrors"] == 0, run.said


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("more", [["--threads", 2], ["--processes", 2], ["--deflate"]], ids=str)
def test_several_workers_and_deflate(ours, load, dialect, more):
    options = [*CLOSED, "--size", 1024, "--dialect", dialect, *more]
    check(load("fanout", ours.address, *options), "fanout")


def test_one_trigger_covers_all_rooms(ours, load):
    run = load("rooms", ours.address, "-n", 60, "--rooms", 20, "--window", 2, "--messages", 100,
               "--duration", "60s", "--dialect", "high-templar", "--covering")
    check(run, "rooms")
    assert run.tally["delivered"] == 60 * run.tally["published"] > 0


def test_a_trigger_is_compressed_once_for_all_its_subscribers(start, load, tmp_path):
    file = tmp_path / "load.toml"
    file.write_text(CONFIGURATION)
    server = start("--config", str(file), "--cores", "1")
    run = load("rooms", server.address, "-n", 60, "--rooms", 20, "--window", 1, "--messages", 100,
               "--duration", "60s", "--size", 1024, "--dialect", "high-templar", "--covering", "--deflate")
    check(run, "rooms")
    seen = server.metrics()
    assert seen["publications_total"] == run.tally["published"] > 0
    # The hello of each client is a message of its own.
    assert seen["compressions_total"] == seen["publications_total"] + 60


@pytest.mark.parametrize("scenario", ["echo", "rpc"])
def test_pings_of_rohrpost_are_answered(ours, load, scenario):
    check(load(scenario, ours.address, *CLOSED, "--dialect", "rohrpost"), scenario)


@pytest.mark.parametrize("dialect, more", [
    ("shampoo", ["--path", "/load/r1/"]), ("rohrpost", ["--procedure", "load.echo"])])
def test_calls_are_answered_by_a_procedure_that_another_run_serves(
        ours, load, tmp_path, dialect, more):
    file = tmp_path / "callees.toml"
    file.write_text('[[clients]]\nrole = "callee"\nconnections = 1\n')
    serving = Load(tmp_path, "mixed", None, file, f"ws://{ours.address}", "--duration", "1h",
                   "--dialect", "wamp")
    try:
        # It is registered as soon as calls are answered with anything but an error.
        for _ in range(50):
            run = load("rpc", ours.address, *CLOSED, "--dialect", dialect, *more)
            if run.status == 0:
                break
        check(run, "rpc")
    finally:
        serving.process.terminate()
        serving.finish()


def test_a_mix_of_clients(ours, load, tmp_path):
    file = tmp_path / "mix.toml"
    file.write_text("""
        rooms = 3
        [[clients]]
        role = "subscriber"
        connections = 30
        [[clients]]
        role = "publisher"
        connections = 2
        rate = 150
        [[clients]]
        role = "requester"
        connections = 5
        window = 2
        """)
    run = Load(tmp_path, "mixed", None, file, f"ws://{ours.address}", "--duration", "1s",
               "--warmup", "0s", "--json", tmp_path / "mixed.json", "--dialect", "rohrpost").finish()
    assert run.status == 0, run.said
    tally = json.loads((tmp_path / "mixed.json").read_text())["tally"]
    assert tally["delivered"] == 10 * tally["published"] > 0 and tally["answered"] > 0
    refused = Load(tmp_path, "mixed", None, file, f"ws://{ours.address}",
                   "--dialect", "high-templar").finish()
    assert refused.status == 64 and "high-templar has no calls" in refused.said, refused.said


@pytest.mark.parametrize("dialect, words", [
    ("shampoo", "Method nobody does not exist"), ("rohrpost", "Unknown message type 'nobody'")])
def test_a_call_that_fails_is_named(ours, load, dialect, words):
    run = load("rpc", ours.address, *CLOSED, "--dialect", dialect, "--procedure", "nobody")
    assert run.status == 3 and words in " ".join(run.said.split()), run.said


def test_publishing_by_post_with_texts_of_ones_own(ours, load):
    texts = ["--dialect", "template", "--path", "/stream", "--subscribe",
             '{"id":"s","method":"subscribe","payload":{"channel":"own"}}', "--subscribed",
             "subscribed", "--post", "--publish-path", "/api/publish", "--publish",
             '{"room":"own","data":"%P"}']
    check(load("fanout", ours.address, *CLOSED, *texts), "fanout")


def test_what_is_refused_at_the_start_is_named(server, load):
    run = load("fanout", server.address, *CLOSED, "--dialect", "shampoo")
    assert run.status == 1 and "No matching endpoint found." in run.said, run.said
    run = load("fanout", server.address, *CLOSED, "--dialect", "rohrpost",
               "--publish-path", "/nowhere")
    assert run.status == 1 and "/nowhere is refused: 404" in run.said, run.said


@pytest.mark.parametrize("command, named", [
    (["fanout", "--dialect", "rohrpots"], "rohrpost"),
    (["wildcard", "--dialect", "high-templar"], "compares rooms exactly"),
    (["wildcard", "--dialect", "shampoo"], "no patterns"),
    (["rpc", "--dialect", "high-templar"], "no calls"),
    (["echo", "--dialect", "high-templar"], "no calls"),
    (["rooms", "--covering"], "to one room"),
    (["fanout", "--dialect", "rohrpost", "--realm", "x"], "--dialect wamp"),
    (["rpc", "--dialect", "shampoo", "--procedure", 'a"b'], "plain name"),
    (["fanout", "--post", "--publish", "%P"], "--publish-path"),
    (["fanout", "--dialect", "rohrpost", "--publish", "%P"], "template"),
], ids=" ".join)
def test_wrong_usage_says_what_was_wrong(load, command, named):
    run = load(command[0], None, *command[1:])
    assert run.status == 64 and named in run.err, run.said


# Faults


class Templar:
    """high-templar as its Python code writes it, blanks and all, with one mistake in so many."""

    def __init__(self, *, stray=0, lose=0, refuse=0, close=0, rejects=False):
        self.faults = {"stray": stray, "lose": lose}
        self.refuse, self.close, self.rejects = refuse, close, rejects
        self.made = collections.Counter()
        self.deliveries = self.triggers = 0
        self.subscribers = {}
        self.server = Threaded(self.main)
        self.address, self.stop = self.server.address, self.server.stop

    async def main(self, server):
        application = web.Application()
        application.router.add_get("/ws/", self.connect)
        application.router.add_post("/trigger/", self.trigger)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        await server.serve(runner.addresses[0][1])
        await runner.cleanup()

    async def connect(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.rejects:
            await socket.send_str(json.dumps({"is_authorized": False}))
            await socket.close(code=1000)
            return socket
        await socket.send_str(json.dumps({
            "is_authorized": True, "allowed_rooms": [{"target": "load", "room": "*"}]}))
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                asked = json.loads(message.data)
                self.subscribers[socket] = (json.dumps(asked["room"]), asked["requestId"])
                await socket.send_str(json.dumps({"code": "success"}))
        self.subscribers.pop(socket, None)
        return socket

    async def trigger(self, request):
        body = await request.json()
        self.triggers += 1
        if self.refuse and self.triggers % self.refuse == 0:
            self.made["refuse"] += 1
            return web.Response(status=403, text="not today")
        response = web.Response(text="publish success")
        if self.close and self.triggers % self.close == 0:
            self.made["close"] += 1
            response.force_close()
            # Said before anybody has a reason to post again: what is on its way then is lost.
            await response.prepare(request)
            await response.write_eof()
        rooms = [json.dumps(room) for room in body["rooms"]]
        for socket, (room, identity) in list(self.subscribers.items()):
            if room in rooms:
                await self.deliver(socket, body["data"], identity)
        return response

    async def deliver(self, socket, data, identity):
        self.deliveries += 1
        for fault, every in self.faults.items():
            if every and self.deliveries % every == 0:
                self.made[fault] += 1
                if fault == "lose":
                    return
                identity += "0"
        await socket.send_str(json.dumps(
            {"type": "publish", "data": data, "requestId": identity}))


@pytest.fixture
def templar():
    started = []

    def start(**faults):
        started.append(Templar(**faults))
        return started[-1]

    yield start
    for server in started:
        server.stop()


TEMPLAR = ["--dialect", "high-templar", "--timeout", "4s"]


@pytest.mark.parametrize("fault, counter", [("stray", "corrupted"), ("lose", "lost")])
def test_each_delivery_that_goes_wrong_is_counted_once(templar, load, fault, counter):
    server = templar(**{fault: 37})
    run = load("fanout", server.address, *STEADY, *TEMPLAR)
    assert server.made[fault] > 40
    run.failed(**{counter: server.made[fault]})
    assert run.tally["expected"] == server.deliveries
    if fault == "stray":
        assert "does not name the subscription of its receiver" in " ".join(run.said.split())


def test_an_honest_server_passes(templar, load):
    check(load("fanout", templar().address, *CLOSED, *TEMPLAR), "fanout")
    check(load("rooms", templar().address, *CLOSED, "--rooms", 4, *TEMPLAR), "rooms")


def test_a_refused_trigger_is_counted_and_explained(templar, load):
    server = templar(refuse=50)
    run = load("fanout", server.address, *STEADY, *TEMPLAR)
    assert run.status == 3, run.said
    assert "a publication was refused: 403 Forbidden: not today" in " ".join(run.said.split())
    assert run.tally["protocolErrors"] == server.made["refuse"] > 0
    assert run.violations == {"lost": 10 * server.made["refuse"]}


def test_a_server_that_ends_idle_connections_is_posted_to_again(templar, load):
    server = templar(close=5)
    run = load("fanout", server.address, "-n", 10, "--window", 1, "--messages", 20, "--duration", "60s",
               *TEMPLAR)
    assert server.made["close"] > 0
    assert server.made["close"] - 1 <= run.tally["reconnected"] <= server.made["close"]
    assert not run.violations, run.said


def test_a_rejected_client_is_explained(templar, load):
    run = load("fanout", templar(rejects=True).address, *CLOSED, *TEMPLAR)
    assert run.status == 1 and "does not let a client in" in " ".join(run.said.split()), run.said
