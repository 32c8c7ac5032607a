"""Results as a Markdown table, with the ratios that the comparison is about."""

import statistics

FOREIGN_LIMIT = 0.12  # share of the machine that others used; above it a run is only a hint


def header(base):
    return [f"| case | server | CPU µs each | thousand/s | p99 ms | server busy | wrong | ratio to {base} |",
            "|---|---|---|---|---|---|---|---|"]


def median(results, key, scale=1.0, digits=3):
    """The median of a member as text; nothing when no run has it."""
    values = [r[key] for r in results if r.get(key) is not None]
    return f"{statistics.median(values) * scale:.{digits}f}" if values else ""


def ratios(ours, theirs):
    """The ratios of costs, round by round."""
    return [a["cost"] / b["cost"] for a, b in zip(ours, theirs) if a.get("cost") and b.get("cost")]


def rows(label, results, goals, kind):
    """The rows of a case, and which of its goals were missed.

    `results` is {server: [result per round]}, the last server being what others are compared to;
    goals are those of the first: {"uws": 0.95} means at most 0.95 of what uws takes.
    """
    lines, missed = [], []
    names = list(results)
    base = names[-1]
    for name in names:
        good = [r for r in results[name] if r.get("cost") is not None]
        if not good:
            error = next((r["error"] for r in results[name] if r.get("error")), "no cost was measured")
            lines.append(f"| {label} | {name} | {plain(error)[:80]} | | | | | |")
            continue
        ratio = []
        if name != base and (pairs := ratios(results[name], results[base])):
            ratio.append(f"{statistics.median(pairs):.2f} [{min(pairs):.2f}–{max(pairs):.2f}]")
        for rival, goal in goals.items() if name == names[0] else ():
            if pairs := ratios(results[name], results.get(rival, [])):
                reached = statistics.median(pairs)
                verdict = "reached" if reached <= goal else "missed"
                ratio.append(f"{reached:.2f} of {rival}, goal {goal} {verdict}")
                if reached > goal:
                    missed.append(f"{label}: {reached:.2f} of {rival}, goal {goal}")
        each = median(good, "cost", 1, 0) + " B" if kind == "idle" else median(good, "cost")
        share = median(good, "serverShare", 100, 0)
        wrong = sum(r.get("wrong", 0) for r in good)
        lines.append(f"| {label} | {name} | {each} | {median(good, 'rate', 1e-3, 1)} "
                     f"| {median(good, 'p99', 1e-3, 2)} | {share + ' %' if share else ''} "
                     f"| {wrong} | {' · '.join(ratio)} |")
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
