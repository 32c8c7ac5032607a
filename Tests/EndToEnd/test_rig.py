"""The parts of perf/ that can be wrong without anybody noticing: templates, ratios, drawings."""

import argparse
import itertools
import json
import sys
import xml.etree.ElementTree

import pytest
from process import ROOT

sys.path.insert(0, str(ROOT / "perf"))
from rig import generators, goals, plan, plot, records, rounds, summary, table  # noqa: E402
from rig.servers import Definition, LeftOut  # noqa: E402

OPTIONS = argparse.Namespace(load="carillon-load", generator_cpu="1", spin=True, time=0.5,
                             warmup=0.3)
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
    for scenario in plan.load_scenarios().values():
        for (name, definition), case in itertools.product(
                Definition.all().items(), scenario.cases.values()):
            try:
                protocol = definition.protocol(case["protocol"], scenario.name)
                definition.form(scenario.deflate)
            except LeftOut as reason:
                assert str(reason).startswith(f"{name} is left out: ")
                continue
            if case["scenario"] not in ("crowd", "program"):  # These are not for a generator alone.
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


def test_every_scenario_is_measured():
    assert {file.stem for file in (ROOT / "perf/scenarios").glob("*.json")} == set(plan.SCENARIOS)


def test_every_goal_names_something_that_is_there():
    scenarios, servers = plan.load_scenarios(), Definition.all()
    for scenario in scenarios.values():
        for case in scenario.cases.values():
            for goal in goals.Goal.all(case):
                if goal.is_other_case:
                    other, _, name = goal.reference.partition("/")
                    assert name in scenarios[other].cases
                else:
                    assert goal.reference is None or goal.reference in servers


@pytest.mark.parametrize("only, chosen", [
    (None, ["rooms/a", "calls/a"]), ("rooms", ["rooms/a"]), ("a", ["rooms/a", "calls/a"]),
    ("calls/a", ["calls/a"]), ("small", ["rooms/small"]), ("calls,rooms/small", ["rooms/small", "calls/a"])])
def test_only_names_cases_or_scenarios(only, chosen):
    some = plan.Plan({}, {}, argparse.Namespace(only=only), print)
    assert [n for n in ("rooms/a", "rooms/small", "calls/a") if some._chosen(n)] == chosen


def test_every_row_of_the_table_is_a_case_with_goals():
    scenarios = plan.load_scenarios()
    for row in json.loads(plan.TABLE.read_text())["rows"]:
        assert set(row.get("beside", [])) <= set(Definition.all())
        for name in row["cases"].values():
            scenario, _, case = name.partition("/")
            assert scenarios[scenario].cases[case]["goals"]


def test_members_of_a_server_are_known():
    known = {"about", "programs", "install", "files", "command", "cpus", "deflate", "deflateCommand",
             "manyPerFrame", "like", "room", "echo", "upgrade", "plain", "wamp", "exact", "prefix",
             "wildcard", "covering", "skip", "startSeconds", "childListens"}
    for entry in json.loads((ROOT / "perf/servers.json").read_text()).values():
        assert entry.keys() <= known
        for name in entry.get("files", []):
            assert (ROOT / "perf/templates" / name).exists()
        assert ("programs" in entry) == ("install" in entry)


def costs(*values, **more):
    return [{"cost": value, "rate": 1, "wrong": 0, **more} for value in values]


def test_ratios_are_of_the_same_round():
    results = {"a": costs(2.0, 4.0, 9.0), "b": costs(1.0, 4.0, 3.0)}
    lines, missed = table.rows("case", results, {"scenario": "fanout", "goals": {"b": 1.5}})
    assert "2.00 [1.00–3.00]" in lines[0] and "goal 1.5 missed" in lines[0]
    assert missed == ["case: 2.00 of b, goal 1.5 missed"]


def test_goals_name_servers_cases_figures_or_limits():
    results = {"a": costs(1.0, p99=6000), "b": costs(2.0, p99=8000), "x/y": costs(4.0, p99=1000)}

    def judged(key, limit):
        verdict = goals.Goal(key, limit).judge(results, "a")
        return verdict and (verdict.median, verdict.word)

    assert judged("b", 0.5) == (0.5, "reached")
    assert judged("p99 of b", 0.7) == (0.75, "missed")
    assert judged("x/y", 0.3) == (0.25, "reached")
    assert judged("p99 of x/y", 5) == (6, "missed")
    assert judged("cost", 0.9) == (1.0, "missed")
    assert judged("p99 beyond b", 0) == (-2000, "reached")
    assert judged("cost beyond b", -1.5) == (-1.0, "missed")
    assert judged("absent", 1) is None
    with pytest.raises(SystemExit):
        goals.Goal("colour of b", 1)


