"""Goals: what the first server of a case shall reach, and whether it did.

A case says `"goals": {KEY: NUMBER}`. What the key names, the first server may have at most NUMBER
times as much of it as whom the key names, or NUMBER more; or, without anybody, at most NUMBER:

    "uws": 0.95                        of the cost of uws, in the same rounds
    "p99 of uws": 0.6                  of another figure of it
    "fanout/128-n1000-w1": 1.1         of our own cost in another case, run in the same rounds
    "p99 of overload/w128": 10         the same of another figure
    "p50 beyond uws": 1000             the difference, in the figure's unit: here µs
    "cost": 400                        the figure itself, in its unit

A ratio, or a difference, is the median of the rounds'. Its interval holds the true median with
95 %, by the sign test: it assumes nothing of the noise but that rounds are independent. Less than
six rounds are too few for that, so then it is simply the smallest and the largest.
"""

import math
import statistics

# Members of a result that may be a goal: how they are written, in which unit, and times what.
FIGURES = {
    "cost": ("CPU", "µs", 1),
    "p50": ("p50", "ms", 1e-3), "p99": ("p99", "ms", 1e-3), "p999": ("p99.9", "ms", 1e-3),
    "octets": ("octets on the wire", "B", 1),
    "memory": ("memory", "MiB", 2 ** -20), "kernelMemory": ("kernel memory", "MiB", 2 ** -20),
    "whileRatio": ("p99 while some are stuck, to all reading", "", 1),
    "afterRatio": ("p99 once they are closed, to before", "", 1),
}


class Goal:
    """One entry of a case's goals."""

    def __init__(self, key, limit):
        figure, found, reference = key.rpartition(" beyond ")
        self.is_difference = bool(found)
        if not found:
            figure, found, reference = key.rpartition(" of ")
        if not found and reference in FIGURES:
            figure, reference = reference, None
        self.key = key
        self.limit = limit
        self.figure = figure or "cost"
        self.reference = reference  # a server, a SCENARIO/CASE of ours, or nobody
        if self.figure not in FIGURES:
            raise SystemExit(f"a goal names {self.figure}, which is no figure of a run")

    @staticmethod
    def all(case):
        return [Goal(key, limit) for key, limit in case.get("goals", {}).items()]

    @property
    def is_other_case(self):
        return self.reference is not None and "/" in self.reference

    def judge(self, results, first):
        """What was reached, from {contestant: [result per round]}; nothing when it was not run."""
        ours = results.get(first, [])
        if self.reference is None:
            values = [r[self.figure] for r in ours if r.get(self.figure) is not None]
        else:
            compare = differences if self.is_difference else ratios
            values = compare(ours, results.get(self.reference, []), self.figure)
        return Verdict(self, values) if values else None


class Verdict:
    def __init__(self, goal, values):
        self.goal = goal
        self.values = values
        self.median = statistics.median(values)
        self.interval = interval(values)
        self.reached = self.median <= goal.limit

    @property
    def word(self):
        return "reached" if self.reached else "missed"

    def text(self, unit):
        """`0.94 of uws, goal 0.95 reached`; `unit` is that of a cost."""
        name, own, scale = FIGURES[self.goal.figure]
        is_cost = self.goal.figure == "cost"
        if self.goal.reference is None:
            said = f"{self.median * scale:.3g} {unit}" if is_cost else f"{name} {self.median * scale:.4g} {own}"
            return f"{said.strip()}, goal {self.goal.limit * scale:.4g} {self.word}"
        figure = "" if is_cost else f"{name} "
        if self.goal.is_difference:
            return (f"{figure}{self.median * scale:+.2f} {own} beyond {self.goal.reference}, "
                    f"goal {self.goal.limit * scale:+.3g} {self.word}")
        return f"{figure}{self.median:.2f} of {self.goal.reference}, goal {self.goal.limit:.3g} {self.word}"


def ratios(ours, theirs, figure="cost"):
    """The ratios of a figure, round by round."""
    return [a[figure] / b[figure] for a, b in zip(ours, theirs) if a.get(figure) and b.get(figure)]


def differences(ours, theirs, figure):
    """How much more of a figure we have, round by round."""
    return [a[figure] - b[figure] for a, b in zip(ours, theirs)
            if a.get(figure) is not None and b.get(figure) is not None]


def interval(values):
    """(low, high) around the median: the 95 % interval of the sign test, or all when they are few."""
    values = sorted(values)
    count = len(values)
    outside, left_out = 2 * 0.5 ** count, 0
    while outside <= 0.05:  # the chance that the median lies beyond the values left out so far
        left_out += 1
        outside += 2 * math.comb(count, left_out) * 0.5 ** count
    left_out = max(0, left_out - 1)
    return values[left_out], values[count - 1 - left_out]
