"""Interleaved rounds: every contestant once per round, one after the other, round after round.

A slow minute of the machine then hits all alike, so the ratio of two results of one round means
something even where the absolute numbers drift from round to round. Who goes first is shuffled
anew in every round, always in the same way, so that nobody always runs behind the same neighbour.
"""

import dataclasses
import random
import subprocess

from . import crowd, program
from .goals import Goal
from .held import Patterns
from .machine import Foreign, wait_for_quiet
from .servers import DoesNotStart, LeftOut, Server


class Scenario:
    """A file of scenarios/: what is measured, case by case."""

    def __init__(self, name, members):
        self.name = name
        self.about = members["about"]
        self.deflate = members.get("deflate", False)
        self.fresh = members.get("fresh", False)
        # At most so many: a fresh server each time takes long, and says the same each time.
        self.rounds = members.get("rounds", 1 if self.fresh else None)
        self.generator = members.get("generator")  # when one suits it better
        shared = {key: members[key] for key in ("protocol", "servers") if key in members}
        self.cases = {case: {**shared, **said} for case, said in members["cases"].items()}


@dataclasses.dataclass(frozen=True)
class Contestant:
    """Who is measured in a round: a server, in the case itself or in another that it is held against."""

    label: str  # what goals call it
    server: str
    scenario: Scenario
    case: dict


class Fleet:
    """The servers that run, each started when it is first needed and kept: idle ones cost nothing."""

    def __init__(self, definitions, options):
        self.definitions = definitions
        self.options = options
        self.running = {}

    def take(self, name, form, fresh, held=None):
        """A server that runs; a fresh one belongs to the caller, who stops it.

        `held` are patterns that somebody subscribed to and keeps while the server runs; such a
        server is another one than that without.
        """
        if fresh:
            return Server(self.definitions[name], form, self.options)
        key = name, form, tuple(sorted((held or {}).items()))
        server = self.running.get(key)
        if server is None or not server.alive:
            if server is not None:
                server.stop()
            server = self.running[key] = Server(self.definitions[name], form, self.options)
            if held:
                server.guests.append(Patterns(server.port, held))
        return server

    def stop(self):
        for server in self.running.values():
            server.stop()


def contestants(scenario, case_name, scenarios, definitions, generator, say):
    """Who takes part in a case, the one that is judged first; `say` hears why others cannot.

    `scenarios` are all there are, {name: Scenario}: goals may name cases of others.
    """
    case = scenario.cases[case_name]
    found = []
    for name in definitions:
        try:
            check(definitions[name], scenario, case, generator)
            found.append(Contestant(name, name, scenario, case))
        except LeftOut as reason:
            say(f"{scenario.name}: {reason}")
    for goal in Goal.all(case) if found else ():
        if not goal.is_other_case or any(c.label == goal.reference for c in found):
            continue
        other, _, name = goal.reference.partition("/")
        there = scenarios[other]
        # It may be about another server, such as one without a setting.
        server = found[0].server
        found.append(Contestant(goal.reference, server, there, there.cases[name]))
    return found


def check(definition, scenario, case, generator):
    """Raises LeftOut when this server cannot do this case."""
    protocol = definition.protocol(case["protocol"], scenario.name)
    definition.form(scenario.deflate)
    if case["scenario"] not in ("crowd", "program"):
        generator.check(definition, case, scenario.deflate, protocol)


def measure(fleet, generator, contestant, options):
    """One run of the generator against one server: its result, and what ran beside it."""
    scenario, case = contestant.scenario, contestant.case
    if "beyond" in case:
        return beyond(fleet, generator, contestant, options)
    if case["scenario"] == "program":
        wait_for_quiet(options.wait)
        return program.run(case, options)
    definition = fleet.definitions[contestant.server]
    protocol = definition.protocol(case["protocol"], scenario.name)
    try:
        server = fleet.take(contestant.server, definition.form(scenario.deflate), scenario.fresh,
                            case.get("held"))
    except (DoesNotStart, LeftOut) as reason:
        return {"status": 1, "error": str(reason)}
    try:
        wait_for_quiet(options.wait)
        foreign = Foreign(server.pids)
        try:
            if case["scenario"] == "crowd":
                result = crowd.run(server, case, protocol, generator)
            else:
                result = generator.run(server, case, protocol, scenario.deflate)
        except LeftOut as reason:
            return {"status": 0, "error": str(reason)}
        except subprocess.TimeoutExpired:
            return {"status": 1, "error": "the generator did not end"}
        if server.alive:
            result["foreign"] = foreign.share()
        else:
            result["error"] = f"the server ended with {server.process.returncode}"
        return result
    finally:
        if scenario.fresh:
            server.stop()


def beyond(fleet, generator, contestant, options):
    """What each connection beyond the first `beyond` takes, so that what is fixed does not count."""
    case = {key: value for key, value in contestant.case.items() if key != "beyond"}
    counts = contestant.case["beyond"], case["connections"]
    few, many = (measure(fleet, generator, dataclasses.replace(
        contestant, case={**case, "connections": count}), options) for count in counts)
    if few.get("cost") is None or many.get("cost") is None:
        return few if few.get("cost") is None else many
    grown = many["cost"] * counts[1] - few["cost"] * counts[0]
    return {**many, "cost": grown / (counts[1] - counts[0])}


def interleaved(fleet, generator, contestants, rounds, options, record):
    """All rounds of a case: {contestant: [result of each round]}. `record` gets each as it comes."""
    results = {c.label: [] for c in contestants}
    for turn in range(rounds):
        for contestant in shuffled(contestants, turn):
            result = measure(fleet, generator, contestant, options)
            record(contestant, turn, result)
            results[contestant.label].append(result)
    return results


def shuffled(items, turn):
    """The items in an order that depends on the round alone."""
    order = list(items)
    random.Random(turn).shuffle(order)
    return order
