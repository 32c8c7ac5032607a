"""carillon-load as a command: its options, its files, its manners, and its own arithmetic."""

import json
import re
import signal
import time
import xml.etree.ElementTree

import pytest
from load import ECHO, PUBSUB, STEADY, Faulty, Load
from process import PATIENCE

pytestmark = pytest.mark.load


@pytest.fixture(scope="module")
def honest():
    server = Faulty()
    yield server
    server.stop()


# Usage


def test_help_shows_every_scenario_and_examples(load):
    run = load("--help", None)
    assert run.status == 0
    for scenario in ("connect", "idle", "echo", "fanout", "rooms", "wildcard", "rpc", "storm", "slow",
                     "mixed", "compare"):
        assert scenario in run.out
    assert "ws://" in run.out


@pytest.mark.parametrize("command, named", [
    (["dance"], "dance"),
    (["fanout", "-n", "many"], "many"),
    (["fanout", "-n", "0"], "connections"),
    (["fanout", "--window", "0"], "window"),
    (["fanout", "-n", "99999999999999999999"], "99999999999999999999"),
    (["fanout", "--duration", "soon"], "soon"),
    (["fanout", "--rate", "10", "--window", "5"], "window"),
    (["fanout", "--rate", "nan"], "rate"),
    (["fanout", "--phases", "10s:x"], "10s:x"),
    (["fanout", "--size", "99999999999999999999"], "size"),
    (["fanout", "--dialect", "morse"], "morse"),
    (["fanout", "--publish", r"\xZZ %P"], "xZZ"),
    (["fanout", "--publish", "%Q %P"], "%Q"),
    (["fanout", "--no-such-option"], "no-such-option"),
    (["fanout", "wss://127.0.0.1:1/"], "wss://127.0.0.1:1/"),
    (["fanout", "ws://127.0.0.1:99999/"], "99999"),
    (["compare", "only-one.json"], "compare"),
    (["fanout", "--source", "somewhere"], "somewhere"),
    # What a scenario would not heed it does not take.
    (["idle", "--rate", "10"], "rate"),
    (["idle", "--size", "100"], "size"),
    (["connect", "--size", "100"], "size"),
    (["mixed", "clients.toml", "--connections", "5"], "connections"),
    (["mixed", "clients.toml", "--window", "5"], "window"),
], ids=" ".join)
def test_wrong_usage_ends_with_64_and_says_what_was_wrong(load, command, named):
    run = load(command[0], None, *command[1:])
    assert run.status == 64, (run.status, run.said)
    assert named in run.err
    assert run.out == "", "what is wrong belongs to standard error"


def test_what_cannot_be_is_said_before_the_run(load):
    """Nobody listens there, but that is not what they get as far as."""
    nobody = "ws://127.0.0.1:1"
    run = load("fanout", None, nobody, "-n", 1, "--cpus", 1023)
    assert run.status == 1 and "CPU 1023" in run.err and "--cpus" in run.err, run.said
    for option in ("--json", "--html"):
        run = load("fanout", None, nobody, "-n", 1, option, "/nonexistent/report")
        assert run.status == 1 and "/nonexistent/report" in run.err, run.said
        assert "refuses" not in run.err, run.said


# Reports


def test_in_a_pipe_it_writes_a_summary_and_no_control_characters(honest, load):
    run = load("fanout", honest.address, *STEADY, *PUBSUB).passed()
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", run.said), run.said
    for word in ("p50", "p99", "p99.99", "lost"):
        assert word in run.out


def test_quiet_says_nothing_when_all_is_well(honest, load):
    assert load("fanout", honest.address, *STEADY, "--quiet", *PUBSUB).passed().said == ""


