"""carillon-load against a server that makes mistakes: each is found, counted exactly, and named.

faulty_server.py says in the end how many mistakes it made. An open loop sends the same messages
whatever the server does, so most runs have a rate.
"""

import socket

import pytest
from load import ECHO, PUBSUB, STEADY, Faulty

pytestmark = pytest.mark.load
# What does not come is lost after so long a silence.
STEADY = [*STEADY, "--timeout", "4s"]
# Two hundred publications for ten subscribers. 41 is prime to ten, so faults hit all of them, and none
# hits the last ten deliveries or two hundred answers: who would wait for a second one of those?
EVERY = 41
EVERY_ANSWER = 17


@pytest.fixture
def faulty():
    """Starts faulty servers: faulty("--lose", 10)."""
    started = []

    def start(*faults):
        started.append(Faulty(*faults))
        return started[-1]

    yield start
    for server in started:
        server.stop()


FAULTS = {
    "lost": ("lose", [], "lost"),
    "duplicated": ("duplicate", [], "duplicated"),
    "overtaken": ("swap", [], "reordered"),
    "changed in its last octet": ("corrupt", ["--octet", -1], "corrupted"),
    "changed in the middle": ("corrupt", ["--octet", 64], "corrupted"),
    "changed anywhere": ("corrupt", ["--octet", "each"], "corrupted"),
    "cut short": ("truncate", [], "corrupted"),
}


@pytest.mark.parametrize("fault, details, counter", FAULTS.values(), ids=FAULTS.keys())
def test_each_message_that_goes_wrong_is_counted_once_for_what_it_is(
        faulty, load, fault, details, counter):
    server = faulty(f"--{fault}", EVERY, *details)
    run = load("fanout", server.address, *STEADY, *PUBSUB)
    made = server.made
    assert made[fault] > 40
    run.failed(**{counter: made[fault]})
    assert run.tally["expected"] == made["deliveries"]


@pytest.mark.parametrize("fault, details, counter", FAULTS.values(), ids=FAULTS.keys())
def test_faults_are_found_in_compressed_messages(faulty, load, fault, details, counter):
    server = faulty("--deflate", f"--{fault}", EVERY, *details)
    run = load("fanout", server.address, *STEADY, "--deflate", *PUBSUB)
    run.failed(**{counter: server.made[fault]})


@pytest.mark.parametrize("fault, details, counter", FAULTS.values(), ids=FAULTS.keys())
def test_faults_are_found_in_many_rooms(faulty, load, fault, details, counter):
    server = faulty(f"--{fault}", EVERY, *details)
    run = load("rooms", server.address, *STEADY, "--rooms", 5, *PUBSUB)
    run.failed(**{counter: server.made[fault]})


@pytest.mark.parametrize("fault, counter", [
    ("lose", "lost"), ("duplicate", "duplicated"), ("corrupt", "corrupted"),
    ("truncate", "corrupted")])
@pytest.mark.parametrize("scenario", ["echo", "rpc"])
def test_faults_are_found_in_answers(faulty, load, scenario, fault, counter):
    server = faulty(f"--{fault}", EVERY_ANSWER)
    run = load(scenario, server.address, *STEADY, *ECHO)
    assert server.made[fault] > 10
    run.failed(**{counter: server.made[fault]})
    assert run.tally["timedOut"] == (server.made[fault] if fault == "lose" else 0)


def test_the_first_and_the_last_message_are_checked_like_all_others(faulty, load):
    server = faulty("--lose", 1)
    run = load("fanout", server.address, *STEADY, *PUBSUB)
    run.failed(lost=server.made["lose"])
    assert run.tally["delivered"] == 0
    assert run.tally["lost"] == run.tally["expected"] == 10 * run.tally["published"]


def test_an_honest_server_passes(faulty, load):
    for scenario, options in {
            "fanout": PUBSUB, "rooms": ["--rooms", 5, *PUBSUB], "echo": ECHO, "rpc": ECHO}.items():
        server = faulty()
        run = load(scenario, server.address, *STEADY, *options).passed()
        done = run.tally["delivered"] + run.tally["answered"]
        assert done == run.tally["expected"] == server.made["deliveries"]


def test_binary_messages_are_checked_as_well(faulty, load):
    server = faulty("--corrupt", EVERY)
    run = load("fanout", server.address, *STEADY, "--binary", *PUBSUB)
    run.failed(corrupted=server.made["corrupt"])


