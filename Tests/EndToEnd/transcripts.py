"""What the golden conversations of Tests/Transcripts say, and how they go over sockets.

A play is one conversation with its clients. Each statement is a method, found by its pattern.
"""

import json
import re
import time

from callee import Callee, Failure, Result
from matching import Bindings
from process import ROOT
from stub_api import HANG_UP, SILENCE, Answer
from wire import BINARY, PING, PONG, TEXT, Visitor, close, frame

FOLDER = ROOT / "Tests/Transcripts"


class Number(str):
    """A JSON number by its digits: 1.50 is not 1.5."""


def parsed(text):
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)


def conversations(files):
    """(name, settings, numbered statements) of every conversation of every file."""
    found = []
    for file in sorted(files):
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
            if line.startswith("# "):
                name, settings, statements = line[2:].split(" ")[0], [], []
                found.append((name, settings, statements))
            elif line.startswith("with "):
                settings.extend(tuple(word.split("=", 1)) for word in line[5:].split())
            elif line.strip() and not line.startswith("//"):
                statements.append((f"{file.name}:{number}", line))
    return found


def statement(pattern):
    def mark(method):
        method.pattern = re.compile(pattern, re.S)
        return method
    return mark


class Play:
    """The clients of one conversation, by letter, and what all dialects have in common."""

    def __init__(self, world, pause):
        self.world, self.server, self.pause = world, world.server, pause
        self.peers, self.names, self.group, self.fields = {}, Bindings(), None, {}
        methods = (getattr(type(self), name) for name in dir(type(self)))
        self.statements = [m for m in methods if hasattr(m, "pattern")]

    def perform(self, text):
        for method in self.statements:
            if found := method.pattern.fullmatch(text):
                if method.__name__ != "one_of":
                    self.close_group()
                return method(self, *found.groups())
        raise AssertionError("not understood")

    @statement(r"open (?:([A-Z]) )?(/\S*)(?: subprotocol=(\S+))?")
    def open(self, letter, path, subprotocols):
        offered = subprotocols and subprotocols.replace(",", ", ")
        fields, self.fields = self.fields, {}
        self.last = Visitor(self.server.address, path, Sec_WebSocket_Protocol=offered, **fields)
        self.peers[letter or ""] = self.last

    @statement(r"http (\S+)")
    def http(self, path):
        self.answer = self.server.http("GET", path)

    @statement(r"<http (\d+)(?: (.+?) (\{.*))?")
    def answered(self, status, kind, body):
        assert self.answer[0] == int(status), self.answer
        if kind:
            assert self.answer[1]["Content-Type"] == kind, self.answer[1]["Content-Type"]
            assert parsed(self.answer[2]) == parsed(body), self.answer[2]

    @statement(r"api (\S+) (.*)")
    def api(self, room, value):
        body = b'{"room":%s,"data":%s}' % (json.dumps(room).encode(), value.encode())
        self.post("/api/publish", body)

    def post(self, path, body, status=200):
        answer = self.server.http("POST", path, body)
        assert answer[0] == status, answer
        return answer[2].decode()

    @statement(r"([A-Z]?)>(binary)?(?: (.*))?")
    def send(self, letter, binary, text):
        self.peers[letter].send(frame(BINARY if binary else TEXT, text or ""))

    @statement(r"([A-Z]?)>octets (\w+)")
    def send_octets(self, letter, digits):
        self.peers[letter].send(frame(BINARY, bytes.fromhex(digits)))

    @statement(r"([A-Z]?)>close (\d+)")
    def leave_by(self, letter, code):
        peer = self.peers.pop(letter)
        self.nothing_waits(peer)
        peer.send(close(int(code)))
        peer.ends_with(int(code))
        peer.close()

    @statement(r"([A-Z]?)<close (\d+)(?: (.*))?")
    def closed(self, letter, code, reason):
        peer = self.peers.pop(letter)
        got = peer.ends_with(int(code), answer=True)
        assert reason is None or got == reason.encode(), got
        peer.close()

    @statement(r"([A-Z]?)< (.*)")
    def message(self, letter, pattern):
        got = self.peers[letter].message().decode()
        if difference := self.difference(pattern, got, self.names):
            raise AssertionError(f"{difference}; got {got[:500]}")

    @statement(r"([A-Z]?)<~ (.*)")
    def one_of(self, letter, pattern):
        """Such lines of one client that follow each other: these messages, in any order."""
        if self.group and self.group[0] != letter:
            self.close_group()
        self.group = self.group or (letter, [])
        self.group[1].append(pattern)

    def close_group(self):
        (letter, patterns), self.group = self.group or ("", []), None
        for _ in range(len(patterns)):
            got = self.peers[letter].message().decode()
            for pattern in patterns:
                if not self.difference(pattern, got, self.names):
                    patterns.remove(pattern)
                    break
            else:
                raise AssertionError(f"{got[:400]} is none of {patterns}")

    def difference(self, pattern, got, names):
        return None if parsed(got) == parsed(pattern) else "another message"

    def nothing_waits(self, peer):
        """A ping is answered by its pong, with nothing in between."""
        time.sleep(self.pause)  # what another core publishes takes its own way
        peer.send(frame(PING, b"anything else?"))
        got = peer.receive()
        assert got.opcode == PONG and got.payload == b"anything else?", f"unexpected {got}"

    def end(self):
        self.close_group()
        for peer in self.peers.values():
            if peer.status == 101:
                self.nothing_waits(peer)

    def leave(self):
        for peer in self.peers.values():
            peer.close()


