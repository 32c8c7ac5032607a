"""The load generators: a case of a scenario goes in, a result with the same members comes out.

A case says what is done (scenarios/*.json), a protocol how a server is told (servers.json); both
are written neutrally and translated here, in the words of carillon-load or of wsload.

A result holds: `units` (messages, answers or connections), `seconds`, `rate` (units per second),
`cost` (server CPU in µs per unit; for `idle` octets per connection, or with `"figure": "cpu"` CPU in
µs per connection and second), `p50`, `p99` and `p999` (µs), `octets` (received per message, all
framing included), `wrong` (lost, repeated, out of order, changed), `serverShare` (of one CPU),
`generatorShare` (busy; 1 by design when it spins), `error` when it failed, `status`, `command`.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

from .machine import ROOT, TOOLS
from .servers import LeftOut, prefix

PATIENCE = 180  # seconds for one run
PERCENTILES = {"p50": 50, "p99": 99, "p999": 99.9}


class CarillonLoad:
    """The project's own generator (Sources/CarillonLoad)."""

    name = "carillon-load"
    UNITS = {"messages": ("delivered",), "answers": ("answered",),
             "exchanges": ("delivered", "answered"), "connections": ("connected", "reconnected")}

    def __init__(self, options):
        self.program = options.load
        self.options = options

    def check(self, definition, case, deflate, protocol):
        """Raises LeftOut when it cannot drive this case."""

    def command(self, server, case, protocol, deflate, report):
        dialect = protocol.get("dialect", "template")
        # What is the same to its users may be another scenario in another protocol.
        case = {**case, **protocol.get("case", {})}
        words = [self.program, case["scenario"], f"ws://127.0.0.1:{server.port}",
                 "--dialect", dialect, "--cpus", self.options.generator_cpu, "--quiet",
                 "--json", report]
        for pid in server.pids:
            words += ["--server-pid", pid]
        for key, flag in {"connections": "--connections", "rooms": "--rooms", "size": "--size",
                          "window": "--window", "rate": "--rate", "publishers": "--publishers",
                          "concurrency": "--window", "count": "--messages"}.items():
            if key in case:
                words += [flag, case[key]]
        # A number of connections is counted from the first one on. Silence needs no practice.
        warmup = 0 if "count" in case or case["scenario"] == "idle" else self.options.warmup
        if "count" not in case:
            words += ["--duration", milliseconds(case.get("seconds", self.options.time))]
        words += ["--warmup", milliseconds(warmup)]
        if case.get("covering"):
            words += ["--covering"]
        if case.get("burst"):
            words += ["--burst"]
        if case["scenario"] == "idle" and case.get("subscribed", True):
            words += ["--subscribed-too"]
        if case.get("spin", self.options.spin):
            words += ["--spin"]
        if deflate:
            words += ["--deflate"]
        if protocol.get("binary"):
            words += ["--binary"]
        words += ["--path", protocol["path"]]
        if case["scenario"] not in ("connect", "echo", "rpc") and dialect == "template":
            words += ["--publish-path", protocol.get("publishPath", protocol["path"])]
        for key, flag in {"subprotocol": "--subprotocol", "subscribe": "--subscribe",
                          "subscribed": "--subscribed", "publishStart": "--publish-start",
                          "publishReady": "--publish-ready", "publish": "--publish",
                          "request": "--request", "serializer": "--serializer"}.items():
            if key in protocol:
                words += [flag, protocol[key]]
        return [str(word) for word in words]

    def run(self, server, case, protocol, deflate):
        with tempfile.TemporaryDirectory(prefix="carillon-load.") as folder:
            file = pathlib.Path(folder) / "report.json"
            command = self.command(server, case, protocol, deflate, file)
            done = subprocess.run([*prefix(), *command], capture_output=True,
                                  text=True, errors="replace", timeout=PATIENCE)
            # Without the report's place.
            words = [word for word in command if word not in ("--json", str(file))]
            result = {"status": done.returncode, "command": said(words)}
            try:
                report = json.loads(file.read_text())
            except (OSError, ValueError):
                return {**result, "error": (done.stderr or done.stdout).strip()[-200:] or "no report"}
        return {**result, **self.read(report, case)}

    def read(self, report, case):
        tally, server = report["tally"], report.get("server") or {}
        units = sum(tally[name] for name in self.UNITS.get(report["work"], ()))
        seconds = report["durationSeconds"]
        result = {
            "units": units, "seconds": seconds, "rate": units / seconds if seconds else 0,
            "wrong": sum(tally[n] for n in ("lost", "duplicated", "reordered", "corrupted")),
            "generatorShare": report["generator"]["busyShareMax"],
            "slippedShare": report["generator"]["slippedShare"],
        }
        if server.get("cpuSeconds") is not None and seconds:
            result["serverShare"] = server["cpuSeconds"] / seconds
            if units:
                result["cost"] = server["cpuSeconds"] * 1e6 / units
        if case.get("figure") == "cpu" and server.get("cpuSeconds") is not None:
            result["cost"] = server["cpuSeconds"] * 1e6 / seconds / max(1, report["connectionsOpened"])
        elif case["scenario"] == "idle" and server.get("residentAtEnd"):
            grown = server["residentAtEnd"] - (server.get("residentAtStart") or 0)
            result["cost"] = grown / max(1, report["connectionsOpened"])
        if tally["delivered"]:
            result["octets"] = tally["octetsReceived"] / tally["delivered"]
        latency = report["latency"] or report.get("handshake") or []
        if latency:
            result.update({name: percentile(latency, p) / 1e3 for name, p in PERCENTILES.items()})
        if tally["refusedHandshakes"] or tally["disconnected"]:
            worst = report["problems"][0]["text"] if report["problems"] else "connections failed"
            result["error"] = worst
        return result


