"""One carillon process: started on free loopback ports, asked, and stopped by its process id.

The binary is .build/release/carillon, or what TESTED_CARILLON names. Its own environment variables
are not inherited: a test says every setting it depends on. TESTED_ABSENT lists kernel features that
all servers treat as absent (`all`: every optional one); TESTED_MEMORY_FACTOR widens bounds on memory.
"""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Seconds for what should take none. Nobody waits for it where all is well; long, since a machine may
# be busy with something else for a while.
PATIENCE = float(os.environ.get("TESTED_PATIENCE", 60))

# Clients by hand say and read what they do when their test gets to it, and answer no pings before.
# Tests of these limits set them.
UNHURRIED = {"limits.ping_interval": 0, "limits.handshake_time": "60s"}
# Who is refused is listened to for so long that a client which gets no processor for some seconds is
# not reset in the midst of its farewell. For servers that are ended without a drain: it would wait.
LISTENS_LONG = {"limits.lingering_read_time": "20s"}


def binary():
    path = pathlib.Path(os.environ.get("TESTED_CARILLON") or ROOT / ".build/release/carillon")
    assert path.exists(), f"{path} is missing: swift build -c release --product carillon"
    return str(path)


def address_in(line, what):
    """The address of listener `what` ("listening" or "control") that a start-up line tells, or None.

    Structured logs say {"message":"listening","address":"127.0.0.1:8000"}, the banner for people
    says `listening on 127.0.0.1:8000`.
    """
    try:
        entry = json.loads(line)
    except ValueError:
        found = re.search(rf"\b{what} on (\S+:\d+)", line)
        return found and found[1]
    if isinstance(entry, dict) and entry.get("message") == what:
        return entry.get("address")
    return None


def environment(settings):
    """Our environment without other carillon settings, with `settings` ({"limits.x": value})."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("CARILLON_")}
    if absent := os.environ.get("TESTED_ABSENT"):
        settings = {"testing.absent": absent, **settings}
    for key, value in settings.items():
        ours["CARILLON_" + key.replace(".", "_").upper()] = str(value)
    return ours


class Carillon:
    """A running server. `settings` are configuration keys, `options` flags of `carillon serve`."""

    def __init__(self, *options, settings=None, prefix=(), wait=True):
        command = [*prefix, binary(), "serve"]
        if "--listen" not in options:
            command += ["--listen", "127.0.0.1:0"]
        if "--control" not in options:
            command += ["--control", "127.0.0.1:0"]
        self.command = command + list(options)
        self.lines = []
        self.addresses = {}
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            env=environment({**UNHURRIED, **(settings or {})}))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            self.wait_for(lambda: len(self.addresses) == 2, "both listeners")
            self.host, port = self.addresses["listening"].rsplit(":", 1)
            self.port = int(port)
            self.control_port = int(self.addresses["control"].rsplit(":", 1)[1])
            self.address = f"{self.host}:{self.port}"

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                for what in ("listening", "control"):
                    found = address_in(line, what)
                    if found:
                        self.addresses.setdefault(what, found)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, condition, what):
        """Waits until `condition()` holds; looks again whenever the server says something."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not condition():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    state = self.process.poll()
                    self.stop(signal.SIGKILL)
                    said = "\n".join(self.lines[-20:])
                    raise AssertionError(f"no {what}; status {state}; the server said:\n{said}")
                self._changed.wait(0.1)

    # Asking

    @property
    def pid(self):
        return self.process.pid

    @property
    def alive(self):
        return self.process.poll() is None

    def url(self, path="/stream"):
        return f"ws://{self.address}{path}"

    def http(self, method, path, body=None, headers=None, control=False):
        """One request on a connection of its own: (status, headers, body)."""
        port = self.control_port if control else self.port
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            link.request(method, path, body, headers or {})
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            link.close()

    def publish(self, room, data, **headers):
        status, _, body = self.http("POST", "/api/publish", {"room": room, "data": data}, headers)
        assert status == 200, (status, body)
        return json.loads(body)["receivers"]

    def metrics(self):
        """The metrics page: {name: sum over its labels}, and {'name{labels}': value} beside."""
        status, _, page = self.http("GET", "/metrics", control=True)
        assert status == 200
        values = {}
        for line in page.decode().splitlines():
            if line.startswith("#") or not line.strip():
                continue
            series, value = line.rsplit(" ", 1)
            values[series] = float(value)
            name = series.split("{")[0]
            if name != series:
                values[name] = values.get(name, 0.0) + float(value)
        return values

    def settles(self, **wanted):
        """Waits until the metrics named have the values given.

        `connections_open` is 1 when nobody is there: the connection that asks counts itself.
        """
        return eventually(
            lambda: {k: self.metrics().get(k) for k in wanted},
            lambda seen: all(seen[k] == wanted[k] for k in wanted))

    def resident(self):
        """Octets of memory in use, without what is shared with files."""
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # Stopping

    def send(self, number):
        """Sends the process a signal."""
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE):
        """The exit status; the log is complete afterwards."""
        status = self.process.wait(patience)
        self._reader.join(PATIENCE)
        return status

    def stop(self, number=signal.SIGTERM):
        """Ends the process, kindly at first, and returns its status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *error):
        # SIGINT: no drain. The drain has tests of its own.
        self.stop(signal.SIGINT)


def bounded(mebioctets):
    """A bound on memory in octets; sanitizers keep what is freed, so theirs is wider."""
    return mebioctets * int(os.environ.get("TESTED_MEMORY_FACTOR", 1)) << 20


def eventually(look, condition, patience=PATIENCE):
    """Looks until what is seen satisfies `condition`; returns it, or fails with the last look."""
    deadline = time.monotonic() + patience
    while True:
        seen = look()
        if condition(seen):
            return seen
        assert time.monotonic() < deadline, f"still {seen}"
        time.sleep(0.02)


def free_ports(count):
    """Ports nobody listens on, for servers that cannot choose one. They come from outside the range
    that outgoing connections use, so that they are still free when the server starts or comes back."""
    ports, number = [], 20000 + os.getpid() % 400 * 20
    while len(ports) < count:
        number = number + 1 if number < 31000 else 20000
        with socket.socket() as probe:
            # As servers do: connections of the last run may linger.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
        if number not in free_ports.given:
            free_ports.given.add(number)
            ports.append(number)
    return ports


free_ports.given = set()


def free_port():
    return free_ports(1)[0]
