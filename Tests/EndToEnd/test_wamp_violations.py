"""Every message with every wrong type, length and state: the ABORT that WAMP asks for, and no harm.

The catalogue is written down once more here, as naively as can be, so that it is not the router's own
that judges. Reference §3 and §4.
"""

import random

import pytest
from serializations import NAMES, Serialization
from wamp_session import ABORT, AUTHENTICATE, CALL, CHALLENGE, HELLO, REGISTER, ROLES, WELCOME, RawSession
from websockets.exceptions import ConnectionClosed

ID, MAP, URI, LIST, TEXT = "id", "map", "uri", "list", "text"
GOOD = {ID: 1, MAP: {}, URI: "com.violation.x", LIST: [], TEXT: "x"}
# name: (code, elements, how many of them must be there)
CLIENT = {
    "HELLO": (1, [URI, MAP], 2), "ABORT": (3, [MAP, URI, LIST, MAP], 2), "AUTHENTICATE": (5, [TEXT, MAP], 2),
    "GOODBYE": (6, [MAP, URI], 2), "ERROR": (8, [ID, ID, MAP, URI, LIST, MAP], 4),
    "PUBLISH": (16, [ID, MAP, URI, LIST, MAP], 3), "SUBSCRIBE": (32, [ID, MAP, URI], 3),
    "UNSUBSCRIBE": (34, [ID, ID], 2), "CALL": (48, [ID, MAP, URI, LIST, MAP], 3),
    "CANCEL": (49, [ID, MAP], 2), "REGISTER": (64, [ID, MAP, URI], 3), "UNREGISTER": (66, [ID, ID], 2),
    "YIELD": (70, [ID, MAP, LIST, MAP], 2),
}
WRONG = {
    ID: [None, True, -1, 1.5, "1", "", [], {}, [1], 2**53 + 1, 2**63, b"\x01"],
    MAP: [None, True, 0, 1.5, "{}", [], [{}], b""],
    URI: [None, False, 0, 1.5, [], {}, ["com.x"], b"com.x"],
    TEXT: [None, False, 0, 1.5, [], {}, b"x"],
    LIST: [None, True, 0, "[]", {}, 1.5, b""],
}
ROUTER_ONLY = [2, 4, 17, 33, 35, 36, 50, 65, 67, 68, 69]
UNKNOWN = [0, 7, 9, 15, 18, 31, 37, 47, 51, 63, 71, 100, 255, 256, 1023, 1024, 2**32, 2**53, -1]


def broken():
    """(what, message) of everything that is never right once a session is established."""
    for name, (code, elements, needed) in CLIENT.items():
        good = [GOOD[kind] for kind in elements]
        if name == "ABORT":
            continue  # however it is written, the session is over
        for length in range(needed):
            yield f"{name} with {length} elements", [code, *good[:length]]
        yield f"{name} with one too many", [code, *good, 1]
        for place, kind in enumerate(elements):
            for wrong in WRONG[kind]:
                message = [code, *good]
                if name == "ERROR":
                    message[1] = 68
                message[place + 1] = wrong
                yield f"{name}[{place + 1}] = {wrong!r}", message
    for code in ROUTER_ONLY + UNKNOWN:
        for rest in ([], [1, {}], [1, 1, {}, "x"]):
            yield f"code {code}", [code, *rest]
    for value in (None, 1, "x", True, {}, {"a": 1}, [], [None], ["1"], [[1]], [1.5], [True], [{}]):
        yield f"{value!r}", value


BROKEN = list(broken())


def has_octets(message):
    return isinstance(message, list) and any(isinstance(element, bytes) for element in message)


def established(router, name):
    session = RawSession(router.url, name)
    session.join()
    return session


def is_ended(session, what):
    try:
        answer = session.receive()
        assert answer[0] == ABORT and len(answer) == 3, f"{what}: {answer}"
        assert answer[2] == "wamp.error.protocol_violation", f"{what}: {answer}"
        assert type(answer[1].get("message")) is str, f"{what}: {answer}"
        session.ends_with(1002)
    except (ConnectionClosed, TimeoutError) as error:
        raise AssertionError(f"{what}: {error}") from None