def test_the_report_says_what_was_run_and_adds_up(honest, load):
    run = load("fanout", honest.address, *STEADY, "--interval", "250ms", "--server-pid", honest.pid,
               *PUBSUB).passed()
    report, tally = run.report, run.tally
    assert report["format"] == "carillon-load report"
    assert report["scenario"] == "fanout"
    assert honest.address in report["target"]
    assert "--rate" in report["commandLine"]
    assert report["connectionsOpened"] >= 10
    assert tally["delivered"] == tally["expected"] == 10 * tally["published"]
    assert sum(count for _, count in report["latency"]) == tally["delivered"]
    assert len(report["intervals"]) >= 3
    for name in ("published", "delivered"):
        assert sum(part["tally"][name] for part in report["intervals"]) == tally[name]
    assert report["durationSeconds"] > 0.9
    assert report["server"]["pid"] == honest.pid
    if "looked at too late" not in run.said:  # and on a busy machine it may be
        assert report["server"]["cpuSeconds"] > 0
    assert report["server"]["residentAtEnd"] > 1_000_000


def test_the_page_is_one_file_of_its_own(honest, load, tmp_path):
    page = tmp_path / "page.html"
    load("fanout", honest.address, *STEADY, "--html", page, *PUBSUB).passed()
    text = page.read_text()
    assert "prefers-color-scheme" in text and "<svg" in text
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", text), "it asks others for something"
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        xml.etree.ElementTree.fromstring(drawing.replace("&nbsp;", " "))


def test_a_warm_up_is_in_no_figure(honest, load):
    run = load("fanout", honest.address, "-n", 10, "--rate", 200, "--duration", "1s", *PUBSUB,
               warmup="4s").passed()
    # Of a thousand, and two hundred are due behind the warm-up. Those that a machine sends too late
    # count when they are sent: it may pause for three seconds before.
    assert 0 < run.tally["published"] < 900
    assert run.report["warmUpSeconds"] == 4


# Schedules


def test_a_number_of_messages_is_exact(honest, load):
    run = load("fanout", honest.address, "-n", 7, "--window", 4, "--messages", 150, *PUBSUB).passed()
    assert run.tally["published"] == 150
    assert run.tally["delivered"] == 7 * 150


def test_phases_ramp_and_hold(honest, load):
    run = load("fanout", honest.address, "-n", 5, "--phases", "1s:0..200,500ms:200",
               "--duration", "60s", *PUBSUB).passed()
    # A ramp from nothing to 200/s over a second sends 100, half a second at 200/s another 100.
    assert 199 <= run.tally["published"] <= 201
    assert run.report["durationSeconds"] > 1.4


@pytest.mark.parametrize("scenario, options", [("fanout", PUBSUB), ("echo", ECHO)])
def test_what_was_due_before_the_end_is_sent_behind_it(honest, tmp_path, scenario, options):
    """A generator that gets no processor where its run ends owes what it did not send."""
    running = Load(tmp_path, scenario, honest.address, "-n", 5, "--rate", 100, "--duration", "2s",
                   *options)
    time.sleep(1)
    running.process.send_signal(signal.SIGSTOP)
    time.sleep(2)
    running.process.send_signal(signal.SIGCONT)
    run = running.finish().passed()
    assert run.tally["published"] + run.tally["requested"] == 200


def test_a_window_is_the_most_that_is_under_way(load):
    """A server that answers after 20 ms lets each connection make fifty calls a second."""
    server = Faulty("--delay", 20)
    try:
        for window in (1, 5):
            run = load("echo", server.address, "-n", 4, "--window", window, "--duration", "1s",
                       *ECHO).passed()
            assert 0 < run.tally["answered"] <= 4 * window * 51
    finally:
        server.stop()


# Threads and processes


@pytest.mark.parametrize("several", [["--threads", 2], ["--processes", 2],
                                     ["--processes", 2, "--threads", 2]], ids=str)
@pytest.mark.parametrize("scenario, options", [
    ("fanout", PUBSUB), ("rooms", ["--rooms", 4, *PUBSUB]), ("echo", ECHO)])
