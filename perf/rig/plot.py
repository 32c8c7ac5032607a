"""Results as SVG: for each case a row per server, a dot at the median and a line over all rounds.

Written by hand, so that a comparison needs nothing but Python. Costs span orders of magnitude, so
the axis is logarithmic. Colours follow the reader's light or dark preference, by CSS in the file.
"""

import html
import math
import statistics

WIDTH, LABEL, VALUE = 860, 190, 130  # of the drawing, the names at its left, the numbers at its right
ROW, GAP, TOP, BOTTOM = 22, 26, 66, 46
# Distinct for readers who see no red or no green, on white and on near-black.
LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b0479a", "#8a6d00", "#4d4d4d", "#7a5af5", "#a03030"]
DARK = ["#56b4e9", "#f08a4b", "#2fc79a", "#e08cc8", "#e0c34b", "#b5b5b5", "#a893ff", "#f07a7a"]

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1c1c1c; }
.paper { fill: #ffffff; }
.title { font-size: 16px; font-weight: 600; }
.note, .tick { fill: #5c5c5c; font-size: 12px; }
.case { font-weight: 600; }
.value { font-variant-numeric: tabular-nums; }
.grid { stroke: #dcdcdc; }
.even { stroke: #9a9a9a; }
.goal { stroke: #1c1c1c; stroke-width: 2; }
"""
STYLE_DARK = """
text { fill: #ececec; }
.paper { fill: #15171a; }
.note, .tick { fill: #a8a8a8; }
.grid { stroke: #33373d; }
.even { stroke: #6d7278; }
.goal { stroke: #ececec; }
"""


def costs(title, unit, cases):
    """A drawing of `cases`: {case: {server: [cost of each round]}}, in `unit`."""
    cases = {case: {name: [v for v in values if v and v > 0] for name, values in servers.items()}
             for case, servers in cases.items()}
    cases = {case: {name: values for name, values in servers.items() if values}
             for case, servers in cases.items()}
    cases = {case: servers for case, servers in cases.items() if servers}
    if not cases:
        return None
    names = list(dict.fromkeys(name for servers in cases.values() for name in servers))
    everything = [v for servers in cases.values() for values in servers.values() for v in values]
    axis = LogAxis(min(everything), max(everything), LABEL, WIDTH - VALUE)
    height = TOP + BOTTOM + sum(GAP + ROW * len(servers) for servers in cases.values())

    marks = []
    for tick in axis.ticks():
        x = axis.place(tick)
        marks.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - BOTTOM + 4}"/>')
        marks.append(f'<text class="tick" x="{x:.1f}" y="{height - BOTTOM + 20}" text-anchor="middle">{number(tick)}</text>')
    marks.append(f'<text class="tick" x="{(LABEL + WIDTH - VALUE) / 2:.0f}" y="{height - 8}" '
                 f'text-anchor="middle">{escape(unit)}, logarithmic</text>')
    y = TOP
    for case, servers in cases.items():
        y += GAP
        marks.append(f'<text class="case" x="12" y="{y - 8}">{escape(case)}</text>')
        for name, values in servers.items():
            marks += row(axis, y, name, names.index(name), values, unit)
            y += ROW
    return document(title, height, len(names), marks)


def goals(title, rows):
    """A drawing of ratios to their goals: `rows` are (case, compared to, median, low, high, goal)."""
    rows = [row for row in rows if min(row[2:]) > 0]
    if not rows:
        return None
    axis = LogAxis(min(min(row[2:]) for row in rows), max(1.2, *(max(row[2:]) for row in rows)),
                   2 * LABEL, WIDTH - VALUE - 20)
    bottom = TOP + GAP + ROW * len(rows)
    height = bottom + BOTTOM
    marks = []
    for tick in axis.ticks():
        x = axis.place(tick)
        marks.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>')
        marks.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{number(tick)}</text>')
    x = axis.place(1)
    marks.append(f'<line class="even" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>')
    before = None
    for place, (case, other, middle, low, high, goal) in enumerate(rows):
        centre = TOP + GAP / 2 + ROW * (place + 0.5)
        left, right, at, limit = (axis.place(v) for v in (low, high, middle, goal))
        reached = "s0" if middle <= goal else "s1"
        tip = escape(f"{case}: {number(middle)} {other}, {number(low)} to {number(high)}; goal {number(goal)}")
        if case != before:
            marks.append(f'<text x="12" y="{centre + 4:.0f}">{escape(case)}</text>')
        before = case
        marks.append(
            f'<g class="{reached}"><title>{tip}</title>'
            f'<line class="range" x1="{left:.1f}" y1="{centre}" x2="{max(right, left + 0.5):.1f}" y2="{centre}"/>'
            f'<circle cx="{at:.1f}" cy="{centre}" r="5"/>'
            f'<line class="goal" x1="{limit:.1f}" y1="{centre - 8}" x2="{limit:.1f}" y2="{centre + 8}"/>'
            f'<text class="note" x="{WIDTH - VALUE - 6}" y="{centre + 4:.0f}">{escape(other)}</text></g>')
    return document(title, height, 2, marks,
                    "dot: median ratio; line: 95 % interval; upright mark: goal; further left is better")


def row(axis, y, name, series, values, unit):
    middle = statistics.median(values)
    low, high, at = (axis.place(v) for v in (min(values), max(values), middle))
    centre = y + ROW / 2 - 2
    tip = escape(f"{name}: {number(middle)} {unit}, {number(min(values))} to {number(max(values))} "
                 f"in {len(values)} rounds")
    return [
        f'<g class="s{series % len(LIGHT)}"><title>{tip}</title>'
        f'<text x="{LABEL - 12}" y="{centre + 4:.0f}" text-anchor="end">{escape(name)}</text>'
        f'<line class="range" x1="{low:.1f}" y1="{centre}" x2="{max(high, low + 0.5):.1f}" y2="{centre}"/>'
        f'<circle cx="{at:.1f}" cy="{centre}" r="5"/>'
        f'<text class="value" x="{WIDTH - VALUE + 14}" y="{centre + 4:.0f}">{number(middle)}</text></g>']


def document(title, height, series, marks,
             note="dot: median of the rounds; line: smallest to largest; further left is better"):
    def colours(palette):
        return "".join(f".s{i} circle {{ fill: {c}; }} .s{i} .range {{ stroke: {c}; }}\n"
                       for i, c in enumerate(palette[:series]))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
        "<style>", STYLE.strip(), ".range { stroke-width: 3; stroke-linecap: round; opacity: 0.55; }",
        colours(LIGHT).strip(), "@media (prefers-color-scheme: dark) {", STYLE_DARK.strip(),
        colours(DARK).strip(), "}", "</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="12" y="26">{escape(title)}</text>',
        f'<text class="note" x="12" y="46">{escape(note)}</text>',
        *marks, "</svg>", ""])


class LogAxis:
    """Places values between two x coordinates, with ticks at 1, 2 and 5 of each decade."""

    def __init__(self, low, high, left, right):
        # Some air at both ends, and something to see when all values are one.
        self.low, self.high = math.log10(low / 1.15), math.log10(high * 1.15)
        self.left, self.right = left, right

    def place(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self):
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        for steps in ((1, 2, 3, 4, 5, 6, 8), (1, 2, 5), (1, 3), (1,)):
            ticks = [step * 10.0 ** decade for decade in decades for step in steps
                     if self.low <= math.log10(step * 10.0 ** decade) <= self.high]
            if len(ticks) <= 10:
                return ticks
        return ticks


def number(value):
    """Three digits, as people write them."""
    if value >= 99.95:
        return f"{value:,.0f}".replace(",", " ")
    digits = 2 - math.floor(math.log10(value)) if value < 10 else 1
    text = f"{value:.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def escape(text):
    return html.escape(text, quote=True)
