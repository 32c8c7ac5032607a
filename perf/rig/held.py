"""Subscriptions that somebody has and that match nothing: what they cost those who publish.

A small WAMP client, standard library only: sessions that subscribe to wildcard and prefix patterns
of the shape of the topics that are published, then stay and are silent.
"""

import base64
import json
import os
import socket

SESSION_LIMIT = 5000  # subscriptions of one session: well below what routers allow


class Patterns:
    """Sessions that hold `counts` = {"wildcard": N, "prefix": M} subscriptions until stop()."""

    def __init__(self, port, counts):
        topics = [(match, topic(match, number))
                  for match, count in sorted(counts.items()) for number in range(count)]
        self.sessions = [Session(port, topics[start:start + SESSION_LIMIT])
                         for start in range(0, len(topics), SESSION_LIMIT)]

    def stop(self):
        for session in self.sessions:
            session.socket.close()


def topic(match, number):
    """Published are load.a.r0, load.a.r1, …: every part of a pattern but one matches."""
    if match == "prefix":
        return f"load.a.x{number}"
    return f"load..x{number}" if number % 2 else f".a.x{number}"


class Session:
    """One session, and what it subscribed to."""

    def __init__(self, port, topics):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.rest = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n".encode())
        head = self._until(lambda: self.rest.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in self.rest else 0)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.split(b"\r\n")[0].decode(errors="replace"))
        self._say([1, "realm1", {"roles": {"subscriber": {}}}])
        self._expect(2)  # WELCOME
        for begin in range(0, len(topics), 100):
            some = topics[begin:begin + 100]
            for number, (match, name) in enumerate(some, begin + 1):
                self._say([32, number, {"match": match}, name])
            for _ in some:
                self._expect(33)  # SUBSCRIBED

    def _say(self, message):
        """One text frame; a mask of zeros is a mask (RFC 6455 §5.3)."""
        octets = json.dumps(message, separators=(",", ":")).encode()
        size = len(octets)
        head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + size.to_bytes(2, "big")
        self.socket.sendall(head + bytes(4) + octets)

    def _expect(self, kind):
        message = json.loads(self._frame())
        if message[0] != kind:
            raise ConnectionError(f"the router answered {message}")

    def _frame(self):
        head = self._take(2)
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        return self._take(size)

    def _take(self, count):
        return self._until(lambda: count if len(self.rest) >= count else 0) if count else b""

    def _until(self, complete):
        """Octets up to where `complete` says, once it does."""
        while not (end := complete()):
            octets = self.socket.recv(65536)
            if not octets:
                raise ConnectionError("the router closed the connection")
            self.rest += octets
        taken, self.rest = self.rest[:end], self.rest[end:]
        return taken
