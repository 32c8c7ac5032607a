"""Recorded runs: FOLDER/runs.jsonl, and what they are together.

A line with `about` begins what one run of perf/compare adds: the facts of the machine and the
command. A line per run of a generator follows, in the order in which they ran; the generator's own
command stands in the first round's.

A folder may be filled by several runs of perf/compare, a part each. Of a case that was measured
more than once the latest complete measurement counts; lines are never taken away.
"""

import json


class Recorder:
    """Appends to a folder."""

    def __init__(self, folder, about):
        folder.mkdir(parents=True, exist_ok=True)
        self.file = (folder / "runs.jsonl").open("a")
        self._write({"about": about})

    def add(self, job, contestant, turn, result):
        said = {name: short(value) for name, value in result.items() if turn == 0 or name != "command"}
        self._write({"scenario": job.scenario.name, "case": job.case_name, "server": contestant.label,
                     "contestants": [c.label for c in job.contestants], "round": turn,
                     "rounds": job.rounds, "generator": job.generator.name, **said})

    def _write(self, line):
        self.file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.file.flush()

    def close(self):
        self.file.close()


class Recorded:
    """One measurement of a case: its results by contestant, the judged one first."""

    def __init__(self, about, line):
        self.about = about
        self.rounds = line["rounds"]
        self.generator = line["generator"]
        self.results = {label: [] for label in line["contestants"]}

    @property
    def complete(self):
        return all(len(runs) == self.rounds for runs in self.results.values())


def load(folder):
    """{SCENARIO/CASE: Recorded} of a folder; the results are in the order of the rounds."""
    file = folder / "runs.jsonl"
    found, about, count = {}, {}, 0
    for text in file.read_text().splitlines() if file.exists() else ():
        line = json.loads(text)
        if "about" in line:
            about, count = line["about"], count + 1
            continue
        name = f"{line['scenario']}/{line['case']}"
        measurement = found.setdefault(name, {}).setdefault(count, Recorded(about, line))
        measurement.results[line["server"]].append(line)
    return {name: next((m for m in reversed(every.values()) if m.complete), [*every.values()][-1])
            for name, every in found.items()}


def short(value):
    """Six digits are more than any of it is worth."""
    return float(f"{value:.6g}") if isinstance(value, float) else value