class WSLoad:
    """The older generator in C (Tools/loadgen/wsload.c): what carillon-load is checked against."""

    name = "wsload"

    def __init__(self, options):
        self.program = str(TOOLS / "wsload")
        self.options = options

    def check(self, definition, case, deflate, protocol):
        if "dialect" in protocol:
            raise LeftOut(f"{definition.name} is left out: wsload does not speak {protocol['dialect']}")
        if case.get("burst"):
            raise LeftOut(f"{definition.name} is left out: wsload sends no bursts")
        if deflate and definition.many_per_frame:
            raise LeftOut(f"{definition.name} is left out: wsload takes a compressed frame for one "
                          "message")

    def command(self, server, case, protocol, deflate, report=None):
        words = [self.program, case["scenario"], "--label", server.name, "--port", server.port,
                 "--pid", server.pid, "--cpu", self.options.generator_cpu]
        for key, flag in {"connections": "-n", "rooms": "--rooms", "size": "--size",
                          "window": "--window", "rate": "--rate", "publishers": "--pubs",
                          "count": "--messages", "concurrency": "--conc",
                          "checkEvery": "--inflate"}.items():
            if key in case:
                words += [flag, case[key]]
        words += ["--time", case.get("seconds", self.options.time)]
        if not self.options.warmup:
            words += ["--warmup", 0]
        if case.get("spin", self.options.spin):
            words += ["--spin"]
        if deflate:
            words += ["--deflate"]
        if protocol.get("binary"):
            words += ["--binary"]
        words += ["--path", protocol["path"]]
        if "publishPath" in protocol:
            words += ["--pub-path", protocol["publishPath"]]
        for key, flag in {"subscribe": "--init", "publishStart": "--pub-init", "publish": "--pub",
                          "request": "--pub"}.items():
            if key in protocol:
                words += [flag, with_lengths(protocol[key], case)]
        for key, flag in {"subscribed": "--ready", "publishReady": "--pub-ready"}.items():
            if key in protocol:
                words += [flag, os.fsdecode(octets(protocol[key]))]
        if "subprotocol" in protocol:
            words += ["--proto", protocol["subprotocol"]]
        # Frames with several messages are searched for all of them; one message each is quicker.
        if protocol.get("manyPerFrame"):
            words += ["--count", "marker"]
        return [str(word) for word in words]

    def run(self, server, case, protocol, deflate):
        command = self.command(server, case, protocol, deflate)
        done = subprocess.run([*prefix(), *command], capture_output=True, text=True,
                              errors="replace", timeout=PATIENCE)
        return self.result(command, case, done.returncode, done.stdout, done.stderr)

    def result(self, command, case, status, output, errors):
        """What a run of `command` said, for whoever ran it."""
        result = {"status": status, "command": said(command)}
        try:
            seen = json.loads(output.splitlines()[-1])
        except (IndexError, ValueError):
            return {**result, "error": errors.strip()[-200:] or f"status {status}"}
        return {**result, **self.read(seen, case)}

    def read(self, seen, case):
        result = {
            "units": seen.get("delivered", seen.get("connections", 0)),
            "seconds": seen.get("seconds", seen.get("connect_s")),
            "rate": seen.get("delivered_per_s", seen.get("conn_per_s", 0)),
            "wrong": seen.get("lost", 0) + seen.get("out_of_order", 0) + seen.get("inflated_bad", 0),
            "cost": seen.get({"connect": "server_cpu_us_per_conn", "idle": "rss_per_conn"}.get(
                case["scenario"], "server_cpu_us_per_msg")),
        }
        if "server_cpu_pct" in seen:
            result["serverShare"] = seen["server_cpu_pct"] / 100
        if "gen_cpu_us_per_msg" in seen and seen.get("seconds"):
            result["generatorShare"] = seen["gen_cpu_us_per_msg"] * seen["delivered"] / 1e6 / seen["seconds"]
        if case.get("figure") == "cpu":
            result["cost"] = seen["idle_cpu_pct"] * 1e4 / seen["conns"]
        if "lat_us" in seen:
            result.update({name: seen["lat_us"][name] for name in PERCENTILES})
        if "bytes_per_msg" in seen:
            result["octets"] = seen["bytes_per_msg"]
        if seen.get("error"):
            result["error"] = seen["error"]
        return result


