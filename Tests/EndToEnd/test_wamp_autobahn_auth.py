"""Autobahn|Python joins with every method that it has an authenticator for."""

import base64
import hashlib

import pytest
from autobahn.wamp import auth
from autobahn.wamp.auth import AuthCryptoSign, AuthScram, AuthTicket, AuthWampCra
from wamp_autobahn import Refused, asynchronous
from wamp_router import PUBLIC_KEY

SEED = bytes(range(32)).hex()

# name: (authenticator, authid, role)
GOOD = {
    "ticket": (lambda: AuthTicket(ticket="wEx9TPFtHdRr2Zg7rtRE"), "martin", "backend"),
    "wampcra": (lambda: AuthWampCra(authid="joe", secret="secret2"), "joe", "user"),
    "wampcra, salted": (lambda: AuthWampCra(authid="peter", secret="secret1"), "peter", "user"),
    "scram, PBKDF2": (lambda: AuthScram(authid="user", password="pencil-7"), "user", "user"),
    "scram, Argon2": (lambda: AuthScram(authid="argon-text", password="pencil-7"), "argon-text", "user"),
    "cryptosign": (lambda: AuthCryptoSign(authid="oscar", privkey=SEED), "oscar", "user"),
}
BAD = {
    "ticket": (lambda: AuthTicket(ticket="wrong"), "martin"),
    "ticket of nobody": (lambda: AuthTicket(ticket="wrong"), "nobody"),
    "wampcra": (lambda: AuthWampCra(authid="joe", secret="wrong"), "joe"),
    "wampcra, salted": (lambda: AuthWampCra(authid="peter", secret="wrong"), "peter"),
    "scram, PBKDF2": (lambda: AuthScram(authid="user", password="wrong"), "user"),
    "scram, Argon2": (lambda: AuthScram(authid="argon-text", password="wrong"), "argon-text"),
    "scram of nobody": (lambda: AuthScram(authid="nobody", password="wrong"), "nobody"),
    "cryptosign": (lambda: AuthCryptoSign(authid="oscar", privkey="11" * 32), "oscar"),
    "cryptosign of nobody": (lambda: AuthCryptoSign(authid="nobody", privkey=SEED), "nobody"),
}


@pytest.fixture(autouse=True)
def a_salt_of_octets(monkeypatch):
    """Autobahn 26.10 hands the salt's text to a function that takes octets only, so PBKDF2 cannot
    work with any router; this is what it means to do."""
    monkeypatch.setattr(auth, "_hash_pbkdf2_secret", lambda password, salt, iterations:
                        hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), iterations, 32))


def joining(authenticator, authid):
    return {"authmethods": [authenticator.name], "authid": authid,
            "authextra": authenticator.authextra, "authenticator": authenticator}


@asynchronous
@pytest.mark.parametrize("name", GOOD)
async def test_good_credentials_join(members, name):
    make, authid, role = GOOD[name]
    authenticator = make()
    member = await members(**joining(authenticator, authid))
    assert (member.details.authid, member.details.authrole, member.details.authmethod) == (
        authid, role, authenticator.name)
    assert await member.call("wamp.session.count") >= 1


@asynchronous
@pytest.mark.parametrize("name", BAD)
async def test_bad_credentials_are_refused(members, name):
    make, authid = BAD[name]
    with pytest.raises(Refused) as caught:
        await members(**joining(make(), authid))
    assert caught.value.reason == "wamp.error.not_authorized", caught.value


@asynchronous
async def test_a_key_tells_who_it_belongs_to(members):
    authenticator = AuthCryptoSign(privkey=SEED)
    assert authenticator.authextra["pubkey"] == PUBLIC_KEY
    member = await members(**joining(authenticator, None))
    assert member.details.authid == "oscar"
