#!/usr/bin/env python3
"""Makes authentication.txt: what Autobahn|Python and wampy answer to challenges of WAMP.

    python3 -m venv DIR && DIR/bin/pip install "autobahn[encryption,scram]==26.10.2" wampy==1.1.0
    DIR/bin/python Tests/Vectors/authentication.py > Tests/Vectors/authentication.txt

One line is one exchange; its fields are separated by tabs, octets are in hex, `-` stands for nothing:

    wampcra      secret  challenge  signature
    wampcra-salt password  salt  iterations  keylen  key  challenge  signature
    scram        authid  password  client nonce  nonce  salt (base 64)  kdf  iterations  memory
                 salted password  proof  server signature
    credential   authid  password  salt  iterations  memory  stored key  server key
    cryptosign   seed  public key  challenge  channel id  signature

Autobahn's own PBKDF2 for SCRAM cannot take the salt of a challenge (it wants octets and is given text),
so that one derivation is put right here; all else is as it came.
"""

import asyncio
import base64
import hashlib
import hmac
import random
import types

import txaio

txaio.use_asyncio()
from autobahn.wamp import auth  # noqa: E402
from autobahn.wamp.cryptosign import CryptosignKey  # noqa: E402
from autobahn.wamp.types import Challenge  # noqa: E402
from wampy import auth as wampy_auth  # noqa: E402

source = random.Random(10)
LETTERS = "abcXYZ019 -_.:;=,/é€😀"


def text(low, high, letters=LETTERS):
    return "".join(source.choice(letters) for _ in range(source.randint(low, high)))


def say(*fields):
    print(*fields, sep="\t")


def challenge_text():
    return ('{"authid":"%s","authrole":"user","authmethod":"wampcra","authprovider":"static","session":%d,'
            '"nonce":"%s","timestamp":"2026-01-02T03:04:05.678Z"}'
            % (text(1, 20), source.randrange(1, 2**53), source.randbytes(16).hex()))


for _ in range(20):
    secret, challenge = text(1, 80), challenge_text()
    signature = auth.compute_wcs(secret, challenge)
    assert signature == wampy_auth.compute_wcs(secret, challenge)
    say("wampcra", secret, challenge, signature.decode())

for size in [1, 2, 3, 16, 20, 31, 32, 33, 48, 64, 100]:
    password, salt, iterations, challenge = text(1, 40), text(1, 40), source.randint(1, 300), challenge_text()
    key = auth.derive_key(password, salt, iterations, size)
    authenticator = auth.AuthWampCra(authid="a", secret=password)
    extra = {"challenge": challenge, "salt": salt, "iterations": iterations, "keylen": size}
    signature = authenticator.on_challenge(None, Challenge("wampcra", extra))
    say("wampcra-salt", password, salt, iterations, size, key.decode(), challenge, signature)

salted = auth._hash_pbkdf2_secret
auth._hash_pbkdf2_secret = lambda password, salt, iterations: salted(
    password, base64.b64decode(salt), iterations)
session = types.SimpleNamespace(log=types.SimpleNamespace(error=print, info=lambda *_: None))
for number in range(24):
    authid, password = text(1, 20, "abcXYZ019-_.:;=,/"), text(1, 30)
    authenticator = auth.AuthScram(authid=authid, password=password)
    authenticator._client_nonce = base64.b64encode(source.randbytes(16)).decode()
    nonce = authenticator.authextra["nonce"] + base64.b64encode(source.randbytes(18)).decode()
    extra = {"nonce": nonce, "salt": base64.b64encode(source.randbytes(source.randint(8, 40))).decode()}
    if number % 2:
        extra |= {"kdf": "pbkdf2", "iterations": source.randint(1, 500)}
    else:
        extra |= {"kdf": "argon2id-13", "iterations": source.randint(1, 5), "memory": source.randint(8, 512)}
    proof = authenticator.on_challenge(session, Challenge("scram", extra))
    key = hmac.new(authenticator._salted_password, b"Server Key", hashlib.sha256).digest()
    signature = base64.b64encode(hmac.new(key, authenticator._auth_message, hashlib.sha256).digest())
    assert authenticator.on_welcome(session, {"scram_server_signature": signature}) is None
    say("scram", authid, password, authenticator._client_nonce, nonce, extra["salt"], extra["kdf"],
        extra["iterations"], extra.get("memory", "-"), authenticator._salted_password.hex(), proof.decode(),
        signature.decode())

made = auth.derive_scram_credential("user@example.com", "p4ssword é")
say("credential", "user@example.com", "p4ssword é", made["salt"], made["iterations"], made["memory"],
    made["stored-key"], made["server-key"])


async def cryptosign():
    for number in range(16):
        seed, challenge, channel = (source.randbytes(32) for _ in range(3))
        key = CryptosignKey.from_bytes(seed)
        bound = number % 2 == 1
        signature = await key.sign_challenge(
            Challenge("cryptosign", {"challenge": challenge.hex(), "channel_binding": None}),
            channel_id=channel if bound else None, channel_id_type="tls-unique" if bound else None)
        say("cryptosign", seed.hex(), key.public_key(), challenge.hex(), channel.hex() if bound else "-",
            signature)


asyncio.run(cryptosign())
