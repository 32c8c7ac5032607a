"""The table of README: one line per goal, in the order of perf/table.json, from recorded runs."""

import json
import os
import pathlib
import statistics

from . import plot, records, table
from .goals import FIGURES, Goal, interval, ratios
from .plan import TABLE

BEGIN, END = "<!-- perf/compare --summary writes from here -->", "<!-- to here -->"


def text(folder, scenarios):
    """The table as Markdown, with what the runs were below it."""
    found = records.load(folder)
    lines = ["| Case | Carillon | beside | ratio [95 %] | goal | |", "|---|---|---|---|---|---|"]
    for row in json.loads(TABLE.read_text())["rows"]:
        for title, name in row["cases"].items():
            label = f"{row['row']}: {title}"
            case = scenarios[name.partition("/")[0]].cases[name.partition("/")[2]]
            if name in found:
                lines += case_lines(label, case, found[name].results)
            else:
                lines.append(f"| {label} | not measured | | | | |")
    return "\n".join([*lines, "", *facts(found)]) + "\n"


def drawing(folder, scenarios):
    """The table's ratios and goals as a picture; nothing when there are none."""
    found, drawn = records.load(folder), []
    for row in json.loads(TABLE.read_text())["rows"]:
        for title, name in row["cases"].items():
            if name not in found:
                continue
            case = scenarios[name.partition("/")[0]].cases[name.partition("/")[2]]
            results = found[name].results
            for goal in Goal.all(case):
                verdict = goal.judge(results, next(iter(results)))
                if verdict and goal.reference and not goal.is_difference:
                    what = "of " if goal.figure == "cost" else f"{FIGURES[goal.figure][0]} of "
                    drawn.append((f"{row['row']}: {title}", what + goal.reference.rpartition("/")[2],
                                  verdict.median, *verdict.interval, goal.limit))
    return plot.goals("Carillon's cost, as a ratio to others and to its goals", drawn)


def write(folder, scenarios):
    """summary.md and summary.svg of a folder. Returns the table."""
    table_text = text(folder, scenarios)
    (folder / "summary.md").write_text(table_text)
    if picture := drawing(folder, scenarios):
        (folder / "summary.svg").write_text(picture)
    return table_text


def case_lines(label, case, results):
    """A line per goal, then one for each who is there for comparison."""
    names = list(results)
    first = names[0]
    if not any(r.get("cost") is not None for r in results[first]):
        error = next((r["error"] for r in results[first] if r.get("error")), "no result")
        return [f"| {label} | {table.plain(error)[:80]} | | | | |"]
    lines, told = [], set()
    for goal in Goal.all(case):
        told.add(goal.reference)
        verdict = goal.judge(results, first)
        ours = figure(results[first], goal.figure, case)
        if verdict is None:
            lines.append([ours, f"{goal.reference}: not measured", "", limit(goal, case), ""])
        elif goal.reference is None and FIGURES[goal.figure][1]:
            lines.append([ours, "", "", limit(goal, case), verdict.word])
        elif goal.reference is None:  # a ratio by itself, of two phases of one run
            low, high = verdict.interval
            lines.append([FIGURES[goal.figure][0], "", f"{digits(verdict.median)} [{digits(low)}–{digits(high)}]",
                          limit(goal, case), verdict.word])
        else:
            other = f"ours in {goal.reference}:" if goal.is_other_case else goal.reference
            theirs = f"{other} {figure(results[goal.reference], goal.figure, case)}"
            low, high = verdict.interval
            if goal.is_difference:
                _, unit, scale = FIGURES[goal.figure]
                reached, low, high = (f"{v * scale:+.2f}" for v in (verdict.median, low, high))
                lines.append([ours, theirs, f"{reached} [{low}–{high}] {unit}", limit(goal, case), verdict.word])
                continue
            lines.append([ours, theirs, f"{digits(verdict.median)} [{digits(low)}–{digits(high)}]",
                          limit(goal, case), verdict.word])
    for name in names[1:]:
        if name not in told and (pairs := ratios(results[first], results[name])):
            low, high = interval(pairs)
            lines.append([figure(results[first], "cost", case), f"{name} {figure(results[name], 'cost', case)}",
                          f"{digits(statistics.median(pairs))} [{digits(low)}–{digits(high)}]", "", ""])
    if fault := faults(results[first]):
        lines[0][-1] = f"{lines[0][-1]} but {fault}".strip()
    return [f"| {label if number == 0 else ''} | {' | '.join(cells)} |"
            for number, cells in enumerate(lines)]


def faults(runs):
    """What went wrong in runs that have figures all the same, or nothing."""
    wrong = sum(r.get("wrong") or 0 for r in runs)
    if wrong:
        return f"{wrong} messages were lost or wrong"
    return next((table.plain(r["error"])[:80] for r in runs if r.get("error")), "")


def figure(runs, name, case):
    """The median of a figure with its unit, such as `3.41 µs` or `p99 12.1 ms`."""
    values = [r[name] for r in runs if r.get(name) is not None]
    if not values:
        return "–"
    title, unit, scale = FIGURES[name]
    if name == "cost":
        title, unit = "", table.unit(case)
    return f"{title} {digits(statistics.median(values) * scale)} {unit}".strip()


def limit(goal, case):
    if goal.reference is not None and not goal.is_difference:
        return f"≤ {digits(goal.limit)}"
    _, unit, scale = FIGURES[goal.figure]
    if goal.is_difference:
        return f"≤ +{digits(goal.limit * scale)} {unit}"
    return f"≤ {digits(goal.limit * scale)} {table.unit(case) if goal.figure == 'cost' else unit}".strip()


def digits(value):
    """Three significant digits, two behind the point for ratios around one."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def facts(found):
    """Each measurement's circumstances, those that are the same for several said once."""
    lines = []
    for key in ("commit", "kernel", "cpu", "network", "congestion", "generator"):
        values = sorted({str(m.about.get(key, getattr(m, key, ""))) for m in found.values()} - {""})
        if values:
            lines.append(f"- {key}: {', '.join(values)}")
    dates = sorted(m.about["date"] for m in found.values())
    if dates:
        rounds = sorted({m.rounds for m in found.values()})
        lines.append(f"- date: {dates[0]} to {dates[-1]}; rounds: {rounds[0]} to {rounds[-1]}")
    if remark := table.disturbed([runs for m in found.values() for runs in m.results.values()]):
        lines.append(f"- {remark}")
    return lines


def write_into(file, folder, summary):
    """Replaces what stands between the two marks of a file: by the table, the picture, the place."""
    there = os.path.relpath(folder, pathlib.Path(file).parent)
    summary += f"- all runs, with plots: [{there}]({there}/table.md)\n"
    if (folder / "summary.svg").exists():
        summary += f"\n![Ratios and goals]({there}/summary.svg)\n"
    file = pathlib.Path(file)
    whole = file.read_text()
    if BEGIN not in whole or END not in whole:
        raise SystemExit(f"{file} has no place for the table: {BEGIN} … {END}")
    before, rest = whole.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    file.write_text(f"{before}{BEGIN}\n\n{summary}\n{END}{after}")
