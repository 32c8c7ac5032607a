"""What a run of perf/compare goes through: cases in order, with who takes part and how often.

Either what --servers, --scenarios and --only name, or, with --table, the rows of perf/table.json:
the servers that the goals of each case name, and a few beside them.
"""

import json

from . import generators, rounds
from .goals import Goal
from .machine import PERF

TABLE = PERF / "table.json"
SCENARIOS = ["fanout", "overload", "batching", "rooms", "deflate", "wildcard", "cores", "calls",
             "connect", "idle", "never-reading", "index",
             "wamp-fanout", "wamp-calls", "wamp-idle", "covering", "covering-deflate"]


class Job:
    """A case that is to be measured."""

    def __init__(self, scenario, case_name, contestants, generator, count):
        self.scenario = scenario
        self.generator = generator
        self.case_name = case_name
        self.case = scenario.cases[case_name]
        self.contestants = contestants
        self.rounds = min(count, scenario.rounds or count, self.case.get("rounds", count))

    @property
    def name(self):
        return f"{self.scenario.name}/{self.case_name}"

    def seconds(self, options):
        """About how long it takes, for those who wait."""
        return self.rounds * sum(seconds(c.case, options) for c in self.contestants)


def seconds(case, options):
    """About how long one run takes: opening and closing the connections included."""
    if case["scenario"] == "program":
        return 4
    if case["scenario"] == "crowd":
        return 4 * case["seconds"] + 20 + case["stuck"] / 1000
    opened = case.get("connections", 100) / 6000 + case.get("beyond", 0) / 6000 + case.get("count", 0) / 20000
    time = 0 if "count" in case else case.get("seconds", options.time) + options.warmup
    return 0.6 + opened + time * (2 if "beyond" in case else 1)


class Plan:
    def __init__(self, definitions, missing, options, say):
        self.definitions = definitions  # of all servers that can be started here
        self.missing = missing  # why the others cannot
        self.options = options
        self.say = say
        self.scenarios = load_scenarios()

    def jobs(self):
        options = self.options
        if options.table:
            table = json.loads(TABLE.read_text())
            wanted = [(name, row) for row in table["rows"] for name in row["cases"].values()]
            return [job for name, row in wanted if self._chosen(name)
                    for job in self._job(name, self._table_servers(name, row),
                                         options.rounds or row.get("rounds", table["rounds"]))]
        names = options.scenarios.split(",") if options.scenarios else list(self.scenarios)
        for name in names:
            if name not in self.scenarios:
                raise SystemExit(f"there is no scenario {name}: perf/compare --list")
        return [job for name in names for case in self.scenarios[name].cases
                if self._chosen(f"{name}/{case}")
                for job in self._job(f"{name}/{case}", options.servers.split(","), options.rounds or 5)]

    def _chosen(self, name):
        """Whether --only names a case, or all cases of its scenario; small ones only by name."""
        scenario, _, case = name.partition("/")
        words = self.options.only.split(",") if self.options.only else [scenario]
        return name in words or case in words or scenario in words and case != "small"

    def _table_servers(self, name, row):
        """The first server, whom the goals name, and who stands in the table for comparison."""
        case = self._case(name)[1]
        named = [goal.reference for goal in Goal.all(case)
                 if goal.reference is not None and not goal.is_other_case]
        first = case.get("servers", ["carillon"])
        return list(dict.fromkeys([*first, *named, *row.get("beside", [])]))

    def _case(self, name):
        scenario, _, case = name.partition("/")
        if case not in getattr(self.scenarios.get(scenario), "cases", ()):
            raise SystemExit(f"there is no case {name}: perf/compare --list")
        return self.scenarios[scenario], self.scenarios[scenario].cases[case]

    def _job(self, name, servers, count):
        scenario, case = self._case(name)
        if "servers" in case:  # It is about these of ours; who did not ask for us has no use for it.
            if not set(servers) & {"carillon", *case["servers"]}:
                return
            servers = [*case["servers"], *(servers if self.options.table else [])]
        for server in servers:
            if server in self.missing:
                self.say(self.missing[server])
        chosen = {n: self.definitions[n] for n in dict.fromkeys(servers) if n in self.definitions}
        generator = generators.choose(self.options, scenario.generator)
        contestants = rounds.contestants(
            scenario, name.partition("/")[2], self.scenarios, chosen, generator, self.say)
        if contestants:
            yield Job(scenario, name.partition("/")[2], contestants, generator, count)


def load_scenarios():
    """{name: Scenario}, in the order in which they are measured."""
    return {name: rounds.Scenario(name, json.loads((PERF / f"scenarios/{name}.json").read_text()))
            for name in SCENARIOS}
