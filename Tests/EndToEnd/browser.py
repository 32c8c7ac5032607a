"""Chromium without a window, led by its DevTools protocol: pages, and the WebSockets they open.

    with Browser() as browser:
        page = browser.page()                       a tab
        socket = page.open("ws://127.0.0.1:8000/stream")
        socket.say("text"); socket.hear()           str, or bytes for a binary message

A command waits for its answer, and an answer may be a promise of the page: `hear` is one. Whether a
message was compressed cannot be seen from a page; what was agreed can (`socket.extensions`), and the
server counts its compressions.
"""

import base64
import contextlib
import functools
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading

from process import PATIENCE
from websockets.sync.client import connect

# Runs in every page: sockets by number, what they heard in order, and who waits for more of it.
SCRIPT = """
const base64 = octets => {
    let text = "";
    for (const octet of new Uint8Array(octets)) text += String.fromCharCode(octet);
    return btoa(text);
};
const octets = base64 => Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
class Tapped {
    constructor(url, protocols) {
        this.heard = [];
        this.socket = new WebSocket(url, protocols);
        this.socket.binaryType = "arraybuffer";
        this.news = new Promise(wake => this.wake = wake);
        this.closed = new Promise(done => this.socket.onclose = end => {
            this.end = {code: end.code, reason: end.reason, clean: end.wasClean};
            done(this.end);
            this.wake();
        });
        this.socket.onmessage = message => {
            const {data} = message;
            this.heard.push(typeof data === "string" ? {text: data} : {binary: base64(data)});
            this.wake();
        };
        this.opened = new Promise(done => this.socket.onopen = done);
    }
    async open() {
        await Promise.race([this.opened, this.closed]);
        const {protocol, extensions} = this.socket;
        return this.end ? {end: this.end} : {protocol, extensions};
    }
    async hear(count) {
        while (this.heard.length < count) {
            if (this.end) return {heard: this.heard.splice(0), end: this.end};
            await this.news;
            this.news = new Promise(wake => this.wake = wake);
        }
        return {heard: this.heard.splice(0, count)};
    }
}
const sockets = [];
"""


def program():
    """Where Chromium is, or None."""
    return shutil.which(os.environ.get("TESTED_CHROMIUM", "chromium"))


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(
            prefix="carillon-browser.", ignore_cleanup_errors=True)
        # Pages without an address of their own may talk to loopback addresses.
        self.process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--remote-debugging-port=0",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-features=LocalNetworkAccessChecks",
             f"--user-data-dir={self.folder.name}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", env={**os.environ, "HOME": self.folder.name})
        self.numbers = itertools.count(1)
        late = threading.Timer(2 * PATIENCE, self.process.kill)
        late.start()
        said = []
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        else:
            late.cancel()
            raise AssertionError("Chromium did not start:\n" + "".join(said[-20:]))
        late.cancel()
        # Somebody must read what it says, or it stops when the pipe is full.
        threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()
        self.open = contextlib.ExitStack()
        self.socket = self.open.enter_context(
            connect(found[1], max_size=None, open_timeout=PATIENCE, compression=None))

    def command(self, method, session=None, until=None, **parameters):
        """The command's result, once it is there and event `until` of the session has come."""
        number, result = next(self.numbers), None
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        while result is None or until:
            got = json.loads(self.socket.recv(PATIENCE))
            if got.get("id") == number:
                assert "error" not in got, (method, got["error"])
                result = got["result"]
            elif until and (got.get("method"), got.get("sessionId")) == (until, session):
                until = None
        return result

    def page(self, url="about:blank"):
        return Page(self, url)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        try:
            self.command("Browser.close")
        except Exception:
            self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.open.close()
        self.folder.cleanup()


class Page:
    """A tab. After `reload` its sockets are gone, as those of any page."""

    def __init__(self, browser, url):
        self.target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.command("Target.attachToTarget", targetId=self.target, flatten=True)
        self.browser, self.session = browser, attached["sessionId"]
        self.command = functools.partial(browser.command, session=self.session)
        self.command("Page.enable")
        self.command("Page.addScriptToEvaluateOnNewDocument", source=SCRIPT)
        self.command("Page.navigate", url=url, until="Page.loadEventFired")

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, url, *protocols):
        """A socket that must open."""
        socket = Socket(self, url, protocols)
        assert socket.refused is None, (url, socket.refused)
        return socket

    def refused(self, url, *protocols):
        """How opening a socket that must not open ended."""
        socket = Socket(self, url, protocols)
        assert socket.refused, f"{url} opened"
        return socket.refused

    def reload(self):
        self.command("Page.reload", until="Page.loadEventFired")

    def close(self):
        self.browser.command("Target.closeTarget", targetId=self.target)


class Socket:
    def __init__(self, page, url, protocols):
        self.page = page
        arguments = f"{json.dumps(url)}, {json.dumps(protocols)}"
        self.name = f"sockets[{page.evaluate(f'sockets.push(new Tapped({arguments})) - 1')}]"
        opened = page.evaluate(f"{self.name}.open()")
        self.refused = opened.get("end")
        self.protocol, self.extensions = opened.get("protocol"), opened.get("extensions")

    def say(self, message):
        if isinstance(message, bytes):
            message = f"octets({json.dumps(base64.b64encode(message).decode())})"
        else:
            message = json.dumps(message)
        self.page.evaluate(f"{self.name}.socket.send({message})")

    def hear(self, count=None):
        """The next message, or the next `count` as a list."""
        got = self.page.evaluate(f"{self.name}.hear({count or 1})")
        assert "end" not in got, f"closed after {len(got['heard'])} messages: {got['end']}"
        heard = [m["text"] if "text" in m else base64.b64decode(m["binary"]) for m in got["heard"]]
        return heard if count else heard[0]

    def ask(self, message):
        """Says one JSON value and hears the next."""
        self.say(json.dumps(message))
        return json.loads(self.hear())

    def close(self, *arguments):
        """Closes from the page; how it ended: code, reason, and whether by the closing handshake."""
        self.page.evaluate(f"{self.name}.socket.close(...{json.dumps(arguments)})")
        return self.end()

    def end(self):
        return self.page.evaluate(f"{self.name}.closed")
