"""carillon-load as the tests drive it, and the servers it is pointed at.

Runs have a number of messages, as some say how many they expect. Only tests of what is given up have
short times to give it up in.

The binary is .build/release/carillon-load, or what TESTED_CARILLON_LOAD names. Runs are short, have
no warm-up unless a test asks for one, and are bounded in time: a generator that hangs is a failure.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from process import PATIENCE, ROOT

HERE = pathlib.Path(__file__).resolve().parent
# The protocol of faulty_server.py and of the servers in test_load_servers.py.
PUBSUB = ["--path", "/", "--subscribe", "sub r%R", "--subscribed", "ok r", "--publish-path", "/",
          "--publish", r"pub r%R\n%P"]
ECHO = ["--path", "/", "--request", "%P"]
# Two hundred messages in a second, whatever the server does.
STEADY = ["-n", 10, "--rate", 200, "--messages", 200, "--duration", "60s"]
# As many as the window lets through at a time.
CLOSED = ["-n", 10, "--window", 4, "--messages", 400, "--duration", "60s"]
VIOLATIONS = ("lost", "duplicated", "reordered", "corrupted")


def load_binary():
    path = pathlib.Path(
        os.environ.get("TESTED_CARILLON_LOAD") or ROOT / ".build/release/carillon-load")
    assert path.exists(), f"{path} is missing: swift build -c release --product carillon-load"
    return str(path)


class Run:
    """A finished run: its exit status, what it said, and its report, if it wrote one."""

    def __init__(self, command, status, out, err, report):
        self.command, self.status, self.out, self.err, self.report = command, status, out, err, report

    @property
    def said(self):
        """Everything it said; a person sees both streams on one terminal."""
        return self.out + self.err

    @property
    def tally(self):
        assert self.report is not None, f"no report; status {self.status}: {self.said}"
        return self.report["tally"]

    @property
    def violations(self):
        """The counters that fail a run, those that are not zero."""
        return {name: self.tally[name] for name in VIOLATIONS if self.tally[name]}

    def percentile(self, percent, of="latency"):
        """Latency in seconds."""
        pairs = self.report[of]
        wanted = sum(count for _, count in pairs) * percent / 100
        for nanoseconds, count in pairs:
            wanted -= count
            if wanted <= 0:
                return nanoseconds / 1e9
        raise AssertionError(f"no {of} was measured: {self.said}")

    def passed(self):
        """Asserts that all went well, and that something was measured; returns the run."""
        assert self.status == 0, f"status {self.status}: {self.command}\n{self.said}"
        assert self.violations == {}, self.said
        return self

    def failed(self, **violations):
        """Asserts that exactly these violations were found, and fail the run."""
        assert self.violations == violations, self.said
        assert self.status == 3, f"status {self.status}: {self.said}"
        return self


def check(run, scenario):
    """What a good run has done, beside losing nothing."""
    tally = run.passed().tally
    done = tally["answered"] if scenario in ("echo", "rpc") else tally["delivered"]
    assert done == tally["expected"] > 0, run.said
    for name in ("disconnected", "timedOut", "refusedHandshakes", "protocolErrors"):
        assert tally[name] == 0, run.said


class Load:
    """A running carillon-load. `address` is HOST:PORT of the server, or None for other commands."""

    def __init__(self, folder, scenario, address, *options, warmup="0s"):
        self.file = pathlib.Path(folder) / f"report-{time.monotonic_ns()}.json"
        self.command = [load_binary(), scenario]
        if address is not None:
            self.command += [f"ws://{address}", "--json", str(self.file), "--warmup", warmup,
                             "--timeout", f"{PATIENCE:.0f}s"]
        self.command += map(str, options)
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace")

    def finish(self, patience=4 * PATIENCE):
        try:
            out, err = self.process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"still running after {patience} s: {self.command}\n{out}{err}") \
                from None
        report = None
        if self.file.exists():
            report = json.loads(self.file.read_text())
        return Run(self.command, self.process.returncode, out, err, report)


class Faulty:
    """faulty_server.py with `faults`, and, once it has ended, the faults it `made`."""

    def __init__(self, *faults, program="faulty_server.py"):
        self.process = subprocess.Popen(
            [sys.executable, HERE / program, *map(str, faults)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.address = line.split()[-1]
        self._made = None

    @property
    def pid(self):
        return self.process.pid

    @property
    def made(self):
        """{fault: how often}; ends the server."""
        if self._made is None:
            self.process.send_signal(signal.SIGTERM)
            out, _ = self.process.communicate(timeout=PATIENCE)
            self._made = json.loads(out.splitlines()[-1])
        return self._made

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Threaded:
    """An asyncio server in a thread of its own: `main(self)` is a coroutine that calls `up`."""

    def __init__(self, main):
        import asyncio
        self.loop = asyncio.new_event_loop()
        self.address = None
        self._up = threading.Event()
        self._ended = None
        self._thread = threading.Thread(target=self._run, args=(main,), daemon=True)
        self._thread.start()
        assert self._up.wait(PATIENCE), "the server did not start"

    def _run(self, main):
        import asyncio
        asyncio.set_event_loop(self.loop)
        self._ended = asyncio.Event()
        self.loop.run_until_complete(main(self))

    async def serve(self, port):
        """Called by `main` when it listens; returns when the test is over."""
        self.address = f"127.0.0.1:{port}"
        self._up.set()
        await self._ended.wait()

    def stop(self):
        self.loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(PATIENCE)