@pytest.mark.parametrize("name", ["json", "msgpack", "cbor.batched"])
def test_broken_messages_end_an_established_session(router, name):
    serialization = Serialization(name)
    for what, message in BROKEN:
        if serialization.is_text and has_octets(message):
            continue  # JSON writes octets as text
        session = established(router, name)
        session.send(message)
        is_ended(session, what)
    assert router.alive, router.said()


@pytest.mark.parametrize("name", ["json", "cbor"])
def test_nothing_but_hello_opens_a_session(router, name):
    for what, message in BROKEN:
        if has_octets(message):
            continue
        session = RawSession(router.url, name)
        session.send(message)
        is_ended(session, what)
    for member, (code, elements, _) in CLIENT.items():
        if member in ("HELLO", "ABORT"):
            continue
        session = RawSession(router.url, name)
        session.send([code, *(GOOD[kind] for kind in elements)])
        is_ended(session, member)


def test_nothing_but_authenticate_answers_a_challenge(router):
    for what, message in BROKEN[::3] + [
            (name, [code, *(GOOD[kind] for kind in elements)]) for name, (code, elements, _) in CLIENT.items()
            if name not in ("AUTHENTICATE", "ABORT")]:
        if has_octets(message):
            continue
        session = RawSession(router.url)
        session.send([HELLO, "realm1", {"roles": ROLES, "authmethods": ["ticket"], "authid": "martin"}])
        assert session.receive()[0] == CHALLENGE
        session.send(message)
        is_ended(session, what)


def test_an_abort_is_never_answered(router):
    for opening in ([], [HELLO, "realm1", {"roles": ROLES}],
                    [HELLO, "realm1", {"roles": ROLES, "authmethods": ["ticket"], "authid": "martin"}]):
        session = RawSession(router.url)
        if opening:
            session.send(opening)
            assert session.receive()[0] in (WELCOME, CHALLENGE)
        session.send([ABORT, {}, "com.violation.bye"])
        session.ends_with(None)


def test_nothing_after_a_violation_is_processed(router):
    """Even when it comes in the same batch."""
    session = established(router, "json.batched")
    session.send([REGISTER, 1, {}, "com.violation.p"], [32, "x", {}, "com.violation.t"],
                 [REGISTER, 2, {}, "com.violation.q"], [AUTHENTICATE, "x", {}])
    answers = [session.receive()]
    while answers[-1][0] != ABORT:
        answers.append(session.receive())
    assert [a[1] for a in answers[:-1]] in ([], [1]), answers  # the good one before it may be answered
    session.ends_with(1002)
    other = established(router, "json")
    for procedure in "pq":
        answer = other.answer(CALL, {}, f"com.violation.{procedure}")
        assert answer[4] == "wamp.error.no_such_procedure", answer
    other.leave()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(2))
def test_noise_does_no_harm(router, name, seed):
    """Valid messages with octets changed: an answer, an ABORT or a close, but a router that lives on."""
    choose = random.Random(f"{name} {seed}")
    serialization = Serialization(name)
    values = [1, 2**53, "com.noise.x", {"match": "prefix", "acknowledge": True}, [1, "x", None],
              {"k": [b"\0"]}, {}, []]
    for _ in range(150):
        session = established(router, name)
        for _ in range(5):
            code = choose.choice([16, 32, 34, 48, 49, 64, 66, 70, 8])
            octets = bytearray(serialization.encode(
                [code, *(choose.choice(values) for _ in range(choose.randrange(6)))]))
            for _ in range(choose.randrange(3)):
                change = choose.randrange(3)
                place = choose.randrange(len(octets)) if octets else 0
                if change == 0 and octets:
                    octets[place] = choose.randrange(256)
                elif change == 1 and octets:
                    del octets[place:place + choose.randrange(1, 5)]
                else:
                    octets[place:place] = bytes(choose.randrange(256) for _ in range(choose.randrange(1, 5)))
            try:
                session.socket.send(bytes(octets), text=serialization.is_text and is_utf8(octets))
            except ConnectionClosed:
                break
        session.close()
    session = established(router, name)
    assert session.answer(CALL, {}, "wamp.session.count")[0] == 50
    session.leave()
    assert router.alive, router.said()


def is_utf8(octets):
    try:
        return bool(octets.decode()) or True
    except UnicodeDecodeError:
        return False
