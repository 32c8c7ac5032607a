"""Results as Markdown: a row per server with everything that was measured."""

import statistics

from .goals import Goal, interval, ratios

FOREIGN_LIMIT = 0.12  # share of the machine that others used; above it a run is only a hint


def header():
    return ["| case | server | CPU µs each | thousand/s | p99 ms | p99.9 ms | octets | server busy | wrong "
            "| ratio to the last; goals |",
            "|---|---|---|---|---|---|---|---|---|---|"]


def unit(case):
    """What `cost` is counted in."""
    if case["scenario"] == "program":
        return "B" if case["figure"] == "octets" else "ns"
    if case.get("figure") == "cpu":
        return "µs"
    return "B" if case["scenario"] == "idle" else "µs"


def cost(case, value):
    """A cost with its unit."""
    digits = 0 if unit(case) == "B" else 1 if unit(case) == "ns" else 3
    return f"{value:.{digits}f}" + ("" if unit(case) == "µs" else f" {unit(case)}")


def median(results, key, scale=1.0, digits=3):
    """The median of a member as text; nothing when no run has it."""
    values = [r[key] for r in results if r.get(key) is not None]
    return f"{statistics.median(values) * scale:.{digits}f}" if values else ""


def rows(label, results, case):
    """The rows of a case, and which of its goals were missed.

    `results` is {contestant: [result per round]}: the first is judged; the last that is a server in
    this very case is what others are compared to.
    """
    lines, missed = [], []
    names = list(results)
    base = [name for name in names if "/" not in name][-1]
    for name in names:
        good = [r for r in results[name] if r.get("cost") is not None]
        if not good:
            error = next((r["error"] for r in results[name] if r.get("error")), "no cost was measured")
            lines.append(f"| {label} | {name} | {plain(error)[:80]} |" + " |" * 7)
            continue
        told = []
        if name != base and (pairs := ratios(results[name], results[base])):
            low, high = interval(pairs)
            told.append(f"{statistics.median(pairs):.2f} [{low:.2f}–{high:.2f}] "
                        f"({min(pairs):.2f}–{max(pairs):.2f})")
        for goal in Goal.all(case) if name == names[0] else ():
            if verdict := goal.judge(results, name):
                told.append(verdict.text(unit(case)))
                if not verdict.reached:
                    missed.append(f"{label}: {told[-1]}")
        each = cost(case, statistics.median(r["cost"] for r in good))
        share = median(good, "serverShare", 100, 0)
        wrong = sum(r.get("wrong", 0) for r in good)
        lines.append(f"| {label} | {name} | {each} | {median(good, 'rate', 1e-3, 1)} "
                     f"| {median(good, 'p99', 1e-3, 2)} | {median(good, 'p999', 1e-3, 2)} "
                     f"| {median(good, 'octets', 1, 0)} | {share + ' %' if share else ''} "
                     f"| {wrong} | {' · '.join(told)} |")
    return lines, missed


def disturbed(results):
    """A sentence about runs that others disturbed, or nothing."""
    shares = [r["foreign"] for runs in results for r in runs if "foreign" in r]
    count = sum(share > FOREIGN_LIMIT for share in shares)
    if not count:
        return ""
    return (f"{count} of {len(shares)} runs shared the machine: others used more than "
            f"{FOREIGN_LIMIT:.0%} of it, {max(shares):.0%} at most.")


def plain(text):
    """Text that stays in its cell."""
    return " ".join(text.replace("|", "/").split())
