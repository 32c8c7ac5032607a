"""The golden conversations of WAMP over real sockets, in every serialization, plain and batched.

Tests/Transcripts/README.md has the format. The texts are JSON; for the other serializations the same
messages are written in those, except where a conversation says octets of its own.
"""

import json
import re
import time

import pytest
from matching import Bindings
from serializations import NAMES, from_json
from transcripts import FOLDER, conversations
from wamp_crossbar import Lens
from wamp_router import Router
from wamp_session import ABORT, RawSession
from wire import Ended, Link

CONVERSATIONS = conversations(FOLDER.glob("wamp/*.txt"))
OCTETS = re.compile(r"[A-Z]?>(octets|binary)( |$)")


def cases():
    """Every conversation in JSON on one and on two cores, and once in each other serialization."""
    for name, _, statements in CONVERSATIONS:
        octets = any(OCTETS.match(line) for _, line in statements)
        for serialization in NAMES:
            if octets and serialization != "json":
                continue
            for cores in (1, 2) if serialization == "json" else (2,):
                yield pytest.param(cores, serialization, statements,
                                   id=f"{name.partition('/')[2]}-{serialization}-{cores}")


@pytest.fixture(scope="module")
def routers():
    """Routers by their number of cores and the serialization: what one retains no other sees."""
    running = {}
    yield running
    for router in running.values():
        router.stop()


@pytest.mark.parametrize("cores, serialization, statements", cases())
def test_a_conversation_goes_as_written(routers, cores, serialization, statements):
    key = cores if not Router.is_crossbar else 0
    if key not in routers or not routers[key].alive:
        routers[key] = Router(cores=cores)
        routers[key].cores = Cores(routers[key]) if cores > 1 and not Router.is_crossbar else None
    router = routers[key]
    play = Play(router, serialization, pause=0.02 if cores > 1 else 0)
    try:
        for place, statement in statements:
            try:
                play.perform(statement)
            except Exception as error:
                raise AssertionError(f"{place}: {statement[:300]}: {error!s:.600}") from error
        play.end()
    finally:
        play.leave()
    router.settled()
    assert router.alive, router.said()