@pytest.mark.parametrize("count, expected", [
    (1, (1, 1)), (5, (1, 5)), (6, (1, 6)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (30, (10, 21))])
def test_intervals_are_those_of_the_sign_test(count, expected):
    """Ranks as tables of the binomial distribution have them, for at least 95 %; fewer give all."""
    assert goals.interval(range(count, 0, -1)) == expected


def test_rounds_have_orders_of_their_own_and_the_same_every_time():
    orders = [tuple(rounds.shuffled("abcd", turn)) for turn in range(10)]
    assert len(set(orders)) > 5 and len({order[0] for order in orders}) > 2
    assert orders == [tuple(rounds.shuffled("abcd", turn)) for turn in range(10)]


def recorded(folder, date, case, values, rounds):
    """Lines as a run of perf/compare leaves them."""
    scenario, _, name = case.partition("/")
    with (folder / "runs.jsonl").open("a") as file:
        file.write(json.dumps({"about": {"date": date, "commit": "c"}}) + "\n")
        for turn in range(len(next(iter(values.values())))):
            for server, costs in values.items():
                file.write(json.dumps({
                    "status": 0, "cost": costs[turn], "wrong": 0, "scenario": scenario, "case": name,
                    "server": server, "contestants": list(values), "round": turn, "rounds": rounds,
                    "generator": "wsload"}) + "\n")


def test_of_a_case_the_latest_complete_measurement_counts(tmp_path):
    recorded(tmp_path, "1", "fanout/small", {"a": [1, 1], "b": [1, 1]}, 2)
    recorded(tmp_path, "2", "fanout/small", {"a": [2, 2], "b": [1, 1]}, 2)
    recorded(tmp_path, "3", "fanout/small", {"a": [3], "b": [1]}, 2)
    recorded(tmp_path, "3", "rooms/small", {"a": [4], "b": [1]}, 2)
    recorded(tmp_path, "4", "calls/small", {"a": [5], "b": [1]}, 1)
    recorded(tmp_path, "4", "calls/small", {"a": [6], "b": [1]}, 1)
    found = records.load(tmp_path)
    assert [r["cost"] for r in found["fanout/small"].results["a"]] == [2, 2]
    assert not found["rooms/small"].complete
    assert [r["cost"] for r in found["calls/small"].results["a"]] == [6]
    assert records.load(tmp_path / "nowhere") == {}


def test_the_summary_has_a_line_per_goal_in_the_tables_order(tmp_path):
    recorded(tmp_path, "1", "rooms/128-n10000-r1000", {"carillon": [6.0], "uws": [8.0]}, 1)
    recorded(tmp_path, "2", "fanout/128-n1000-w1",
             {"carillon": [3.3], "floor": [3.0], "uws": [3.9], "nats": [6.6]}, 1)
    text = summary.text(tmp_path, plan.load_scenarios())
    lines = text.splitlines()
    assert lines[2] == ("| 128 B, one at a time: 1 000 subscribers | 3.30 µs | floor 3.00 µs "
                        "| 1.10 [1.10–1.10] | ≤ 1.05 | missed |")
    assert lines[3] == "|  | 3.30 µs | uws 3.90 µs | 0.85 [0.85–0.85] | ≤ 0.95 | reached |"
    assert lines[4] == "|  | 3.30 µs | nats 6.60 µs | 0.50 [0.50–0.50] |  |  |"
    assert lines[5] == "| 128 B, one at a time: 10 000 | not measured | | | | |"
    assert text.index("3.90") < text.index("8.00") and "- date: 1 to 2" in text
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{summary.BEGIN}\nold\n{summary.END}\nafter\n")
    for _ in range(2):  # What was written is replaced the next time.
        summary.write_into(readme, tmp_path, text)
    whole = readme.read_text()
    assert whole.startswith("before\n") and whole.endswith("after\n")
    assert "old" not in whole and whole.count(lines[2]) == 1


def test_a_server_that_failed_has_a_row_with_the_reason():
    lines, _ = table.rows("case", {"a": [{"error": "x | y\nz"}], "b": []}, {"scenario": "fanout"})
    assert lines[0].startswith("| case | a | x / y z |")
    assert all(line.count("|") == table.header()[0].count("|") for line in lines)


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
    drawing = plot.goals("a & b", [("<1>", "uws", 0.9, 0.8, 1.1, 0.95), ("<1>", "x", 3.0, 2.0, 4.0, 2.5)])
    xml.etree.ElementTree.fromstring(drawing)
    assert drawing.count("<circle") == 2 and plot.goals("nothing", []) is None
    assert plot.costs("nothing", "µs", {"case": {"ours": [None, 0]}}) is None


@pytest.mark.parametrize("low, high", [(1, 1), (0.04, 8), (300, 1e6), (4.9, 5.1), (1e-9, 1e9)])
def test_the_axis_has_round_ticks_inside(low, high):
    axis = plot.LogAxis(low, high, 100, 700)
    assert all(100 <= axis.place(t) <= 700 for t in axis.ticks())
    assert len(axis.ticks()) <= 19
    assert 100 < axis.place(low) <= axis.place(high) < 700
