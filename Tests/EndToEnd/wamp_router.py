"""The WAMP router under test and the realms, roles and principals that the WAMP tests use.

TESTED_CROSSBAR names a `crossbar` program that is started in place of carillon: the tests are then
judged by a router we did not write, as far as it does what they ask for.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from process import PATIENCE, Carillon, free_port

CROSSBAR = os.environ.get("TESTED_CROSSBAR")

# Test vectors, not secrets: password "secret1" with its salt; SCRAM's password is "pencil-7";
# the Ed25519 seed is the octets 0 to 31.
PETER = "prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48="
SCRAM_SALT = "ABEiM0RVZneImaq7zN3u/w=="
SCRAM = {
    "user": {"kdf": "pbkdf2", "iterations": 4096, "memory": None,
             "stored": "d012f25569e698bd60e9df36b60cdf17ac85930e9919980a2973a165f9f045cd",
             "server": "58502f05ffc7fdeccc00429e4274efc40da4b1040aee1ad37e1e4adcde2be67a"},
    # The octets of the derivation; Autobahn takes their Base64 text, which has a name of its own.
    "argon": {"kdf": "argon2id13", "iterations": 3, "memory": 4096,
              "stored": "60fca2ba65d352dba58a1ce88833427a799846e5131bb9cc741d69530cc053eb",
              "server": "1be88e0dc031bd93ef575d7def5d920d34732b501140cfd2bf5c404c67174e3b"},
    "argon-text": {"kdf": "argon2id-13", "iterations": 3, "memory": 4096,
                   "stored": "59a09cb83b54936cb5302217b62a72d9bcc7c44a873dcc3d8bf3c2d0a045ffeb",
                   "server": "c41a164f0d80d35463550b2e20ef85c70ef4894e74302a4a35f93d220d3e7924"},
}
PUBLIC_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"

EVERYTHING = ["call", "register", "publish", "subscribe"]
# realm: role: (uri, match, what is allowed, disclosure, may take over)
RULES = {
    "realm1": {
        "anonymous": [
            ("", "prefix", EVERYTHING, "on request", False),
            ("denied.", "prefix", [], "on request", False),
            ("com.hidden.", "prefix", EVERYTHING, "never", False),
            ("com.shown.", "prefix", EVERYTHING, "always", False),
            ("com.takeover.", "prefix", EVERYTHING, "on request", True),
        ],
        "backend": [("", "prefix", EVERYTHING, "on request", False)],
        "user": [("", "prefix", EVERYTHING, "on request", False)],
    },
    "realm2": {"anonymous": [("", "prefix", EVERYTHING, "on request", False)]},
    "realm3": {"guest": [
        ("com.guest.", "prefix", ["subscribe"], "on request", False),
        ("com.guest.open.", "prefix", ["publish"], "on request", False),
        ("com.guest.exact", "exact", ["call"], "on request", False),
        ("com..any.call", "wildcard", ["call"], "on request", False),
    ]},
}
# (realm, role, authid, ticket)
TICKETS = [
    ("realm1", "backend", "martin", "wEx9TPFtHdRr2Zg7rtRE"),
    ("realm3", "guest", "guest", "guest-ticket"),
]


def toml(value):
    """A value as TOML writes it; JSON is the same for what is used here."""
    return json.dumps(value)


def table(header, **members):
    lines = [f"{name} = {toml(value)}" for name, value in members.items() if value is not None]
    return "\n".join([f"[[{header}]]", *lines, ""])


def configuration(rawsocket=(), **more):
    """carillon's configuration file. `more` are further settings of [wamp]."""
    parts = ["[wamp]", *(f"{name} = {toml(value)}" for name, value in more.items())]
    if rawsocket:
        parts.append(f"rawsocket_listen = {toml(list(rawsocket))}")
    parts.append("")
    for realm, roles in RULES.items():
        anonymous = "anonymous" if "anonymous" in roles else None
        parts.append(table("realm", name=realm, anonymous_role=anonymous,
                           strict_uris=True if realm == "realm2" else None))
        for role, rules in roles.items():
            parts.append(table("realm.role", name=role))
            for uri, match, allow, disclose, takeover in rules:
                parts.append(table("realm.role.rule", uri=uri, match=match, allow=allow,
                                   disclose=disclose, take_over=takeover or None))
        for where, role, authid, ticket in TICKETS:
            if where == realm:
                parts.append(table("realm.principal", authid=authid, role=role, method="ticket",
                                   secret=ticket))
        if realm != "realm1":
            continue
        parts.append(table("realm.principal", authid="joe", role="user", method="wampcra",
                           secret="secret2"))
        parts.append(table("realm.principal", authid="peter", role="user", method="wampcra",
                           secret=PETER, salt="salt123", iterations=100, key_length=32))
        for authid, entry in SCRAM.items():
            parts.append(table(
                "realm.principal", authid=authid, role="user", method="scram", kdf=entry["kdf"],
                salt=SCRAM_SALT, iterations=entry["iterations"], memory=entry["memory"],
                stored_key=entry["stored"], server_key=entry["server"]))
        parts.append(table("realm.principal", authid="oscar", role="user", method="cryptosign",
                           public_keys=[PUBLIC_KEY]))
        parts.append(table("realm.history", uri="com.history.", match="prefix", limit=1000))
    return "\n".join(parts)


