"""carillon-load against servers that others wrote, unmodified, and against ours."""

import asyncio
import collections
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest
from load import CLOSED, ECHO, PUBSUB, STEADY, Load, Threaded
from process import PATIENCE, ROOT, free_port

pytestmark = pytest.mark.load
NOTHING = ["--dialect", "template", "--path", "/"]
SCENARIOS = {
    "echo": ("echo", [*STEADY, *ECHO]),
    "echo, closed loop": ("echo", [*CLOSED, *ECHO]),
    "rpc": ("rpc", [*CLOSED, "--path", "/", "--request", r"call %N\n%P"]),
    "fanout": ("fanout", [*STEADY, *PUBSUB]),
    "fanout, closed loop": ("fanout", [*CLOSED, *PUBSUB]),
    "fanout, bursts": ("fanout", [*CLOSED, "--burst", *PUBSUB]),
    "fanout, large": ("fanout", [*STEADY, "--size", 100_000, "--rate", 20, "--messages", 20, *PUBSUB]),
    "fanout, smallest": ("fanout", [*STEADY, "--size", 64, *PUBSUB]),
    "rooms": ("rooms", [*STEADY, "--rooms", 4, *PUBSUB]),
    "connect": ("connect", ["-n", 50, "--messages", 100, "--duration", "60s", *NOTHING]),
    "idle": ("idle", ["-n", 50, "--duration", "500ms", *NOTHING]),
}


class PubSub:
    """The protocol of faulty_server.py, without faults: what to send whom for a message."""

    def __init__(self):
        self.rooms = collections.defaultdict(set)

    def outcome(self, client, message):
        """[(client, message)] to send."""
        if message.startswith("sub "):
            self.rooms[message[4:]].add(client)
            return [(client, "ok " + message[4:])]
        if message.startswith("pub "):
            room, payload = message[4:].split("\n", 1)
            return [(member, payload) for member in self.rooms[room]]
        return [(client, message)]

    def leave(self, client):
        for members in self.rooms.values():
            members.discard(client)


async def with_websockets(server, deflate):
    from websockets.asyncio.server import serve
    from websockets.exceptions import ConnectionClosed
    hub = PubSub()

    async def client(connection):
        try:
            async for message in connection:
                for member, text in hub.outcome(connection, message):
                    await member.send(text)
        except ConnectionClosed:
            pass
        finally:
            hub.leave(connection)

    async with serve(client, "127.0.0.1", 0, compression="deflate" if deflate else None) as listener:
        await server.serve(listener.sockets[0].getsockname()[1])


async def with_aiohttp(server, deflate):
    from aiohttp import WSMsgType, web
    hub = PubSub()

    async def client(request):
        connection = web.WebSocketResponse(compress=deflate)
        await connection.prepare(request)
        try:
            async for message in connection:
                if message.type == WSMsgType.TEXT:
                    for member, text in hub.outcome(connection, message.data):
                        await member.send_str(text)
        finally:
            hub.leave(connection)
        return connection

    application = web.Application()
    application.router.add_get("/", client)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await server.serve(runner.addresses[0][1])
    await runner.cleanup()