def test_several_add_up_to_one(honest, load, scenario, options, several):
    run = load(scenario, honest.address, *STEADY, *several, *options).passed()
    tally = run.tally
    done = tally["delivered"] + tally["answered"]
    assert done == tally["expected"] == sum(count for _, count in run.report["latency"])
    assert tally["published"] + tally["requested"] == 200, "the number is of all together"
    assert run.report["durationSeconds"] > 0.9, "the rate is of all together"
    for name, value in zip(several[::2], several[1::2]):
        assert run.report["generator"][name.strip("-")] >= value


def test_faults_are_found_by_several_processes(load):
    server = Faulty("--lose", 37)
    try:
        run = load("fanout", server.address, *STEADY, "--processes", 2, "--timeout", "4s", *PUBSUB)
        run.failed(lost=server.made["lose"])
    finally:
        server.stop()


# Being interrupted


@pytest.mark.parametrize("several", [[], ["--processes", 2]], ids=["one", "two processes"])
def test_control_c_ends_with_the_summary_so_far(tmp_path, several):
    server = Faulty()
    try:
        running = Load(tmp_path, "fanout", server.address, "-n", 10, "--rate", 200,
                       "--duration", "1h", "--interval", "100ms", "--html", tmp_path / "page.html",
                       *several, *PUBSUB)
        wait_for_traffic(server)
        running.process.send_signal(signal.SIGINT)
        run = running.finish()
    finally:
        server.stop()
    run.passed()
    assert run.report["wasInterrupted"] is True
    assert 0 < run.report["durationSeconds"] < 600
    assert run.tally["delivered"] == run.tally["expected"] > 0
    assert "p99" in run.out and "nterrupted" in run.said
    assert (tmp_path / "page.html").exists()


def wait_for_traffic(server):
    """Joins room 0 of the server and waits for a few publications."""
    from websockets.sync.client import connect
    with connect(f"ws://{server.address}/") as ws:
        ws.send("sub r0")
        for _ in range(10):
            ws.recv(PATIENCE)


# Comparing


@pytest.fixture(scope="module")
def reports(honest, tmp_path_factory):
    """The files of a run and of the same run with half a second more in every latency. Not of two
    runs: where the machine pauses in one of them it may be the slower one, whatever the servers do."""
    folder = tmp_path_factory.mktemp("reports")
    quick = Load(folder, "fanout", honest.address, *STEADY, "--interval", "100ms", *PUBSUB)
    report = quick.finish().passed().report
    for part in (report, *report["intervals"]):
        part["latency"] = [[latency + 500_000_000, count] for latency, count in part["latency"]]
    slow = folder / "slow.json"
    slow.write_text(json.dumps(report))
    return str(quick.file), str(slow)


def test_a_missed_threshold_ends_with_4(load, reports):
    quick, slow = reports
    run = load("compare", None, quick, slow, "--threshold", "p50<=1.10")
    assert run.status == 4, run.said
    assert "p50" in run.said


def test_thresholds_that_hold_end_with_0(load, reports):
    quick, slow = reports
    assert load("compare", None, quick, slow).status == 0
    assert load("compare", None, quick, quick, "--threshold", "p50<=1.10").status == 0
    assert load("compare", None, slow, quick, "--threshold", "p50<=1.10", "--threshold",
                "throughput>=0.9").status == 0


def test_a_threshold_that_cannot_be_read_is_wrong_usage(load, reports):
    run = load("compare", None, *reports, "--threshold", "p50<1,1")
    assert run.status == 64, run.said
    assert "p50<1,1" in run.err


def test_what_is_no_report_is_named(load, reports, tmp_path):
    for text, reason in {"{}": "report", "[1,": "JSON", "": "JSON"}.items():
        other = tmp_path / "other.json"
        other.write_text(text)
        run = load("compare", None, reports[0], other)
        assert run.status == 1, run.said
        assert str(other) in run.err and reason in run.err
    run = load("compare", None, reports[0], tmp_path / "missing.json")
    assert run.status == 1 and "missing.json" in run.err