def crossbar_configuration(port, rawsocket_port=None):
    """The same for Crossbar.io, as far as it can be said there."""
    def permission(uri, match, allow, disclose, _):
        shown = disclose == "always"
        return {"uri": uri, "match": match, "allow": {word: word in allow for word in EVERYTHING},
                "disclose": {"caller": shown, "publisher": shown}, "cache": True}

    realms = [{"name": realm, "roles": [
        {"name": role, "permissions": [permission(*rule) for rule in rules]}
        for role, rules in roles.items()]} for realm, roles in RULES.items()]
    authentication = {
        "anonymous": {"type": "static", "role": "anonymous"},
        "ticket": {"type": "static", "principals": {
            authid: {"ticket": ticket, "role": role} for _, role, authid, ticket in TICKETS}},
        "wampcra": {"type": "static", "users": {
            "joe": {"secret": "secret2", "role": "user"},
            "peter": {"secret": "secret1", "role": "user", "salt": "salt123", "iterations": 100,
                      "keylen": 32}}},
        "cryptosign": {"type": "static", "principals": {
            "oscar": {"authorized_keys": [PUBLIC_KEY], "role": "user"}}},
    }
    transports = [{"type": "websocket", "endpoint": {"type": "tcp", "port": port,
                                                     "interface": "127.0.0.1"},
                   "auth": authentication}]
    if rawsocket_port:
        transports.append({
            "type": "rawsocket", "endpoint": {"type": "tcp", "port": rawsocket_port,
                                              "interface": "127.0.0.1"},
            "serializers": ["cbor", "msgpack", "json"], "auth": authentication})
    return json.dumps({"version": 2, "controller": {}, "workers": [
        {"type": "router", "realms": realms, "transports": transports}]})


class Router:
    """carillon with `configuration()`, or Crossbar.io: a URL, and an end."""

    is_crossbar = bool(CROSSBAR)

    def __init__(self, *options, cores=1, rawsocket=False, text=None, settings=None, **more):
        self.folder = tempfile.TemporaryDirectory(prefix="wamp.")
        place = pathlib.Path(self.folder.name)
        self.rawsocket_port = free_port() if rawsocket else None
        if CROSSBAR:
            self._start_crossbar(place)
            return
        listeners = [f"127.0.0.1:{self.rawsocket_port}"] if rawsocket else []
        file = place / "carillon.toml"
        file.write_text(text if text is not None else configuration(listeners, **more))
        self.server = Carillon("--config", str(file), "--cores", str(cores), *options,
                               settings=settings)
        self.port, self.host = self.server.port, self.server.host

    def _start_crossbar(self, place):
        self.host, self.port = "127.0.0.1", free_port()
        file = place / "config.json"
        file.write_text(crossbar_configuration(self.port, self.rawsocket_port))
        self.process = subprocess.Popen(
            [CROSSBAR, "start", "--cbdir", str(place), "--config", str(file)],
            stdin=subprocess.DEVNULL, stdout=open(place / "log", "w"), stderr=subprocess.STDOUT,
            start_new_session=True)
        deadline = time.monotonic() + 4 * PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                assert self.process.poll() is None, (place / "log").read_text()[-2000:]
                assert time.monotonic() < deadline, "Crossbar.io does not listen"
                time.sleep(0.1)

    @property
    def url(self):
        return f"ws://{self.host}:{self.port}/"

    @property
    def alive(self):
        return self.process.poll() is None if CROSSBAR else self.server.alive

    def said(self):
        """The end of what it wrote, for a failure's report."""
        return "" if CROSSBAR else "\n".join(self.server.lines[-40:])

    def settled(self):
        """Returns when nobody is connected any more."""
        if not CROSSBAR:
            self.server.settles(ws_open=0)

    def stop(self):
        if CROSSBAR:
            os.killpg(self.process.pid, signal.SIGINT)  # its own group: controller and worker
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        else:
            self.server.__exit__()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
