"""Challenges that no client library here answers: SCRAM as WAMP's specification has it, and what a
router must hold against clients that answer late, twice, or with somebody else's signature.
"""

import base64
import hashlib
import hmac

import pytest
from argon2.low_level import Type, hash_secret_raw
from nacl.signing import SigningKey
from wamp_router import PUBLIC_KEY, SCRAM_SALT, Router
from wamp_session import ABORT, AUTHENTICATE, CHALLENGE, HELLO, ROLES, WELCOME, RawSession

NONCE = "AAECAwQFBgcICQoLDA0O"
SEED = bytes(range(32))


@pytest.fixture
def raw(router):
    opened = []

    def open():
        opened.append(RawSession(router.url))
        return opened[-1]

    yield open
    for session in opened:
        session.close()


def hello(session, method, authid, **extra):
    session.send([HELLO, "realm1", {"roles": ROLES, "authmethods": [method], "authid": authid,
                                    "authextra": extra}])
    return session.receive()


class Proof:
    """A client's half of SCRAM (RFC 5802 §3, WAMP's AuthMessage)."""

    def __init__(self, method, authid, password, extra):
        salt = base64.b64decode(extra["salt"])
        if extra["kdf"] == "pbkdf2":
            salted = hashlib.pbkdf2_hmac("sha256", password, salt, extra["iterations"], 32)
        else:
            assert extra["kdf"] == "argon2id13"
            salted = hash_secret_raw(password, salt, extra["iterations"], extra["memory"], 1, 32, Type.ID, 19)
        binding = "biws" if method == "wamp-scram" else ""
        name = authid.replace("=", "=3D").replace(",", "=2C")
        text = (f"n={name},r={NONCE},r={extra['nonce']},s={extra['salt']},i={extra['iterations']},"
                f"c={binding},r={extra['nonce']}").encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), text, "sha256")
        self.proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        server = hmac.digest(salted, b"Server Key", "sha256")
        self.verifier = base64.b64encode(hmac.digest(server, text, "sha256")).decode()


@pytest.mark.parametrize("method, authid", [
    ("wamp-scram", "user"), ("wamp-scram", "argon"), ("scram", "user")])
def test_scram_proves_both_sides(raw, method, authid):
    session = raw()
    code, got, extra = hello(session, method, authid, nonce=NONCE, channel_binding=None)
    assert (code, got) == (CHALLENGE, method)
    assert extra["nonce"].startswith(NONCE) and len(extra["nonce"]) >= len(NONCE) + 16
    assert extra["salt"] == SCRAM_SALT
    assert extra.keys() <= {"nonce", "salt", "kdf", "iterations", "memory"}
    proof = Proof(method, authid, b"pencil-7", extra)
    session.send([AUTHENTICATE, proof.proof, {
        "nonce": extra["nonce"], "channel_binding": None, "cbind_data": None}])
    code, _, details = session.receive()
    assert code == WELCOME and details["authid"] == authid and details["authmethod"] == method
    # Each dialect has its name for the router's proof; both are sent.
    assert details["authextra"]["verifier"].removeprefix("v=") == proof.verifier
    assert details["authextra"]["scram_server_signature"] == proof.verifier


@pytest.mark.parametrize("change", [
    lambda proof: "", lambda proof: "AAAA", lambda proof: "no Base64 ü", lambda proof: proof[:-4],
    lambda proof: base64.b64encode(bytes(32)).decode()])
def test_wrong_proofs_are_refused(raw, change):
    session = raw()
    _, _, extra = hello(session, "wamp-scram", "user", nonce=NONCE)
    proof = Proof("wamp-scram", "user", b"pencil-7", extra)
    session.send([AUTHENTICATE, change(proof.proof), {"nonce": extra["nonce"]}])
    answer = session.receive()
    assert answer[0] == ABORT and answer[2] == "wamp.error.not_authorized", answer
    session.ends_with(1000)


def test_unknown_names_get_a_challenge_that_stays_the_same(raw):
    """A salt that changed would tell that nobody has that name."""
    answers = [hello(raw(), "wamp-scram", name, nonce=NONCE) for name in ("ghost", "ghost", "other")]
    if answers[0][0] == ABORT:
        assert [a[2] for a in answers] == ["wamp.error.not_authorized"] * 3
        return
    salts = [extra["salt"] for _, _, extra in answers]
    assert salts[0] == salts[1] != salts[2]


