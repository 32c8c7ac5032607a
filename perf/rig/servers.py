"""The servers of perf/servers.json: which are installed, how they are started and stopped."""

import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .machine import PERF, TOOLS, family, free_port


class LeftOut(Exception):
    """A server or a case that cannot be had here; its text is the reason."""


class DoesNotStart(SystemExit):
    """A server that is there and ends, or never listens. Who cannot go on without it, ends too."""


PROTOCOLS = ("room", "echo", "upgrade", "plain", "wamp", "exact", "prefix", "wildcard")


class Definition:
    """One entry of servers.json. README.md explains its members."""

    def __init__(self, name, members):
        self.name = name
        self.members = members
        self.about = members["about"]
        self.many_per_frame = members.get("manyPerFrame", False)

    @staticmethod
    def all():
        entries = json.loads((PERF / "servers.json").read_text())
        for entry in entries.values():
            # A server that speaks like another shares its protocols, nothing else.
            for key in PROTOCOLS:
                if key in entries.get(entry.get("like"), {}):
                    entry.setdefault(key, entries[entry["like"]][key])
        return {name: Definition(name, entry) for name, entry in entries.items()}

    def programs(self):
        """{place: path} of what it needs installed; raises LeftOut when something is missing."""
        found = {}
        for place, candidates in self.members.get("programs", {}).items():
            places = (os.path.expandvars(c.replace("{tools}", str(TOOLS))) for c in candidates)
            paths = (shutil.which(place) or place for place in places)
            path = next((p for p in paths if pathlib.Path(p).is_absolute() and os.path.exists(p)), None)
            if path is None:
                raise LeftOut(f"{self.name} is left out: {place} is not installed "
                              f"({self.members['install']})")
            found["{" + place + "}"] = path
        for word in self.members["command"]:
            if word.startswith("$") and word[1:] not in os.environ:
                raise LeftOut(f"{self.name} is left out: {word[1:]} is not set")
        return found

    def protocol(self, name, scenario):
        """How the server says what `scenario` needs: one of PROTOCOLS, or "covering" or "program"."""
        members = self.members
        if scenario in members.get("skip", {}):
            raise LeftOut(f"{self.name} is left out: {members['skip'][scenario]}")
        if name == "program":
            if self.name != "carillon":
                raise LeftOut(f"{self.name} is left out: the program is of ours alone")
            return {"path": ""}
        if name in ("upgrade", "plain") and name not in members and "room" in members:
            return {k: v for k, v in members["room"].items() if k in ("path", "subprotocol")}
        if name not in members:
            raise LeftOut(f"{self.name} is left out: it has no {name}")
        return {**members[name], "manyPerFrame": self.many_per_frame}

    def form(self, deflate):
        """Which of its processes serves: "plain", or "deflate" where that takes another one."""
        if not deflate:
            return "plain"
        if "deflate" not in self.members:
            raise LeftOut(f"{self.name} is left out: it does not compress")
        return "deflate" if self.members["deflate"] == "own" else "plain"


class Server:
    """A running server, on a free port of 127.0.0.1, pinned to its CPUs."""

    def __init__(self, definition, form, options):
        self.name = definition.name
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix=f"carillon-{self.name}.")
        # A server that gives up root must still reach its folder.
        os.chmod(self.folder.name, 0o777)
        members = definition.members
        places = {
            "{port}": str(self.port), "{control}": str(free_port()), "{carillon}": options.carillon,
            "{floor}": str(TOOLS / "floor_ws"), "{files}": self.folder.name,
            "{deflate}": "on" if form == "deflate" else "off", **definition.programs(),
        }
        for name in members.get("files", []):
            text = fill((PERF / "templates" / name).read_text(), places)
            (pathlib.Path(self.folder.name) / name).write_text(text)
        words = members["command"]
        if form == "deflate":
            words = members.get("deflateCommand", words)
        self.command = [fill(os.environ[w[1:]] if w.startswith("$") else w, places) for w in words]
        self.prefix = prefix()
        self.guests = []  # clients that stay as long as it runs
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CARILLON_")}
        self.process = subprocess.Popen(
            [*self.prefix, "taskset", "-c", members.get("cpus", "0"), *self.command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment)
        self.pid = self.process.pid  # nice and taskset replace themselves
        self.pids = [self.pid]
        self._wait_until_it_listens()
        self.pids = family(self.pid)

    def _wait_until_it_listens(self):
        until = time.monotonic() + 40  # Python with all its imports on a busy machine
        while not self._listens():
            if not self.alive or time.monotonic() > until:
                self.stop()
                raise DoesNotStart(f"{self.name} does not start: {os.path.basename(self.command[0])} {shlex.join(self.command[1:])}")
            time.sleep(0.05)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    @property
    def alive(self):
        return self.process.poll() is None

    def _kill_all(self):
        """Ends the process and its children, which nobody else would end any more."""
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def stop(self):
        for guest in self.guests:
            guest.stop()
        if self.alive:
            self.pids = family(self.pid)
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self._kill_all()
        self.folder.cleanup()


def fill(text, places):
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def prefix():
    """What servers and generators run under. Priority, where it is allowed, keeps others out."""
    return ["nice", "-n", "-15"] if os.geteuid() == 0 else []
