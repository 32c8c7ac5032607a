"""Interleaved rounds: every server once per round, one after the other, round after round.

A slow minute of the machine then hits all alike, so the ratio of two results of one round means
something even where the absolute numbers drift from round to round.
"""

import subprocess

from .machine import Foreign, wait_for_quiet
from .servers import LeftOut, Server


class Scenario:
    """A file of scenarios/: what is measured, case by case."""

    def __init__(self, name, members):
        self.name = name
        self.about = members["about"]
        self.protocol = members["protocol"]
        self.deflate = members.get("deflate", False)
        self.fresh = members.get("fresh", False)
        self.cases = members["cases"]


class Fleet:
    """The servers that run, each started when it is first needed and kept: idle ones cost nothing."""

    def __init__(self, definitions, options):
        self.definitions = definitions
        self.options = options
        self.running = {}

    def take(self, name, form, fresh):
        """A server that runs; a fresh one belongs to the caller, who stops it."""
        if fresh:
            return Server(self.definitions[name], form, self.options)
        server = self.running.get((name, form))
        if server is None or not server.alive:
            if server is not None:
                server.stop()
            server = self.running[name, form] = Server(self.definitions[name], form, self.options)
        return server

    def stop(self):
        for server in self.running.values():
            server.stop()


def able(scenario, case, definitions, generator, say):
    """The names of the servers that can take part in a case; `say` hears why others cannot."""
    names = []
    for name, definition in definitions.items():
        try:
            protocol = definition.protocol(scenario.protocol, scenario.name)
            definition.form(scenario.deflate)
            generator.check(definition, case, scenario.deflate, protocol)
            names.append(name)
        except LeftOut as reason:
            say(f"{scenario.name}: {reason}")
    return names


def measure(fleet, generator, scenario, case, name, options):
    """One run of the generator against one server: its result, and what ran beside it."""
    definition = fleet.definitions[name]
    protocol = definition.protocol(scenario.protocol, scenario.name)
    server = fleet.take(name, definition.form(scenario.deflate), scenario.fresh)
    try:
        wait_for_quiet(options.wait)
        foreign = Foreign(server.pids)
        try:
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


def interleaved(fleet, generator, scenario, case, names, options, record):
    """All rounds of a case: {server: [result of each round]}. `record` gets each as it comes."""
    results = {name: [] for name in names}
    for turn in range(1 if scenario.fresh else options.rounds):
        for name in names:
            result = measure(fleet, generator, scenario, case, name, options)
            record(name, turn, result)
            results[name].append(result)
    return results
