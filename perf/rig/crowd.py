"""Subscribers that never read, in a busy room, beside healthy ones: what do these notice?

Four phases on one server, with publications of one size to the same healthy subscribers:

    alone      nobody else is there
    reading    a crowd is there too, and reads: what its mere size costs
    stuck      a crowd of the same sockets in place of it, which never reads a single octet, from the
               moment when all of them are there until the server has closed the last one
    after      all of those are closed

`whileRatio` is the healthy ones' p99 in the third phase to that in the second, `afterRatio` that
in the fourth to the first. Every publication of the second and third counts: those which the
kernel still takes for the stuck, those with which they are found out, and those while they are
closed. A room of a few can take more publications than one of thousands, so the first and the last
have a rate of their own (`quietRate`): a p99 takes hundreds of publications, as all deliveries of
one share its fate. They are several runs each, of which the median counts.

`memory` is the most that the server's process held meanwhile plus what the kernel held for TCP
sockets. On loopback that is both ends' octets, so both crowds have small receive buffers
(4 KiB): nearly all of it is what the server's machine holds of the stuck ones. Messages must fit
these buffers, or the stuck ones cost segments that no others do. All are wsload's (`wsload hold`).
"""

import json
import os
import subprocess
import threading
import time

from .generators import WSLoad
from .servers import LeftOut, prefix

PATIENCE = 60  # seconds until the last stuck one is closed
QUIET_RUNS = 5  # of the phases without a crowd
RECEIVE_BUFFER = 4096  # octets, of everybody in a crowd
PAGE = os.sysconf("SC_PAGE_SIZE")


def run(server, case, protocol, generator):
    """The result of all phases; `cost` is the server's CPU per delivery to the healthy, while stuck."""
    sockets = open_sockets()
    crowd = Crowd(server, case, protocol, generator.options)
    healthy = Healthy(server, case, protocol, generator.options)
    alone = healthy.alone()
    with crowd.present(stuck=False):
        reading = healthy.beside(seconds=case["seconds"])
    wait_until(lambda: crowd.still_connected() == 0, 10)
    with Memory(server.pids) as memory, crowd.present(stuck=True):
        began = time.monotonic()
        # What the healthy have open is there too, and one publisher; each has two ends.
        rest = sockets + 2 * (case["healthy"] + 1)
        stuck = healthy.beside(until_left=rest)
        took = time.monotonic() - began
        closed = crowd.still_connected() == 0
        # Those who never read still have their sockets open, as outside.
        after = healthy.alone()
        left = memory.now()
    phases = alone, reading, stuck, after
    for result in phases:
        if result["status"] or result.get("error") or result.get("p99") is None:
            return {**result, "error": result.get("error") or f"status {result['status']}"}
    return {
        **stuck, "wrong": sum(result["wrong"] for result in phases),
        "alone": alone["p99"], "reading": reading["p99"], "after": after["p99"],
        "allAlone": alone["all"], "allAfter": after["all"],
        "whileRatio": stuck["p99"] / reading["p99"], "afterRatio": after["p99"] / alone["p99"],
        "publications": [result["units"] // case["healthy"] for result in phases],
        "processMemory": memory.process, "kernelMemory": memory.kernel,
        "memory": memory.process + memory.kernel, "kernelMemoryAfter": left, "secondsUntilClosed": round(took, 1),
        **({} if closed else {"error": f"{crowd.still_connected()} were not closed in {PATIENCE} s"}),
    }


class Healthy:
    """Subscribers that read, with somebody who publishes to the room."""

    def __init__(self, server, case, protocol, options):
        self.server = server
        self.case = case
        self.protocol = protocol
        self.generator = WSLoad(options)

    def _command(self, rate, spin, seconds):
        members = {"scenario": "fanout", "connections": self.case["healthy"], "size": self.case["size"],
                   "rate": rate, "seconds": seconds, "spin": spin}
        return members, self.generator.command(self.server, members, self.protocol, False)

    def alone(self):
        """Nobody is beside them: the run with the median p99 of a few.

        Of little work a p99 is a matter of the machine's hiccups: a tenth of a second of them in ten
        is enough. They spoil one run or two; what a server keeps doing would show in all of them.
        """
        members, _ = self._command(self.case["quietRate"], True, self.case["seconds"] / QUIET_RUNS)
        runs = [self.generator.run(self.server, members, self.protocol, False) for _ in range(QUIET_RUNS)]
        for run in runs:
            if run["status"] or run.get("error") or run.get("p99") is None:
                return run
        median = sorted(runs, key=lambda run: run["p99"])[QUIET_RUNS // 2]
        return {**median, "wrong": sum(run["wrong"] for run in runs), "units": sum(run["units"] for run in runs),
                "all": [run["p99"] for run in runs]}

    def beside(self, seconds=PATIENCE, until_left=None):
        """A crowd is beside them, which needs the generator's CPU as well, so that does not spin.

        Without a warm-up: from the first publication on everything counts. With `until_left`,
        publications end when there are no more TCP sockets than so many, having been more.
        """
        members, command = self._command(self.case["rate"], False, seconds)
        process = subprocess.Popen(
            [*prefix(), *command, "--warmup", "0", *(["--until-eof"] if until_left else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        if until_left:
            wait_until(lambda: open_sockets() > until_left, 10)
            wait_until(lambda: process.poll() is not None or open_sockets() <= until_left, seconds)
        output, errors = process.communicate()  # closes its standard input
        return self.generator.result(command, members, process.returncode, output, errors)


class Crowd:
    """Connections in the room that somebody else holds."""

    def __init__(self, server, case, protocol, options):
        if "dialect" in protocol:
            raise LeftOut(f"wsload does not speak {protocol['dialect']}")
        self.server = server
        words = WSLoad(options).command(
            server, {"scenario": "hold", "connections": case["stuck"], "size": case["size"]}, protocol, False)
        self.words = [*(word for word in words if word != "--spin"), "--rcvbuf", str(RECEIVE_BUFFER)]
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


def open_sockets():
    """TCP sockets of this network: a look at a single line, where counting connections takes long."""
    for line in open("/proc/net/sockstat"):
        words = line.split()
        if words[0] == "TCP:":
            return int(words[words.index("inuse") + 1])
    return 0


def wait_until(done, seconds):
    """Looks every now and then, for so many seconds at most."""
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        time.sleep(0.05)
