"""LinkProbe: one link to a broker in a process of its own, seen through its lines of JSON."""

import json
import os
import pathlib
import socket
import subprocess
import threading
import time

from process import PATIENCE as ORDINARY, ROOT

# Brokers take their time, and share the machine with whatever else it does.
PATIENCE = 4 * ORDINARY
# A link is back so soon after its broker accepts connections, s: it tries every three at the latest,
# and what is beyond that is a busy machine's.
RESUMES_WITHIN = ORDINARY / 2
# A link ends so soon, s, whatever its broker does. It could wait for an answer in vain: FOR_EVER.
ENDS_WITHIN = ORDINARY / 2
FOR_EVER = "answer=1000000"


def binary():
    given = os.environ.get("TESTED_LINK_PROBE")
    for path in [pathlib.Path(given)] if given else [
            ROOT / ".build/debug/LinkProbe", ROOT / ".build/release/LinkProbe"]:
        if path.exists():
            return str(path)
    raise AssertionError("LinkProbe is missing: swift build --product LinkProbe")


class Probe:
    """A running probe: Probe("redis", "port=6379", "channel=a").

    `entries` has everything it said, in order: ("message", {...}), ("event", {...}), ...
    """

    def __init__(self, *words):
        self.entries = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [binary(), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            entry = json.loads(line)
            kind = "event" if "event" in entry else next(iter(entry))
            with self._changed:
                self.entries.append((kind, entry if kind == "event" else entry[kind]))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def all(self, kind):
        with self._changed:
            return [value for name, value in self.entries if name == kind]

    def until(self, condition, what, patience=PATIENCE):
        """Waits until `condition()` is true; returns what it returned."""
        deadline = time.monotonic() + patience
        with self._changed:
            while not (seen := condition()):
                left = deadline - time.monotonic()
                assert left > 0 and self._reader.is_alive(), (
                    f"no {what}; the last lines: {self.entries[-10:]}")
                self._changed.wait(min(left, 0.2))
            return seen

    @property
    def messages(self):
        return self.all("message")

    def events(self, kind):
        return [event for event in self.all("event") if event["event"] == kind]

    def connected(self, times=1, patience=PATIENCE):
        self.until(lambda: len(self.events("connected")) >= times, f"{times} connections", patience)
        return self

    def take(self, count, patience=PATIENCE):
        """Waits for that many messages altogether and returns them."""
        return self.until(lambda: len(self.messages) >= count and self.messages,
                          f"{count} messages", patience)

    def tell(self, command, answer):
        """Gives a command and waits for its answer."""
        count = len(self.all(answer))
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.until(lambda: self.all(answer)[count:], answer)[0]

    def status(self):
        return self.tell("status", "status")

    def counts(self, **wanted):
        """Waits until the counters named have the values given."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = {name: value for name, value in self.status().items() if name in wanted}
            if seen == wanted:
                return
            assert time.monotonic() < deadline, f"{seen} in place of {wanted}"
            time.sleep(0.02)

    def stop(self):
        """Ends the link in an orderly way; returns how long that took, in seconds."""
        begin = time.monotonic()
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        self._reader.join(PATIENCE)
        return time.monotonic() - begin

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()


class Tunnel:
    """Carries connections to a port of this machine, and can be told to lose what clients send."""

    def __init__(self, target):
        self.target = target
        self._deaf = set()
        self._pairs = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            self._pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        try:
            while octets := source.recv(65536):
                if source not in self._deaf:
                    sink.sendall(octets)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def lose(self):
        """From now on what the clients of today send is lost, to the end of their connections."""
        self._deaf.update(client for client, _ in self._pairs)

    def cut(self):
        """Ends every connection of today; who comes back is not meant."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._listener.close()
        self.cut()


def accepting_since(broker, result):
    """Notes in `result` when `broker` accepted a connection for the first time; for a thread."""
    while not broker.accepts():
        time.sleep(0.01)
    result.append(time.monotonic())