class ShampooPlay(Play):
    def __init__(self, world, pause):
        super().__init__(world, pause)
        world.api.forget()
        self.ends = 0

    @statement(r"<open (\S+)")
    def agreed(self, subprotocol):
        assert self.last.status == 101, (self.last.status, self.last.reason)
        assert self.last.fields["sec-websocket-protocol"] == subprotocol

    @statement(r"<refused (\d+) (.*)")
    def refused(self, status, reason):
        assert (self.last.status, self.last.reason) == (int(status), reason), self.last.reason
        assert self.last.body.decode() == reason, self.last.body

    @statement(r"ended (\d+)")
    def ended(self, count):
        while self.ends < int(count):
            self.world.api.take("POST", "end")
            self.ends += 1
        assert not [r for r in self.world.api.requests if r.target == "end"]


class HighTemplarPlay(Play):
    NONE = {"timeout": SILENCE, "unreachable": HANG_UP, "too-large": Answer(200, b" " * (2 << 20))}

    def __init__(self, world, pause):
        super().__init__(world, pause)
        world.api.answer = world.DEFAULT
        world.api.forget()

    def difference(self, pattern, got, names):
        return got != pattern and names.difference(parsed(pattern), parsed(got))

    @statement(r"answer (\d+)(?: type=(\S+))?(?: (.*))?")
    def api_answers(self, status, kind, body):
        self.world.api.answer = Answer(int(status), body or "", kind or "application/json")

    @statement(r"answer (timeout|unreachable|too-large)")
    def api_fails(self, how):
        self.world.api.answer = self.NONE[how]

    @statement(r"header ([^:]+):\s*(.*)")
    def header(self, name, value):
        self.fields[name] = value

    @statement(r"([A-Z]?)<refused (\d+) ?(.*)")
    def refused(self, letter, status, text):
        peer = self.peers.pop(letter)
        assert peer.status == int(status) and text in peer.body.decode(), (peer.status, peer.body)
        peer.close()

    @statement(r"asked ([A-Z]+) (\S+)(?: (.*))?")
    def asked(self, method, target, headers):
        request = self.world.api.take(method, target)
        for name, value in json.loads(headers or "{}").items():
            got = request.headers.getall(name, [])
            if name == "Host" and value is None:  # every request has one; it is the API's own
                value = f"127.0.0.1:{self.world.api.port}"
            assert got == ([] if value is None else [value]), f"{name}: {got}"

    @statement("asked nothing")
    def asked_nothing(self):
        left = [(r.method, r.target) for r in self.world.api.requests]
        assert not left, left

    @statement(r"trigger (.*)")
    def trigger(self, body):
        self.triggered = self.server.http("POST", "/trigger/", body.encode())

    @statement(r"<trigger (\d+) (.*)")
    def trigger_answered(self, status, text):
        assert self.triggered[0] == int(status), self.triggered
        assert self.triggered[2].decode() == text, self.triggered


class Beginnings(Bindings):
    """A text that ends in `$...` is any that begins so."""

    def difference(self, pattern, value, at="message"):
        if type(pattern) is type(value) is str and pattern.endswith("$...") and pattern != "$...":
            return None if value.startswith(pattern[:-4]) else f"{at}: {value!r}"
        return super().difference(pattern, value, at)


class RohrpostPlay(Play):
    def __init__(self, world, pause):
        super().__init__(world, pause)
        self.names, self.callee = Beginnings(), None

    def difference(self, pattern, got, names):
        # Without a place every octet is said: the order of members is part of the protocol.
        if "$" not in pattern:
            return None if got == pattern else "other octets"
        return names.difference(parsed(pattern), parsed(got))

    @statement(r"(notify|send) (.*)")
    def report(self, what, body):
        self.post(f"/api/rohrpost/{what}", body.encode())

    @statement(r"procedure (\S+) (?:! (\S+) ?)?(.*)")
    def procedure(self, name, uri, answer):
        self.callee = self.callee or Callee(self.server.address)
        if uri:
            outcome = Failure(uri, json.dumps([answer]) if answer else "[]")
        else:
            outcome = Result(f"[{answer}]")
        self.callee.register(name, lambda *_: outcome)

    def leave(self):
        super().leave()
        if self.callee:
            self.callee.stop()
