"""carillon-load speaking WAMP: to carillon in every serialization, and to a router with faults."""

import json

import pytest
from load import CLOSED, STEADY, Faulty, Load, check
from serializations import NAMES
from wamp_router import Router

pytestmark = pytest.mark.load
EVERY, EVERY_ANSWER = 41, 17  # test_load_faults.py says why
SCENARIOS = {
    "fanout": ["fanout", *CLOSED],
    "fanout, paced": ["fanout", *STEADY],
    "fanout, large": ["fanout", *STEADY, "--size", 70_000, "--rate", 20, "--messages", 20],
    "rooms": ["rooms", *CLOSED, "--rooms", 4],
    "wildcard": ["wildcard", *STEADY, "-n", 48, "--rooms", 2, "--events", 12],
    "echo": ["echo", *CLOSED],
    "rpc": ["rpc", *CLOSED],
    "rpc, paced, several callees": ["rpc", *STEADY, "--callees", 3],
}


def words(variant):
    form, _, batched = variant.partition(".")
    return ["--dialect", "wamp", "--serializer", form, *(["--batched"] if batched else [])]


@pytest.fixture(scope="module")
def router_of_ours():
    with Router(cores=2) as running:
        yield running


@pytest.fixture
def ours(router_of_ours):
    """carillon with the realms of wamp_router, as its address. It has noticed that the last run's
    clients are gone, and who served the procedure: nobody else could register it."""
    if not router_of_ours.is_crossbar:
        router_of_ours.server.settles(ws_open=0)
    return f"{router_of_ours.host}:{router_of_ours.port}"


@pytest.fixture
def faulty():
    """Starts faulty routers: faulty("--lose", 10)."""
    started = []

    def start(*faults):
        started.append(Faulty(*faults, program="faulty_router.py"))
        return started[-1]

    yield start
    for server in started:
        server.stop()


# carillon