def choose(options, preferred=None):
    """The generator that was asked for; else the preferred one, or carillon-load when it is built."""
    name = options.generator or preferred or (
        "carillon-load" if os.path.exists(options.load) else "wsload")
    if name == "carillon-load" and not os.path.exists(options.load):
        raise SystemExit(f"{options.load} is missing: swift build -c release --product carillon-load")
    return {"carillon-load": CarillonLoad, "wsload": WSLoad}[name](options)


def add_options(parser):
    """The options that every user of a generator has."""
    parser.add_argument("--load", metavar="FILE", help="the binary of carillon-load",
                        default=os.environ.get("TESTED_CARILLON_LOAD",
                                               str(ROOT / ".build/release/carillon-load")))
    parser.add_argument("--generator-cpu", default="1", metavar="N", help="the CPU it runs on")
    parser.add_argument("--machine-network", action="store_true",
                        help="no private network namespace, though root may have one")


# Templates

ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})|\\(.)|%(.)|(.)", re.S)
NAMED = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\"}


def octets(template):
    """The octets of a template without placeholders."""
    pieces = []
    for code, escape, place, plain in ESCAPE.findall(template):
        pieces.append(bytes([int(code, 16)]) if code else NAMED[escape] if escape
                      else (place or plain).encode())
    return b"".join(pieces)


def with_lengths(template, case):
    """The template with %V, which wsload does not know, written out for messages of this case.

    %V is the length of all that follows it, seven bits in an octet, the low ones first.
    """
    before, found, after = template.partition("%V")
    if not found:
        return template
    after = with_lengths(after, case)
    size = 0
    for code, escape, place, plain in ESCAPE.findall(after):
        if place == "P":
            size += case.get("size", 0)
        elif place == "L":
            size += len(str(case.get("size", 0)))
        elif place == "I" or place == "R" and case.get("rooms", 1) > 10:
            raise LeftOut(f"%{place} after %V has no constant length, which wsload needs")
        else:
            size += 1 if code or escape or place else len(plain.encode())
    length = ""
    while True:
        size, low = size >> 7, size & 0x7F
        length += f"\\x{low | (0x80 if size else 0):02x}"
        if not size:
            return before + length + after


def said(command):
    """A command for the record: without the places of this machine."""
    return shlex.join([os.path.basename(command[0]), *command[1:]])


def milliseconds(seconds):
    return f"{round(seconds * 1000)}ms"


def percentile(pairs, percent):
    """The value below which `percent` of the counts in [value, count] pairs lie."""
    wanted = sum(count for _, count in pairs) * percent / 100
    for value, count in pairs:
        wanted -= count
        if wanted <= 0:
            return value
    return pairs[-1][0]
