"""`carillon wamp principal`: the entries it makes let those in whom they name."""

import pytest
import wamp_router
from wamp_command import Command, secret

METHODS = {
    "ticket": ["--method", "ticket"], "salted": [],
    "scram": ["--method", "scram", "--derivation", "pbkdf2", "--iterations", 4096],
    "argon": ["--method", "scram", "--memory", 1024],
    "key": ["--method", "cryptosign"],
}


def test_principals_that_are_made_may_join(tmp_path, uri):
    if wamp_router.CROSSBAR:
        pytest.skip("the configuration is carillon's")
    password, key = secret(tmp_path, "sesame öffne dich"), tmp_path / "key"
    text = '[[realm]]\nname = "realm1"\n[[realm.role]]\nname = "clerk"\n' \
           '[[realm.role.rule]]\nuri = ""\nmatch = "prefix"\nallow = ["call"]\n'
    for authid, options in METHODS.items():
        proof = ["--new-key", key] if authid == "key" else ["--password-file", password]
        maker = Command("", tmp_path, "principal", authid, "--role", "clerk", *options, *proof)
        lines = maker.end()
        assert lines[0] == "[[realm.principal]]"
        assert authid == "ticket" or "sesame" not in "".join(lines)
        text += "\n".join(lines) + "\n"
    assert key.stat().st_mode & 0o077 == 0
    with wamp_router.Router(text=text) as router:
        for authid in METHODS:
            proof = ["--key-file", key] if authid == "key" else \
                ["--ticket-file" if authid == "ticket" else "--secret-file", password]
            caller = Command(router.url, tmp_path, "call", uri, "--verbose", "--authid", authid,
                             *proof)
            caller.end(1)
            assert f"as {authid}, role clerk" in caller.said
            assert "no_such_procedure" in caller.said


def test_a_password_can_come_from_a_pipe(tmp_path):
    maker = Command("", tmp_path, "principal", "ada", "--role", "clerk", input="sesame\n")
    assert 'method = "wampcra"' in maker.end()
    assert Command("", tmp_path, "principal", "ada", input="\n").end(64) == []
