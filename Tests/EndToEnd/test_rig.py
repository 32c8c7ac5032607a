"""The parts of perf/ that can be wrong without anybody noticing: templates, ratios, drawings."""

import argparse
import json
import sys
import xml.etree.ElementTree

import pytest
from process import ROOT

sys.path.insert(0, str(ROOT / "perf"))
from rig import generators, plot, rounds, table  # noqa: E402
from rig.servers import Definition, LeftOut  # noqa: E402

OPTIONS = argparse.Namespace(load="carillon-load", generator_cpu="1", spin=True, time=0.5,
                             warmup=0.3, netns=None)
SERVER = argparse.Namespace(name="x", port=9100, pid=1, pids=[1])


@pytest.mark.parametrize("template, octets", [
    (r"\x90\x03", b"\x90\x03"), (r"a\r\nb\t\0\\", b"a\r\nb\t\0\\"), ("%%ü", b"%\xc3\xbc")])
def test_escapes_are_octets(template, octets):
    assert generators.octets(template) == octets


@pytest.mark.parametrize("size, written", [
    (0, r"\x30\x04\0\x02r%R%P"), (123, r"\x30\x7f\0\x02r%R%P"), (124, r"\x30\x80\x01\0\x02r%R%P"),
    (128, r"\x30\x84\x01\0\x02r%R%P"), (16380, r"\x30\x80\x80\x01\0\x02r%R%P")])
def test_lengths_are_written_as_mqtt_does(size, written):
    """MQTT 3.1.1 §2.2.3: seven bits in an octet, the low ones first; 127 and 16 383 are its edges."""
    assert generators.with_lengths(r"\x30%V\0\x02r%R%P", {"size": size}) == written


def test_lengths_that_vary_are_refused():
    with pytest.raises(LeftOut):
        generators.with_lengths("%Vr%R%P", {"size": 1, "rooms": 50})
    with pytest.raises(LeftOut):
        generators.with_lengths("%V%I", {"size": 1})


def test_every_server_can_be_told_every_scenario_or_says_why_not():
    for file in (ROOT / "perf/scenarios").glob("*.json"):
        scenario = rounds.Scenario(file.stem, json.loads(file.read_text()))
        for name, definition in Definition.all().items():
            try:
                protocol = definition.protocol(scenario.protocol, scenario.name)
                definition.form(scenario.deflate)
            except LeftOut as reason:
                assert str(reason).startswith(f"{name} is left out: ")
                continue
            for case in scenario.cases.values():
                for generator in (generators.CarillonLoad(OPTIONS), generators.WSLoad(OPTIONS)):
                    try:
                        words = generator.command(SERVER, case, protocol, scenario.deflate, "r.json")
                    except LeftOut as reason:
                        assert generator.name == "wsload" and "wsload" in str(reason)
                        continue
                    assert all(isinstance(word, str) for word in words)
                    said = case
                    if generator.name == "carillon-load":
                        said = {**case, **protocol.get("case", {})}
                    assert said["scenario"] in words and protocol["path"] in words
                    assert "{" not in protocol["path"]


def test_members_of_a_server_are_known():
    known = {"about", "programs", "install", "files", "command", "cpus", "deflate", "deflateCommand",
             "manyPerFrame", "like", "room", "echo", "upgrade", "wamp", "covering", "skip", "startSeconds",
             "childListens"}
    for entry in json.loads((ROOT / "perf/servers.json").read_text()).values():
        assert entry.keys() <= known
        for name in entry.get("files", []):
            assert (ROOT / "perf/templates" / name).exists()
        assert ("programs" in entry) == ("install" in entry)


def test_ratios_are_of_the_same_round():
    ours, theirs = [2.0, 4.0, 9.0], [1.0, 4.0, 3.0]
    results = {"a": [{"cost": c, "rate": 1, "wrong": 0} for c in ours],
               "b": [{"cost": c, "rate": 1, "wrong": 0} for c in theirs]}
    lines, missed = table.rows("case", results, {"b": 1.5}, "fanout")
    assert "2.00 [1.00–3.00]" in lines[0] and "goal 1.5 missed" in lines[0]
    assert missed == ["case: 2.00 of b, goal 1.5"]


def test_a_server_that_failed_has_a_row_with_the_reason():
    lines, _ = table.rows("case", {"a": [{"error": "x | y\nz"}], "b": []}, {}, "fanout")
    assert lines[0].startswith("| case | a | x / y z |")
    assert all(line.count("|") == table.header("b")[0].count("|") for line in lines)


def test_percentiles_of_counted_values():
    pairs = [[10, 50], [20, 49], [1000, 1]]
    assert [generators.percentile(pairs, p) for p in (1, 50, 51, 99, 99.5, 100)] == [
        10, 10, 20, 20, 1000, 1000]


def test_a_drawing_is_well_formed_and_holds_every_server():
    drawing = plot.costs("a < b & \"c\"", "µs", {
        "case <1>": {"ours": [1.0, 1.2, None], "theirs": [40.0], "none": [None]}, "empty": {}})
    xml.etree.ElementTree.fromstring(drawing)
    assert "ours" in drawing and "theirs" in drawing and "none" not in drawing
    assert "prefers-color-scheme: dark" in drawing
    assert plot.costs("nothing", "µs", {"case": {"ours": [None, 0]}}) is None


@pytest.mark.parametrize("low, high", [(1, 1), (0.04, 8), (300, 1e6), (4.9, 5.1), (1e-9, 1e9)])
def test_the_axis_has_round_ticks_inside(low, high):
    axis = plot.LogAxis(low, high, 100, 700)
    assert all(100 <= axis.place(t) <= 700 for t in axis.ticks())
    assert len(axis.ticks()) <= 19
    assert 100 < axis.place(low) <= axis.place(high) < 700