@pytest.mark.parametrize("nonce", [None, "", 7, "x" * 100_000])
def test_a_nonce_must_be_one(raw, nonce):
    session = raw()
    answer = hello(session, "wamp-scram", "user", **({} if nonce is None else {"nonce": nonce}))
    assert answer[0] == ABORT, answer


# cryptosign

def test_a_router_cannot_be_fooled_with_another_message(raw):
    """The signature must be of the challenge: of the right key over other octets it is worth nothing."""
    def signed(challenge, message):
        octets = message(bytes.fromhex(challenge))
        return (SigningKey(SEED).sign(octets).signature + octets).hex()

    for change, good in [(lambda c: c, True), (lambda c: bytes(32), False),
                         (lambda c: c[:-1] + bytes([c[-1] ^ 1]), False), (lambda c: c[:31], False)]:
        session = raw()
        code, method, extra = hello(session, "cryptosign", "oscar", pubkey=PUBLIC_KEY, channel_binding=None)
        assert (code, method) == (CHALLENGE, "cryptosign")
        assert len(bytes.fromhex(extra["challenge"])) == 32 and extra.get("channel_binding") is None
        session.send([AUTHENTICATE, signed(extra["challenge"], change), {}])
        answer = session.receive()
        assert answer[0] == (WELCOME if good else ABORT), answer


@pytest.mark.parametrize("extra", [
    {}, {"pubkey": 7}, {"pubkey": "zz" * 32}, {"pubkey": "03"}, {"pubkey": "11" * 32}])
def test_keys_that_are_none_or_nobodys_are_refused(raw, extra):
    session = raw()
    answer = hello(session, "cryptosign", "oscar", **extra)
    if answer[0] == CHALLENGE:  # an unknown key may be told only at the end
        signed = SigningKey(b"\x11" * 32).sign(bytes.fromhex(answer[2]["challenge"]))
        session.send([AUTHENTICATE, signed.hex(), {}])
        answer = session.receive()
    assert answer[0] == ABORT and answer[2].startswith("wamp.error."), answer


@pytest.mark.parametrize("method, authid", [("wampcra", "joe"), ("ticket", "martin"), ("wamp-scram", "user"),
                                            ("cryptosign", "oscar")])
@pytest.mark.parametrize("signature", ["x" * 100_000, "\0", "ü" * 64, "00" * 96, "A" * 44])
def test_nonsense_is_refused(raw, method, authid, signature):
    session = raw()
    answer = hello(session, method, authid, nonce=NONCE, pubkey=PUBLIC_KEY)
    assert answer[0] == CHALLENGE, answer
    session.send([AUTHENTICATE, signature, {}])
    answer = session.receive()
    assert answer[0] == ABORT and answer[2] == "wamp.error.not_authorized", answer


def test_challenges_differ(raw):
    seen = set()
    for _ in range(3):
        for method, authid in [("wampcra", "joe"), ("cryptosign", "oscar"), ("wamp-scram", "user")]:
            _, _, extra = hello(raw(), method, authid, nonce=NONCE, pubkey=PUBLIC_KEY)
            seen.add(extra["nonce"] if method == "wamp-scram" else extra["challenge"])
    assert len(seen) == 9


def test_an_answer_from_another_session_is_worth_nothing(raw):
    one, two = raw(), raw()
    challenges = [hello(s, "wampcra", "joe")[2]["challenge"] for s in (one, two)]
    for session, challenge in [(two, challenges[0]), (one, challenges[0])]:
        signature = hmac.digest(b"secret2", challenge.encode(), hashlib.sha256)
        session.send([AUTHENTICATE, base64.b64encode(signature).decode(), {}])
    assert two.receive()[0] == ABORT
    assert one.receive()[0] == WELCOME


@pytest.mark.skipif(Router.is_crossbar, reason="its deadline is not ours")
def test_who_does_not_answer_is_sent_away():
    """§5.1: a deadline from accept to WELCOME."""
    with Router(hello_time="4s") as router:
        silent, challenged = RawSession(router.url), RawSession(router.url)
        assert hello(challenged, "ticket", "martin")[0] == CHALLENGE
        assert challenged.receive()[0] == ABORT
        challenged.ends_with(1000)
        # wampy connects when a client is made, and may say HELLO much later. All its clients share one
        # queue, so an ABORT that nobody waits for would be taken for another client's answer.
        silent.ends_with(None)
        joined = RawSession(router.url)
        joined.join()
        joined.leave()
