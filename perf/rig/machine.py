"""The machine the comparison runs on: what it is, whether it is quiet, which ports are free."""

import datetime
import fcntl
import os
import pathlib
import platform
import resource
import shlex
import socket
import subprocess
import sys
import tempfile
import time

PERF = pathlib.Path(__file__).resolve().parent.parent
ROOT = PERF.parent
TOOLS = ROOT / ".build/tools"
TICKS = os.sysconf("SC_CLK_TCK")


def build_tools():
    """The C programs, when they are older than their sources."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    for name, source in {"wsload": ROOT / "Tools/loadgen/wsload.c",
                         "floor_ws": PERF / "floor/floor_ws.c"}.items():
        target = TOOLS / name
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["cc", "-O2", "-march=native", "-Wall", "-pthread", "-DWITH_ZLIB",
                            "-o", target, source, "-lz"], check=True)


def raise_descriptor_limit():
    """Servers and generators inherit it; both need one descriptor per connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port(taken=set()):
    """A port outside the range that outgoing connections use: the generator opens thousands."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in range(9100, min(low, 32000)):
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        taken.add(port)
        return port
    raise SystemExit("no free port")


def alone():
    """Holds a lock while it is open, so that two comparisons on one machine take turns."""
    lock = open(pathlib.Path(tempfile.gettempdir()) / "carillon-compare.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another comparison is running; waiting for its end", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def busy():
    """(ticks that were used, ticks that passed) on all CPUs since the start of the machine."""
    ticks = [int(word) for word in open("/proc/stat").readline().split()[1:]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def wait_for_quiet(patience):
    """Until three quarters of the machine are idle, at most `patience` seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        used, passed = busy()
        time.sleep(0.1)
        used_now, passed_now = busy()
        if (used_now - used) / max(1, passed_now - passed) < 0.25:
            return


def cpu_ticks_of(pid):
    """User and system time of a process."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def family(pid):
    """A process and all its descendants: a server may be several."""
    found = [pid]
    for parent in found:  # grows while it is walked
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                pass  # that thread has just ended
    return found


class Foreign:
    """The share of the machine that neither the server nor our children used meanwhile."""

    def __init__(self, pids):
        self.pids = pids
        self.used, self.passed = busy()
        self.own = self._own()

    def _own(self):
        times = os.times()
        return sum(map(cpu_ticks_of, self.pids)) + (times.children_user + times.children_system) * TICKS

    def share(self):
        """0…1; the server must still be there."""
        used, passed = busy()
        foreign = used - self.used - (self._own() - self.own)
        return round(max(0.0, foreign / max(1, passed - self.passed)), 3)


def facts(command, **more):
    """What a recorded run must say for its numbers to mean something later."""
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.machine())
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit, "kernel": platform.release(), "cpu": f"{os.cpu_count()} x {cpu}",
        **more, "command": shlex.join([command, *sys.argv[1:]]),
    }
