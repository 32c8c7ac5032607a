#!/usr/bin/env python3
"""Makes tokens.txt: JSON Web Tokens as Python's hmac and the openssl command sign them.

    python3 Tests/Vectors/tokens.py > Tests/Vectors/tokens.txt

One line is one word and what it stands for, separated by a tab: the public key with its line ends as
`\\n`, the secret, then an algorithm and a token that it signed. RSA keys are new every time.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile

SECRET = b"a secret of sixty-four octets, which is what HS512 asks for.....!"[:64]
CLAIMS = {"sub": "Jörg", "exp": 2000000000, "nbf": 1000000000, "groups": ["a", "b"]}


def letters(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def signed(algorithm, sign):
    header = json.dumps({"alg": algorithm, "typ": "JWT"}, separators=(",", ":")).encode()
    claims = json.dumps(CLAIMS, separators=(",", ":"), ensure_ascii=False).encode()
    message = letters(header) + b"." + letters(claims)
    return (message + b"." + letters(sign(message))).decode()


def openssl(*words, octets=b""):
    return subprocess.run(["openssl", *words], input=octets, check=True, capture_output=True).stdout


with tempfile.TemporaryDirectory() as folder:
    key = pathlib.Path(folder, "key.pem")
    key.write_bytes(openssl("genrsa", "2048"))
    public = openssl("rsa", "-in", key, "-pubout").decode()
    print("key", public.replace("\n", "\\n"), sep="\t")
    weak = pathlib.Path(folder, "weak.pem")
    weak.write_bytes(openssl("genrsa", "1024"))
    print("weak", openssl("rsa", "-in", weak, "-pubout").decode().replace("\n", "\\n"), sep="\t")
    curve = openssl("genpkey", "-algorithm", "ed25519")
    print("curve", openssl("pkey", "-pubout", octets=curve).decode().replace("\n", "\\n"), sep="\t")
    print("secret", SECRET.decode(), sep="\t")
    for hash in (hashlib.sha256, hashlib.sha384, hashlib.sha512):
        algorithm = "HS" + hash().name[3:]
        print(algorithm, signed(algorithm, lambda m: hmac.digest(SECRET, m, hash)), sep="\t")
    print("RS256", signed("RS256", lambda m: openssl("dgst", "-sha256", "-sign", key, octets=m)), sep="\t")
    # A public key taken for a secret: the oldest trick.
    print("trick", signed("HS256", lambda m: hmac.digest(public.encode(), m, hashlib.sha256)), sep="\t")
