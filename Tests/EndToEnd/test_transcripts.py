"""The golden conversations of Tests/Transcripts over real sockets; their README has the format."""

import json
import pathlib
import re
import time

import pytest
from process import ROOT, Carillon
from wire import BINARY, CLOSE, PING, PONG, TEXT, Peer, close, frame

FOLDER = ROOT / "Tests/Transcripts"
SETTINGS = {
    "channels": "openapi.channels", "methods": "openapi.methods", "test-methods": "openapi.test_methods",
    "subscription-limit": "limits.subscriptions_per_connection", "refusal-limit": "limits.subscription_refusals",
}


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
                name, settings, statements = line[2:].split(" ")[0], {}, []
                found.append((name, settings, statements))
            elif line.startswith("with "):
                settings.update(word.split("=", 1) for word in line[5:].split())
            elif line.strip() and not line.startswith("//"):
                statements.append((f"{file.name}:{number}", line))
    return found


# WAMP's have a runner of their own: its messages have places for what a router chooses.
CONVERSATIONS = conversations(f for f in FOLDER.glob("*/*.txt") if f.parent.name != "wamp")


@pytest.fixture(scope="module")
def servers():
    """Servers by their settings: conversations with the same ones share one."""
    running = {}
    yield running
    for server in running.values():
        server.__exit__()


def value(setting, word):
    return {"on": "true", "off": "false"}.get(word, word) if setting == "test-methods" else word


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name,settings,statements", CONVERSATIONS, ids=[c[0] for c in CONVERSATIONS])
def test_a_conversation_goes_as_written(servers, name, settings, statements, cores):
    key = (cores, tuple(sorted(settings.items())))
    if key not in servers or not servers[key].alive:
        servers[key] = Carillon("--cores", str(cores), settings={
            SETTINGS[setting]: value(setting, word) for setting, word in settings.items()})
    server = servers[key]
    # The one before is gone: connections are counted by some conversations.
    server.settles(ws_open=0)
    play = Play(server, pause=0.02 if cores > 1 else 0)
    try:
        for place, statement in statements:
            try:
                play.perform(statement)
            except Exception as error:
                raise AssertionError(f"{place}: {statement[:200]}: {error}") from error
        play.end()
    finally:
        play.leave()


class Play:
    """The clients of one conversation, by letter."""

    def __init__(self, server, pause):
        self.server, self.pause, self.peers, self.answer = server, pause, {}, None

    def perform(self, statement):
        if found := re.fullmatch(r"open (?:([A-Z]) )?(\S+)(?: subprotocol=(\S+))?", statement):
            letter, path, subprotocol = found.groups()
            self.peers[letter or ""] = Peer(self.server.address, path, Sec_WebSocket_Protocol=subprotocol)
        elif found := re.fullmatch(r"http (\S+)", statement):
            self.answer = self.server.http("GET", found[1])
        elif found := re.fullmatch(r"<http (\d+) (.+?) (\{.*)", statement):
            status, headers, body = self.answer
            assert status == int(found[1]), status
            assert headers["Content-Type"] == found[2], headers["Content-Type"]
            assert parsed(body) == parsed(found[3]), body
        elif found := re.fullmatch(r"api (\S+) (.*)", statement):
            body = b'{"room":%s,"data":%s}' % (json.dumps(found[1]).encode(), found[2].encode())
            status, _, answer = self.server.http("POST", "/api/publish", body)
            assert status == 200, answer
        elif found := re.fullmatch(r"([A-Z]?)>(binary |close | |)(.*)", statement, re.S):
            letter, kind, text = found.groups()
            peer = self.peers[letter]
            if kind == "close ":
                self.nothing_waits(peer)
                code = int(text)
                peer.send(close(code))
                peer.ends_with(code)
                self.peers.pop(letter).close()
            else:
                peer.send(frame(BINARY if kind == "binary " else TEXT, text))
        elif found := re.fullmatch(r"([A-Z]?)<close (\d+)", statement):
            peer = self.peers.pop(found[1])
            peer.ends_with(int(found[2]), answer=True)
            peer.close()
        elif found := re.fullmatch(r"([A-Z]?)< (.*)", statement):
            got = self.peers[found[1]].message().decode()
            assert parsed(got) == parsed(found[2]), f"got {got[:500]}"
        else:
            raise AssertionError("not understood")

    def nothing_waits(self, peer):
        """A ping is answered by its pong, with nothing in between."""
        time.sleep(self.pause)  # what another core publishes takes its own way
        peer.send(frame(PING, b"anything else?"))
        got = peer.receive()
        assert got.opcode == PONG and got.payload == b"anything else?", f"unexpected {got}"

    def end(self):
        for peer in self.peers.values():
            self.nothing_waits(peer)

    def leave(self):
        for peer in self.peers.values():
            peer.close()


def test_there_are_conversations():
    assert len(CONVERSATIONS) > 10
