"""One run of `carillon wamp`, and the files it reads."""

import os
import subprocess
import threading
import time

from process import PATIENCE, binary


class Command:
    """One run of `carillon wamp`."""

    def __init__(self, url, folder, *words, input=None, keeps_input=False, output=None):
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("CARILLON_")}
        self.words = [binary(), "wamp", *map(str, words)]
        self.process = subprocess.Popen(
            self.words, cwd=folder, text=True,
            stdin=subprocess.PIPE, stdout=output or subprocess.PIPE, stderr=subprocess.PIPE,
            env={**surroundings, "CARILLON_URL": url})
        self.notes, self.lines = [], []
        self.changed = threading.Condition()
        self.readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stderr, self.notes), (self.process.stdout, self.lines))
            if pair[0] is not None]
        for reader in self.readers:
            reader.start()
        if input is not None:
            self.process.stdin.write(input)
        if not keeps_input:
            self.process.stdin.close()

    def _read(self, stream, lines):
        for line in stream:
            with self.changed:
                lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def wait_for(self, condition):
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while not condition():
                over = time.monotonic() > deadline or not any(r.is_alive() for r in self.readers)
                assert not over, (self.words, self.lines, self.notes)
                self.changed.wait(0.1)
        return self

    def ready(self, count=1):
        """Returns when the router has taken so many subscriptions or registrations."""
        def seen():
            return sum("subscribed" in n or "registered" in n for n in self.notes) >= count
        return self.wait_for(seen)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self, status=0):
        """Waits for the end, expects the status and returns the lines."""
        assert self.process.wait(PATIENCE) == status, (self.words, self.lines, self.notes)
        for reader in self.readers:
            reader.join(PATIENCE)
        return self.lines

    @property
    def said(self):
        return "\n".join(self.notes)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def secret(folder, text):
    file = folder / "secret"
    file.write_text(text + "\n")
    file.chmod(0o600)
    return file