@pytest.fixture(scope="module", params=[with_websockets, with_aiohttp], ids=["websockets", "aiohttp"])
def library(request):
    """Starts servers of a Python library: library(deflate=True). Each is started once."""
    running = {}

    def start(deflate):
        if deflate not in running:
            running[deflate] = Threaded(lambda server: request.param(server, deflate))
        return running[deflate]

    yield start
    for server in running.values():
        server.stop()


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
@pytest.mark.parametrize("scenario, options", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_python_libraries_pass(library, load, scenario, options, deflate):
    server = library(deflate)
    run = load(scenario, server.address, *options, *(["--deflate"] if deflate else []))
    check(run.passed(), scenario, options)


def test_deflate_is_offered_and_used_only_when_asked(library, load):
    """Padding compresses, so compressed messages take fewer octets than they hold."""
    server = library(True)
    options = [*STEADY, "--size", 1000, *PUBSUB]
    plain = load("fanout", server.address, *options).passed().tally
    packed = load("fanout", server.address, *options, "--deflate").passed().tally
    assert plain["octetsReceived"] > 1000 * plain["delivered"]
    assert packed["octetsReceived"] < 800 * packed["delivered"]


def check(run, scenario, options):
    """What a good run of a scenario has done, beside losing nothing."""
    tally, count = run.tally, int(options[options.index("-n") + 1])
    if scenario in ("fanout", "rooms"):
        assert tally["delivered"] == tally["expected"] > 0
    elif scenario in ("echo", "rpc"):
        assert tally["answered"] == tally["requested"] == tally["expected"] > 0
    else:
        assert tally["connected"] >= count
    assert tally["disconnected"] == tally["timedOut"] == tally["refusedHandshakes"] == 0, run.said
    assert tally["protocolErrors"] == 0, run.said


# nginx with nchan


class Nchan:
    """nginx with nchan, from the configuration that perf/ measures."""

    BESIDE = ROOT / ".build/tools/nginx"  # where Tools/test unpacks it

    def __init__(self, folder, deflate):
        program = shutil.which("nginx", path=os.pathsep.join(
            [os.environ["PATH"], "/usr/sbin", str(self.BESIDE / "usr/sbin")]))
        module = next((m for m in (
            pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so"),
            self.BESIDE / "usr/lib/nginx/modules/ngx_nchan_module.so") if m.exists()), None)
        if not program or not module:
            pytest.skip("nginx with nchan is not installed (libnginx-mod-nchan)")
        port = free_port()
        text = (ROOT / "perf/templates/nchan.conf").read_text()
        for place, value in {"{port}": port, "{files}": folder, "{nchan}": module,
                             "{deflate}": "on" if deflate else "off"}.items():
            text = text.replace(place, str(value))
        (folder / "nchan.conf").write_text(text)
        self.address = f"127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [program, "-p", folder, "-c", folder / "nchan.conf", "-e", "stderr"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                assert self.process.poll() is None, "nginx does not start"
                assert time.monotonic() < deadline, "nginx does not listen"
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
def test_nchan_passes(load, tmp_path, deflate):
    server = Nchan(tmp_path, deflate)
    try:
        for loop in (STEADY, CLOSED):
            run = load("fanout", server.address, *loop, *(["--deflate"] if deflate else []),
                       "--path", "/sub/r%R", "--publish-path", "/pub/r%R", "--publish", "%P")
            check(run.passed(), "fanout", loop)
    finally:
        server.stop()


# Ours, by its own dialect

OURS = {
    "fanout": [*STEADY],
    "fanout, closed loop": [*CLOSED],
    "rooms": [*STEADY, "--rooms", 4],
    "wildcard": [*STEADY, "--rooms", 4],
    "rpc": [*CLOSED],
    "storm": ["-n", 50, "--rate", 200, "--every", "500ms", "--duration", "2s"],
    "slow": [*STEADY],
    "connect": ["-n", 200, "--messages", 300, "--duration", "60s"],
    "idle": ["-n", 200, "--duration", "500ms"],
}


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
@pytest.mark.parametrize("name", OURS)
def test_carillon_passes_every_scenario(server, load, name, deflate):
    scenario = name.split(",")[0]
    run = load(scenario, server.address, *OURS[name], *(["--deflate"] if deflate else []),
               "--server-pid", server.pid)
    assert run.passed().tally["connected"] >= int(OURS[name][1])
    if scenario in ("fanout", "rooms", "wildcard"):
        check(run, "fanout", OURS[name])
    assert run.report["server"]["died"] is False


def test_carillon_passes_a_mix(server, load, tmp_path):
    file = tmp_path / "mix.toml"
    file.write_text("""
        rooms = 3
        [[clients]]
        role = "subscriber"
        connections = 30
        [[clients]]
        role = "publisher"
        connections = 2
        phases = "500ms:0..200,500ms:200"
        size = 256
        [[clients]]
        role = "requester"
        connections = 5
        rate = 100
        [[clients]]
        role = "idler"
        connections = 20
        """)
    running = Load(tmp_path, "mixed", None, file, f"ws://{server.address}", "--duration", "1s",
                   "--warmup", "0s", "--json", tmp_path / "mixed.json")
    run = running.finish()
    assert run.status == 0, run.said
    tally = json.loads((tmp_path / "mixed.json").read_text())["tally"]
    assert tally["delivered"] + tally["answered"] == tally["expected"]
    # Less where a busy machine hides the end of the second.
    assert 0 < tally["published"] <= 151 and 0 < tally["requested"] <= 101
    assert tally["delivered"] == 10 * tally["published"]


def test_carillon_echoes(server, load):
    check(load("echo", server.address, *CLOSED, "--path", "/echo", "--request", "%P").passed(),
          "echo", CLOSED)


def test_what_carillon_refuses_is_explained(server, load):
    run = load("fanout", f"{server.address}/nowhere", *STEADY)
    assert run.status == 1
    assert "404" in run.said and "/nowhere" in run.said


def test_a_run_leaves_nothing_behind(start, load):
    server = start()
    load("fanout", server.address, *STEADY).passed()
    server.settles(ws_open=0, subscriptions=0, connections_open=1)