class Cores:
    """Connections of HTTP to a router's cores. The kernel deals them: of so many, hardly all to one."""

    def __init__(self, router):
        self.address, self.links = f"{router.host}:{router.port}", []

    def are_reached(self):
        """Returns when every core has done what came to it before, and what another core had for it."""
        for _ in range(2):
            try:
                self.ask()
            except (Ended, OSError):  # they have been idle for too long
                self.links = []
                self.ask()

    def ask(self):
        self.links = self.links or [Link(self.address) for _ in range(16)]
        for link in self.links:
            link.send(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
        for link in self.links:
            assert link.response()[0] == 404


class Play:
    """The sessions of one conversation, by letter."""

    runs = 0

    def __init__(self, router, serialization, pause):
        self.router, self.serialization, self.pause = router, serialization, pause
        Play.runs += 1
        self.run = str(Play.runs)
        self.sessions, self.names, self.lenses, self.sender, self.group = {}, Bindings(), {}, None, None

    def parsed(self, text):
        # `$run` stands inside texts, other places are whole ones.
        return from_json(json.loads(text.replace("$run", self.run)))

    def perform(self, statement):
        if found := re.fullmatch(r"([A-Z])<~ (.*)", statement):
            return self.one_of(found[1], self.parsed(found[2]))
        self.close_group()
        if found := re.fullmatch(r"open ([A-Z]) (\S+)", statement):
            self.hand_over(None)
            self.sessions[found[1]] = RawSession(
                self.router.url.rstrip("/") + found[2], self.serialization)
        elif found := re.fullmatch(r'join ([A-Z])(?: (\w+))?(?: (\{.*\}))?(?: "(.*)")?', statement):
            self.hand_over(None)
            letter, realm, details, secret = found.groups()
            session = self.sessions[letter] = RawSession(self.router.url, self.serialization)
            session.join(realm or "realm1", secret, **self.parsed(details or "{}"))
            self.names[letter] = session.id
            self.names[letter + ".authid"] = session.details["authid"]
        elif found := re.fullmatch(r"([A-Z])>(octets|binary)(?: (.*))?", statement):
            self.hand_over(found[1])
            octets = (found[3] or "").encode()
            self.sessions[found[1]].send_octets(octets, binary=found[2] == "binary")
        elif found := re.fullmatch(r"([A-Z])>close (\d+)", statement):
            self.nothing_waits(self.sessions[found[1]])
            self.sessions.pop(found[1]).socket.close(int(found[2]))
        elif found := re.fullmatch(r"([A-Z])> (.*)", statement):
            self.hand_over(found[1])
            message = self.names.filled(self.parsed(found[2]))
            self.sessions[found[1]].send(self.lens(found[1]).sent(message) if Router.is_crossbar else message)
        elif found := re.fullmatch(r"([A-Z])<close (\d+)", statement):
            self.sessions.pop(found[1]).ends_with(int(found[2]))
        elif found := re.fullmatch(r"([A-Z])<closed", statement):
            self.sessions.pop(found[1]).ends_with(None)
        elif found := re.fullmatch(r"([A-Z]) lost", statement):
            self.hand_over(None)
            self.sessions.pop(found[1]).lose()
        elif found := re.fullmatch(r"([A-Z])<(payload)? (.*)", statement):
            got = self.next(found[1])
            pattern = self.parsed(found[3])
            if found[2]:
                got, pattern = without_empties(got), without_empties(pattern)
            self.compare(pattern, got)
        else:
            raise AssertionError("not understood")

    def lens(self, letter):
        return self.lenses.setdefault(self.sessions[letter], Lens())

    def next(self, letter):
        got = self.sessions[letter].receive()
        return self.lens(letter).received(got) if Router.is_crossbar else got

    def compare(self, pattern, got):
        if difference := self.names.difference(pattern, got):
            raise AssertionError(f"{difference}; got {got!r:.400}")

    def one_of(self, letter, pattern):
        """Lines `<~` of one client that follow each other: these messages, in any order."""
        if self.group and self.group[0] != letter:
            self.close_group()
        if not self.group:
            self.group = (letter, [])
        self.group[1].append(without_empties(pattern))

    def close_group(self):
        if not self.group:
            return
        (letter, patterns), self.group = self.group, None
        for _ in range(len(patterns)):
            got = without_empties(self.next(letter))
            for pattern in patterns:
                trial = Bindings(self.names)
                if trial.difference(pattern, got) is None:
                    self.names = trial
                    patterns.remove(pattern)
                    break
            else:
                raise AssertionError(f"{got!r:.400} is none of {patterns!r:.600}")

    def hand_over(self, letter):
        """Another client acts: first, what the one before sent has had its effect."""
        if self.sender not in (None, letter) and self.sender in self.sessions:
            try:
                self.sessions[self.sender].barrier()
            except Exception:
                pass  # a session that the router ended; what is expected of it comes later
            self.others_are_reached()
        self.sender = letter

    def others_are_reached(self):
        """What another core does takes its own way."""
        if self.pause:
            time.sleep(self.pause)
            if self.router.cores:
                self.router.cores.are_reached()

    def nothing_waits(self, session):
        """A ping is answered by its pong, and no message is there."""
        session.barrier()
        assert not session.has_message(), f"unexpected {session.waiting[0]!r:.400}"

    def end(self):
        self.close_group()
        self.hand_over(None)
        for session in self.sessions.values():
            self.nothing_waits(session)

    def leave(self):
        for session in self.sessions.values():
            try:
                if session.socket.protocol.state.name == "OPEN":
                    session.send([ABORT, {}, "com.app.over"])
            except Exception:
                pass
            session.close()


def without_empties(message):
    """Empty arguments at the end may be written or left out."""
    while message[-1] in ([], {}) and len(message) > 4:
        message = message[:-1]
    return message


def test_there_are_conversations():
    assert len(CONVERSATIONS) > 200
    assert len({name for name, _, _ in CONVERSATIONS}) == len(CONVERSATIONS)

