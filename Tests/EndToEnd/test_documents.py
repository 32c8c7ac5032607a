"""What the documents show is true: every configuration in them is checked, and started.

A block is fenced, says its language, and is named by the line of text before it: the last word in
backquotes that ends in .toml, .json or .py.
"""

import json
import re
import subprocess
import sys
import tomllib

import pytest
from process import PATIENCE, ROOT, binary, environment

FOLDERS = ["*.md", "perf/*.md", "Sources/**/*.md", "Tests/**/*.md"]
FROM_CROSSBAR = "Sources/CarillonServer/CarillonServer.docc/From-Crossbar.md"
FENCE = re.compile(r"( *)```(toml|json|python)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"`([\w-]+\.(?:toml|json|py))`")
# Fits every secret of the documents, also one beside a salt: Base64 of 32 octets.
SECRET = "prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48="


def blocks():
    """{document: {name: text}} of all blocks."""
    found = {}
    for file in sorted({file for pattern in FOLDERS for file in ROOT.glob(pattern)}):
        document = file.read_text(encoding="utf-8")
        for match in FENCE.finditer(document):
            before = document[:match.start()].rstrip().rsplit("\n\n", 1)[-1]
            names = NAME.findall(before)
            line = document.count("\n", 0, match.start()) + 1
            assert names, f"{file.name}:{line}: no line before the block names it"
            texts = found.setdefault(str(file.relative_to(ROOT)), {})
            assert names[-1] not in texts, f"{file.name}:{line}: {names[-1]} is there twice"
            indent = len(match[1])
            texts[names[-1]] = "".join(row[indent:] for row in match[3].splitlines(keepends=True))
    return found


BLOCKS = blocks()
CONFIGURATIONS = [
    pytest.param(text, id=f"{document}:{name}")
    for document, texts in BLOCKS.items() for name, text in texts.items() if name.endswith(".toml")]
PAIRS = [
    pytest.param(texts[name], texts[name.replace(".toml", ".json")], id=f"{document}:{name}")
    for document, texts in BLOCKS.items() for name in texts
    if name.endswith(".toml") and name.replace(".toml", ".json") in texts]


def values_of(table, *keys):
    """All values under one of `keys`, at any depth."""
    if isinstance(table, list):
        return [found for inner in table for found in values_of(inner, *keys)]
    if not isinstance(table, dict):
        return []
    here = [value for key, value in table.items() if key in keys]
    return here + [found for inner in table.values() for found in values_of(inner, *keys)]


@pytest.fixture
def secrets(monkeypatch):
    """Sets the variables that a configuration takes secrets from."""
    def put(text):
        for variable in re.findall(r'_env = "(\w+)"', text):
            monkeypatch.setenv(variable, SECRET)
    return put


def test_there_are_configurations_to_check():
    assert {"open.toml", "shop.toml", "principals.toml", "transports.toml"} \
        <= BLOCKS[FROM_CROSSBAR].keys()


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_a_configuration_is_accepted(text, tmp_path, secrets):
    secrets(text)
    file = tmp_path / "carillon.toml"
    file.write_text(text)
    done = subprocess.run(
        [binary(), "config", "check", "--config", str(file)], env=environment({}),
        capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stdout, done.stdout
    # Everything that was said is in force and has its line.
    for row, line in enumerate(text.splitlines(), 1):
        key = re.match(r"(\w+) = ", line)
        if key and not re.search("secret|token$|_key$", key[1]):
            assert re.search(rf"^{key[1]} = .*# .*:{row}$", done.stdout, re.MULTILINE), line
    assert SECRET not in done.stdout and "secret2" not in done.stdout


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_a_server_starts_with_it(text, tmp_path, start, secrets):
    secrets(text)
    file = tmp_path / "carillon.toml"
    file.write_text(text)
    # The addresses are those of somebody's machine; here all servers take free ones.
    settings = {}
    if "rawsocket_listen" in text:
        settings["wamp.rawsocket_listen"] = f"127.0.0.1:0,unix:{tmp_path}/socket"
    server = start("--config", str(file), settings=settings)
    status, _, body = server.http("GET", "/health/ready", control=True)
    # The brokers of somebody's machine are not here.
    asks = re.findall(r"^\[\[(redis|rabbitmq)\]\]", text, re.MULTILINE)
    assert status == 200 or asks and body.startswith(b"not connected: "), (status, body)


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_both_sides_say_the_same(ours, theirs):
    ours, theirs = tomllib.loads(ours), json.loads(theirs)

    def uris(table):
        return sorted({uri.rstrip("*") for uri in values_of(table, "uri")})
    assert uris(ours) == uris(theirs)

    named = [realm for realms in values_of(theirs, "realms") for realm in realms]
    if named:
        assert [realm["name"] for realm in ours["realm"]] == [realm["name"] for realm in named]
        for realm, other in zip(ours["realm"], named):
            assert [role["name"] for role in realm["role"]] == [
                role["name"] for role in other["roles"]]
            for role, theirs_role in zip(realm["role"], other["roles"]):
                for rule, permission in zip(role.get("rule", []), theirs_role["permissions"], strict=True):
                    allowed = [action for action, may in permission["allow"].items() if may]
                    assert sorted(rule["allow"]) == sorted(allowed)

    people = {}
    for method, auth in theirs.get("auth", {}).items():
        for authid, principal in (auth.get("users") or auth.get("principals") or {}).items():
            people[authid, method] = principal["role"]
    assert people == {
        (person["authid"], person["method"]): person["role"]
        for persons in values_of(ours, "principal") for person in persons}


def test_the_key_of_a_password_is_derived_as_shown():
    texts = BLOCKS[FROM_CROSSBAR]
    done = subprocess.run(
        [sys.executable, "-c", texts["derive.py"]], capture_output=True, text=True,
        timeout=PATIENCE, check=True)
    assert done.stdout.strip() in texts["principals.toml"]
