"""One WAMP session by hand over the `websockets` library: sends anything, checks what it gets.

Nothing is checked on the way out. On the way in: the kind of frame, the batch's framing, that a
message is a list that begins with a code, and that ids which count are in their range.
"""

import socket
import struct
import time

from process import PATIENCE
from serializations import Serialization
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

HELLO, WELCOME, ABORT, CHALLENGE, AUTHENTICATE, GOODBYE, ERROR = 1, 2, 3, 4, 5, 6, 8
PUBLISH, PUBLISHED, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, EVENT = 16, 17, 32, 33, 34, 35, 36
CALL, CANCEL, RESULT, REGISTER, REGISTERED, UNREGISTER, UNREGISTERED = 48, 49, 50, 64, 65, 66, 67
INVOCATION, INTERRUPT, YIELD = 68, 69, 70

# Every feature a client can announce.
ROLES = {
    "publisher": {"features": {
        "publisher_identification": True, "publisher_exclusion": True,
        "subscriber_blackwhite_listing": True, "payload_passthru_mode": True}},
    "subscriber": {"features": {
        "publisher_identification": True, "pattern_based_subscription": True,
        "subscription_revocation": True, "event_history": True, "payload_passthru_mode": True}},
    "caller": {"features": {
        "caller_identification": True, "progressive_call_results": True,
        "progressive_call_invocations": True, "call_timeout": True, "call_canceling": True,
        "payload_passthru_mode": True}},
    "callee": {"features": {
        "caller_identification": True, "pattern_based_registration": True,
        "shared_registration": True, "call_timeout": True, "call_canceling": True,
        "progressive_call_results": True, "progressive_call_invocations": True,
        "registration_revocation": True, "call_reroute": True, "payload_passthru_mode": True}},
}


class RawSession:
    """A WebSocket that speaks a variant of WAMP; `join` makes it a session."""

    def __init__(self, url, serialization="json", subprotocol=None):
        self.serialization = Serialization(serialization)
        offered = subprotocol or self.serialization.subprotocol
        # No limit on what waits: a pong must not be stuck behind messages that nobody read yet.
        self.socket = connect(
            url, subprotocols=[offered], open_timeout=PATIENCE, close_timeout=PATIENCE,
            ping_interval=None, max_queue=None, max_size=None, compression=None)
        assert self.socket.subprotocol == offered, self.socket.subprotocol
        self.waiting = []
        self.requests = 0
        self.id = self.details = None

    # Octets and messages

    def send(self, *messages):
        self.send_octets(self.serialization.encode(*messages))

    def send_octets(self, octets, binary=None):
        binary = not self.serialization.is_text if binary is None else binary
        self.socket.send(octets, text=not binary)

    def receive(self, patience=PATIENCE):
        """The next message. Raises TimeoutError, or ConnectionClosed when there is none to come."""
        if not self.waiting:
            for message in self.serialization.decode(self.socket.recv(patience)):
                assert type(message) is list and message and type(message[0]) is int, message
                self.waiting.append(message)
        return self.waiting.pop(0)

    def has_message(self):
        """True when a message has arrived already."""
        try:
            self.waiting.insert(0, self.receive(0))
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    def barrier(self):
        """Returns when the server has read everything sent so far: its pong comes in order."""
        assert self.socket.ping().wait(PATIENCE), "no pong"

    # Sessions

    def join(self, realm="realm1", secret=None, **details):
        """HELLO, the ticket `secret` when one is asked for, WELCOME; returns its details."""
        self.send([HELLO, realm, {"roles": ROLES, **details}])
        answer = self.receive()
        if answer[0] == CHALLENGE:
            self.send([AUTHENTICATE, secret, {}])
            answer = self.receive()
        assert answer[0] == WELCOME, answer
        self.id, self.details = answer[1:]
        return self.details

    def leave(self):
        """GOODBYE, its answer (whatever else was to come is dropped), and the closing handshake."""
        self.send([GOODBYE, {}, "wamp.close.close_realm"])
        while self.receive()[0] != GOODBYE:
            pass
        self.close()

    def request(self, code, *rest):
        """Sends a request with the next id, which it returns: request(SUBSCRIBE, {}, "com.t")."""
        self.requests += 1
        self.send([code, self.requests, *rest])
        return self.requests

    def answer(self, code, *rest):
        """Sends a request and returns its answer, which must be the next message."""
        self.request(code, *rest)
        answer = self.receive()
        told = answer[2] if answer[0] == ERROR else answer[1]
        assert told == self.requests, (code, rest, answer)
        return answer

    # Ends

    def ends_with(self, code):
        """The server closes, with `code` (None: in whatever way), and sends nothing before."""
        try:
            got = self.receive()
            raise AssertionError(f"{got!r:.300} in place of the end")
        except ConnectionClosed as closed:
            if code is not None:
                got = closed.rcvd and closed.rcvd.code
                assert got == code, f"closed with {got} ({closed.rcvd}), not {code}"

    def lose(self):
        """The connection is gone without a word, as when a cable is cut and a reset comes later."""
        raw = self.socket.socket
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close_socket()

    def close(self):
        self.socket.close()


def wait_until(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
