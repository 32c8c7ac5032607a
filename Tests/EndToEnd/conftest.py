"""Fixtures: one server for the tests that change nothing in it, and fresh ones for the others."""

import itertools

import pytest
from process import LISTENS_LONG, Carillon
from wire import Peer


@pytest.fixture(scope="session")
def server():
    """A server with default settings and an echo route, shared by many tests."""
    with Carillon("--echo", "/echo", settings=LISTENS_LONG) as running:
        yield running
        assert running.alive, "\n".join(running.lines[-40:])


@pytest.fixture
def start():
    """Starts servers that this test stops again: start("--cores", "2", settings={...})."""
    running = []

    def start(*options, settings=None, **more):
        server = Carillon(*options, settings=settings, **more)
        running.append(server)
        return server

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture
def peer(server):
    """Opens WebSockets on the shared server: peer("/echo"). Closed with the test."""
    opened = []

    def open(path="/stream", **fields):
        opened.append(Peer(server.address, path, **fields))
        return opened[-1]

    yield open
    for link in opened:
        link.close()


@pytest.fixture
def load(tmp_path):
    """Runs carillon-load to its end."""
    from load import Load
    return lambda *command, **more: Load(tmp_path, *command, **more).finish()


@pytest.fixture
def channel(request):
    """A channel name that no other test uses."""
    return "t." + request.node.name.lower().replace("[", ".").replace("]", "")[:80]


# WAMP

VARIANTS = ["json", "msgpack", "cbor", "json.batched", "msgpack.batched", "cbor.batched"]
RAWSOCKET = ["rawsocket:json", "rawsocket:msgpack", "rawsocket:cbor"]


@pytest.fixture(scope="session")
def router():
    """A WAMP router on two cores with the realms of wamp_router, shared by many tests."""
    from wamp_router import Router
    with Router(cores=2, rawsocket=True, settings=LISTENS_LONG) as running:
        yield running


@pytest.fixture(params=VARIANTS + [pytest.param(v, marks=pytest.mark.rawsocket) for v in RAWSOCKET])
def variant(request, router):
    """A serialization by its subprotocol's name, over WebSocket or RawSocket."""
    if request.param in RAWSOCKET and not router.rawsocket_port:
        pytest.skip("the router has no RawSocket listener")
    return request.param


NUMBERS = itertools.count(1)


@pytest.fixture
def run_id():
    """A word that no other test uses, for URIs of things that outlive a session."""
    return f"run{next(NUMBERS)}"


@pytest.fixture
def uri(request):
    """A URI that no other test uses."""
    name = request.node.name.lower()
    return "com.example." + "".join(c if c.isalnum() else "_" for c in name)
