"""Recorded runs: a JSON line each in FOLDER/runs.jsonl, and what they are together.

A folder may be filled by several runs of perf/compare, a part each. Of a case that was measured
more than once the latest complete measurement counts; lines are never taken away.
"""

import json


class Recorder:
    """Appends to a folder."""

    def __init__(self, folder, about):
        folder.mkdir(parents=True, exist_ok=True)
        self.file = (folder / "runs.jsonl").open("a")
        self.about = about

    def add(self, job, contestant, turn, result):
        said = {"scenario": job.scenario.name, "case": job.case_name, "server": contestant.label,
                "contestants": [c.label for c in job.contestants], "round": turn, "rounds": job.rounds,
                "generator": job.generator.name, "about": self.about}
        self.file.write(json.dumps({**result, **said}) + "\n")
        self.file.flush()

    def close(self):
        self.file.close()


class Recorded:
    """One measurement of a case: its results by contestant, the judged one first."""

    def __init__(self, line):
        self.about = line["about"]
        self.rounds = line["rounds"]
        self.generator = line.get("generator")
        self.results = {label: [] for label in line["contestants"]}

    @property
    def complete(self):
        return all(len(runs) == self.rounds for runs in self.results.values())


def load(folder):
    """{SCENARIO/CASE: Recorded} of a folder; the results are in the order of the rounds."""
    file = folder / "runs.jsonl"
    found = {}
    for text in file.read_text().splitlines() if file.exists() else ():
        line = json.loads(text)
        name = f"{line['scenario']}/{line['case']}"
        measurement = found.setdefault(name, {}).setdefault(line["about"]["date"], Recorded(line))
        measurement.results[line["server"]].append(line)
    return {name: next((m for m in reversed(every.values()) if m.complete), [*every.values()][-1])
            for name, every in found.items()}
