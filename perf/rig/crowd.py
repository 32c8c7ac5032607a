"""Subscribers that never read, in a busy room, beside healthy ones: what do these notice?

Four phases on one server, each with the same publications to the same number of healthy
subscribers in the room:

    alone      nobody else is there
    reading    a crowd is there too, and reads: what its mere size costs
    stuck      another crowd in place of it, which never reads a single octet
    after      the server has closed all of those

`whileRatio` is the healthy ones' p99 in the third phase to that in the second, `afterRatio` that
in the fourth to the first. `memory` is the most that the server's process held meanwhile plus what
the kernel held for TCP sockets. On loopback that is both ends' octets, so the stuck ones have small
receive buffers (4 KiB): nearly all of it is what the server's machine holds of them. The crowds are
wsload's (`wsload hold`).
"""

import json
import os
import subprocess
import threading
import time

from .generators import WSLoad
from .servers import LeftOut, prefix

PATIENCE = 60  # seconds until the last stuck one is closed
PAGE = os.sysconf("SC_PAGE_SIZE")


def run(server, case, protocol, generator):
    """The result of all phases; `cost` is the server's CPU per delivery to the healthy, while stuck."""
    crowd = Crowd(server, case, protocol, generator.options)
    healthy = {"scenario": "fanout", "connections": case["healthy"], "size": case["size"],
               "rate": case["rate"]}

    def phase(quiet=False):
        # A crowd that reads needs the CPU on which the generator would spin; so where crowds are
        # compared it sleeps. By themselves the healthy get few messages, so these phases are longer.
        return generator.run(server, {**healthy, "seconds": case["seconds"] * (3 if quiet else 1), "spin": quiet},
                             protocol, False)

    alone = phase(quiet=True)
    with crowd.present(stuck=False):
        reading = phase()
    wait_until(lambda: crowd.still_connected() == 0)
    with Memory(server.pids) as memory, crowd.present(stuck=True):
        began = time.monotonic()
        runs = [phase()]
        while crowd.still_connected() and time.monotonic() - began < PATIENCE:
            runs.append(phase())
        closed, took = crowd.still_connected() == 0, time.monotonic() - began
        # Those who never read still have their sockets open, as outside.
        after = phase(quiet=True)
        left = memory.now()
    for result in (alone, reading, *runs, after):
        if result["status"] or result.get("error") or result.get("p99") is None:
            return {**result, "error": result.get("error") or f"status {result['status']}"}
    stuck = max(runs, key=lambda result: result["p99"])
    return {
        **stuck, "wrong": sum(r["wrong"] for r in (alone, reading, *runs, after)),
        "alone": alone["p99"], "reading": reading["p99"], "after": after["p99"],
        "whileRatio": stuck["p99"] / reading["p99"], "afterRatio": after["p99"] / alone["p99"],
        "processMemory": memory.process, "kernelMemory": memory.kernel,
        "memory": memory.process + memory.kernel, "kernelMemoryAfter": left, "secondsUntilClosed": round(took, 1),
        **({} if closed else {"error": f"{crowd.still_connected()} were not closed in {PATIENCE} s"}),
    }


class Crowd:
    """Connections in the room that somebody else holds."""

    def __init__(self, server, case, protocol, options):
        if "dialect" in protocol:
            raise LeftOut(f"wsload does not speak {protocol['dialect']}")
        self.server = server
        self.healthy = case["healthy"]
        words = WSLoad(options).command(
            server, {"scenario": "hold", "connections": case["stuck"], "size": case["size"]}, protocol, False)
        self.words = [word for word in words if word != "--spin"]
        self.prefix = prefix()

    def present(self, stuck):
        return Presence([*self.prefix, *self.words, *(["--stuck"] if stuck else [])])

    def still_connected(self):
        """Connections that the server has not closed."""
        port, established = f":{self.server.port:04X}", 0
        for line in open("/proc/net/tcp"):
            words = line.split()
            established += words[1].endswith(port) and words[3] == "01"
        return established


class Presence:
    """A crowd that is there while the block runs."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        if not line:
            raise LeftOut("wsload could not open all connections")
        json.loads(line)

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Memory:
    """Watches what the processes and the kernel's TCP hold; keeps the most of each."""

    def __init__(self, pids):
        self.pids = pids
        self.process = self.kernel = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.before = kernel_memory()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def now(self):
        """What the kernel holds by now, less what it held before."""
        return kernel_memory() - self.before

    def _watch(self):
        while not self.ended.wait(0.05):
            self.kernel = max(self.kernel, self.now())
            self.process = max(self.process, sum(map(resident, self.pids)))


def kernel_memory():
    """Octets in TCP sockets, sent and received, of the whole machine."""
    for line in open("/proc/net/sockstat"):
        words = line.split()
        if words[0] == "TCP:":
            return int(words[words.index("mem") + 1]) * PAGE
    return 0


def resident(pid):
    try:
        return int(open(f"/proc/{pid}/statm").read().split()[1]) * PAGE
    except OSError:
        return 0


def wait_until(done):
    until = time.monotonic() + 10
    while not done() and time.monotonic() < until:
        time.sleep(0.1)