def test_messages_that_share_a_frame_are_told_apart(faulty, load):
    """As nats-server sends them. Joining is none of the faults; losing one of them is."""
    closed = ["-n", 10, "--window", 16, "--messages", 400, "--duration", "60s", "--timeout", "4s"]
    load("fanout", faulty("--join", 8).address, *closed, *PUBSUB).passed()
    server = faulty("--join", 8, "--lose", 997)
    run = load("fanout", server.address, *closed, *PUBSUB)
    run.failed(lost=server.made["lose"])


# Time


def test_what_nobody_was_owed_ends_no_wait(faulty, load):
    """What was sent before an acknowledgement comes behind it, and stands for nothing that is owed."""
    server = faulty("--acknowledge-after", 100, "--delay", 200)
    load("storm", server.address, "-n", 20, "--rate", 100, "--every", "300ms", "--duration", "800ms",
         *PUBSUB).passed()


def test_delay_is_in_every_latency(faulty, load):
    server = faulty("--delay", 50)
    run = load("fanout", server.address, *STEADY, *PUBSUB).passed()
    assert run.percentile(1) >= 0.0499


@pytest.mark.parametrize("scenario, options", [("fanout", PUBSUB), ("echo", ECHO)])
def test_a_stalled_second_is_in_the_percentiles(faulty, load, scenario, options):
    """Messages due in a stalled second wait for its end, so their latencies are even between
    nothing and a second: of three seconds' messages a third is late, a tenth by over 0.7 s."""
    server = faulty("--stall", 1)
    run = load(scenario, server.address, "-n", 5, "--rate", 100, "--messages", 300,
               "--duration", "60s", *options)
    run.passed()
    assert run.percentile(90) > 0.6
    assert run.percentile(99) > 0.9
    assert run.percentile(100) > 0.95


def test_the_schedule_is_kept_while_the_server_stalls(faulty, load):
    server = faulty("--stall", 0.2)
    run = load("fanout", server.address, "-n", 10, "--rate", 200, "--duration", "4s", *PUBSUB)
    # Who waits for the server's second publishes 600; a busy machine may hide the end of the run.
    assert 700 < run.passed().tally["published"] <= 801


# Manners


@pytest.mark.parametrize("fault", ["drop", "close"])
def test_connections_that_end_are_counted_and_what_they_missed_is_lost(faulty, load, fault):
    server = faulty(f"--{fault}", 500)
    run = load("fanout", server.address, *STEADY, *PUBSUB)
    assert run.status == 3, run.said
    assert run.tally["disconnected"] == server.made[fault] > 0
    assert run.violations.keys() == {"lost"}
    if fault == "close":
        assert "1011" in run.said and "on purpose" in run.said


def test_a_refused_handshake_is_explained_with_status_and_body(faulty, load):
    for accepted in (0, 3):
        server = faulty("--refuse", "503:the house is full", "--accept", accepted)
        run = load("fanout", server.address, *STEADY, *PUBSUB)
        assert run.status == 1, run.said
        assert "503" in run.said and "the house is full" in run.said


def test_a_handshake_that_is_never_answered_is_given_up(faulty, load):
    server = faulty("--mute")
    run = load("fanout", server.address, "-n", 10, "--timeout", "300ms", *PUBSUB)
    assert run.status == 1, run.said
    assert "handshake" in run.said


def test_a_wrong_acknowledgement_is_shown(faulty, load):
    server = faulty("--acknowledge", "denied:")
    run = load("fanout", server.address, "-n", 10, "--timeout", "4s", *PUBSUB)
    assert run.status == 1, run.said
    assert "denied: r0" in run.said and "ok r" in run.said


def test_a_missing_acknowledgement_is_given_up(faulty, load):
    server = faulty("--acknowledge", "")
    run = load("fanout", server.address, "-n", 10, "--timeout", "4s", *PUBSUB)
    assert run.status == 1, run.said
    assert "ok r" in run.said


def test_nobody_listening_is_said_with_the_address(load):
    with socket.socket() as nobody:  # bound, it is nobody else's
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        run = load("echo", address, "-n", 1, *ECHO)
    assert run.status == 1
    assert address in run.said and "refuse" in run.said