@pytest.mark.parametrize("variant", NAMES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_carillon_passes_in_every_serialization(ours, load, name, variant):
    scenario, *options = SCENARIOS[name]
    check(load(scenario, ours, *options, *words(variant)), scenario)


OTHERS = {
    "idle": ["-n", 200, "--duration", "300ms"],
    "idle, subscribed": ["-n", 200, "--duration", "300ms", "--subscribed-too"],
    "connect": ["-n", 200, "--messages", 300, "--duration", "60s"],
    "storm": ["-n", 50, "--rate", 200, "--every", "300ms", "--duration", "1s"],
    "slow": STEADY,
}


@pytest.mark.parametrize("variant", ["json", "cbor.batched"])
@pytest.mark.parametrize("name", OTHERS)
def test_carillon_passes_the_other_scenarios(ours, load, name, variant):
    run = load(name.split(",")[0], ours, *OTHERS[name], *words(variant)).passed()
    assert run.tally["connected"] >= OTHERS[name][1]
    assert run.tally["protocolErrors"] == 0, run.said


@pytest.mark.parametrize("scenario", ["fanout", "rpc"])
@pytest.mark.parametrize("more", [["--threads", 2], ["--processes", 2], ["--deflate"]], ids=str)
def test_several_workers_and_deflate(ours, load, scenario, more):
    check(load(scenario, ours, *CLOSED, *words("json"), *more), scenario)


def test_a_mix_has_a_callee_though_the_file_names_none(ours, load, tmp_path):
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
        storm_every = "300ms"
        """)
    # Storms that a pause hides do not come later; two of thirteen are enough.
    run = Load(tmp_path, "mixed", None, file, f"ws://{ours}", "--duration", "4s", "--warmup", "0s",
               "--json", tmp_path / "mixed.json", *words("msgpack")).finish()
    assert run.status == 0, run.said
    tally = json.loads((tmp_path / "mixed.json").read_text())["tally"]
    assert tally["delivered"] == 10 * tally["published"] > 0
    assert tally["answered"] > 0 and tally["reconnected"] >= 10


def test_a_procedure_that_others_serve(ours, load, tmp_path):
    """One run serves, another calls."""
    file = tmp_path / "callees.toml"
    file.write_text('[[clients]]\nrole = "callee"\nconnections = 1\n')
    procedure = ["--procedure", "com.example.echo"]
    serving = Load(tmp_path, "mixed", None, file, f"ws://{ours}", "--duration", "1h",
                   *words("cbor"), *procedure)
    try:
        # It is registered as soon as calls are answered with anything but ERROR.
        for _ in range(50):
            run = load("rpc", ours, *CLOSED, *words("json"), *procedure)
            if run.status == 0:
                break
        check(run, "rpc")
    finally:
        serving.process.terminate()
        serving.finish()


def test_tickets_and_realms(ours, load):
    member = ["--realm", "realm1", "--authid", "martin", "--ticket", "wEx9TPFtHdRr2Zg7rtRE"]
    check(load("fanout", ours, *CLOSED, *words("json"), *member), "fanout")
    run = load("fanout", ours, *CLOSED, *words("json"), *member[:-1], "no such ticket")
    assert run.status == 1 and "wamp.error." in run.said, run.said
    run = load("fanout", ours, *CLOSED, *words("json"), "--realm", "nowhere")
    assert run.status == 1 and "no_such_realm" in run.said, run.said


def test_a_call_that_nobody_serves_is_named(ours, load):
    run = load("rpc", ours, *CLOSED, *words("cbor"), "--procedure", "com.example.nobody")
    assert run.status == 3 and "wamp.error.no_such_procedure" in run.said, run.said
    assert run.tally["answered"] == 0


def test_a_server_without_wamp_is_named(server, load):
    run = load("fanout", f"{server.address}/stream", *CLOSED, *words("json"))
    assert run.status == 1 and "wamp.2.json" in run.said, run.said


@pytest.mark.parametrize("command, named", [
    (["fanout", "--serializer", "cbor"], "--dialect wamp"),
    (["rpc", "--callees", "2"], "--dialect wamp"),
    (["fanout", "--dialect", "wamp", "--serializer", "xml"], "xml"),
    (["fanout", "--dialect", "wamp", "--publish", "%P"], "template"),
    (["echo", "--dialect", "wamp", "--callees", "2"], "--callees"),
    (["fanout", "--dialect", "wamp", "--ticket", "x"], "--authid"),
], ids=" ".join)
def test_wrong_usage_says_what_was_wrong(load, command, named):
    run = load(command[0], None, *command[1:])
    assert run.status == 64 and named in run.err, run.said


# Faults

FAULTS = {
    "lost": (["--lose"], "lost"),
    "duplicated": (["--duplicate"], "duplicated"),
    "overtaken": (["--swap"], "reordered"),
    "changed in its frame": (["--octet", -1, "--corrupt"], "corrupted"),
    "changed in the middle": (["--octet", 64, "--corrupt"], "corrupted"),
    "cut short": (["--truncate"], "corrupted"),
    "of another subscription": (["--stray"], "corrupted"),
    "wrapped": (["--wrap"], "corrupted"),
    "in the wrong frame": (["--wrong-frame"], "corrupted"),
}


@pytest.mark.parametrize("variant", ["json", "msgpack", "cbor.batched"])
@pytest.mark.parametrize("faults, counter", FAULTS.values(), ids=FAULTS.keys())
def test_each_event_that_goes_wrong_is_counted_once(faulty, load, faults, counter, variant):
    if variant != "json" and faults[0] == "--wrong-frame":
        pytest.skip("octets are no text")
    server = faulty(*faults, EVERY)
    run = load("fanout", server.address, *STEADY, "--timeout", "4s", *words(variant))
    made = server.made
    fault = faults[-1].strip("-").replace("-", "_")
    assert made[fault] > 40
    run.failed(**{counter: made[fault]})
    assert run.tally["expected"] == made["deliveries"]


@pytest.mark.parametrize("variant", ["json.batched", "msgpack", "cbor"])
@pytest.mark.parametrize("fault, counter", [
    ("lose", "lost"), ("duplicate", "duplicated"), ("corrupt", "corrupted"),
    ("truncate", "corrupted"), ("stray", "corrupted"), ("wrap", "corrupted"),
    ("fail", "corrupted")])
def test_each_result_that_goes_wrong_is_counted_once(faulty, load, fault, counter, variant):
    server = faulty(f"--{fault}", EVERY_ANSWER, "--octet", 70)
    run = load("rpc", server.address, *STEADY, "--timeout", "4s", *words(variant))
    assert server.made[fault] > 10
    run.failed(**{counter: server.made[fault]})
    if fault == "fail":
        assert "com.example.refused" in run.said


@pytest.mark.parametrize("variant", ["json.batched", "cbor.batched"])
def test_events_that_share_a_frame_are_told_apart(faulty, load, variant):
    closed = ["-n", 10, "--window", 16, "--messages", 400, "--duration", "60s", "--timeout", "4s",
              *words(variant)]
    check(load("fanout", faulty("--join", 8).address, *closed), "fanout")
    server = faulty("--join", 8, "--lose", 997)
    load("fanout", server.address, *closed).failed(lost=server.made["lose"])


def test_an_honest_router_passes(faulty, load):
    for variant in NAMES:
        for scenario in ("fanout", "rooms", "echo", "rpc"):
            check(load(scenario, faulty().address, *CLOSED, *words(variant)), scenario)


def test_a_session_that_the_router_ends_is_counted_and_explained(faulty, load):
    server = faulty("--goodbye", 500)
    run = load("fanout", server.address, *STEADY, "--timeout", "4s", *words("cbor"))
    assert run.status == 3, run.said
    assert run.tally["disconnected"] == server.made["goodbye"] > 0
    assert run.violations.keys() == {"lost"}
    assert "com.example.refused" in run.said


@pytest.mark.parametrize("faults, said", [
    (["--answer-hello", "abort"], "com.example.refused"),
    (["--answer-hello", "nothing"], "WELCOME"),
    (["--answer-request", "error"], "com.example.refused"),
    (["--answer-request", "nothing"], "SUBSCRIBED"),
], ids=str)
@pytest.mark.parametrize("variant", ["json", "msgpack.batched"])
def test_an_opening_that_fails_is_explained(faulty, load, faults, said, variant):
    run = load("fanout", faulty(*faults).address, *CLOSED, "--timeout", "4s", *words(variant))
    assert run.status == 1 and said in run.said, run.said
