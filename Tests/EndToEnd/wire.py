"""A WebSocket client by hand, for what well-behaved libraries refuse to send or hide.

Octets are what is tested here, so nothing is checked on the way out; on the way in everything is:
a frame from the server that RFC 6455 forbids is an assertion.
"""

import base64
import dataclasses
import json
import os
import socket
import struct
import zlib

from process import PATIENCE

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 §1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def upgrade(path="/stream", drop=(), version="HTTP/1.1", method="GET", **changes):
    """The octets of an upgrade request. `changes` replaces fields (by name, `_` for `-`)."""
    fields = {
        "Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13",
    }
    for name, value in changes.items():
        name = name.replace("_", "-").lower()
        known = next((f for f in fields if f.lower() == name), name)
        fields[known] = value
    lines = [f"{method} {path} {version}"]
    lines += [f"{k}: {v}" for k, v in fields.items() if k not in drop and v is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x37\xfa\x21\x3d", length=None):
    """One client frame. `length` overrides the length field: (7-bit value, extension octets)."""
    if isinstance(payload, str):
        payload = payload.encode()
    head = bytes([fin << 7 | rsv << 4 | opcode])
    masked = 0x80 if mask is not None else 0
    if length is not None:
        head += bytes([masked | length[0]]) + length[1]
    elif len(payload) < 126:
        head += bytes([masked | len(payload)])
    elif len(payload) < 65536:
        head += bytes([masked | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([masked | 127]) + struct.pack(">Q", len(payload))
    if mask is None:
        return head + payload
    return head + mask + apply(mask, payload)


def apply(mask, payload):
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


def deflate(data, bits=15, final=False):
    """A message's compressed payload (RFC 7692 §7.2.1)."""
    packer = zlib.compressobj(wbits=-bits)
    if final:
        return packer.compress(data) + packer.flush(zlib.Z_FINISH)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@dataclasses.dataclass
class Frame:
    opcode: int
    payload: bytes
    fin: bool
    compressed: bool

    @property
    def code(self):
        assert self.opcode == CLOSE, self
        return struct.unpack(">H", self.payload[:2])[0] if self.payload else None


class Ended(Exception):
    """The server's FIN. A reset is a ConnectionResetError instead."""


class Link:
    """A TCP connection with a buffer in front of it."""

    def __init__(self, address, receive_buffer=None, source=None):
        self.socket = socket.socket()
        if receive_buffer:  # before connect: the window is agreed there
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, port = address.rsplit(":", 1)
        self.socket.connect((host, int(port)))
        self.buffer = bytearray()

    def send(self, *octets):
        self.socket.sendall(b"".join(octets))

    def more(self):
        piece = self.socket.recv(262144)
        if not piece:
            raise Ended
        self.buffer += piece

    def take(self, size):
        while len(self.buffer) < size:
            self.more()
        piece = bytes(self.buffer[:size])
        del self.buffer[:size]
        return piece

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        return self.take(self.buffer.index(mark) + len(mark))

    def rest(self):
        """Everything up to the server's FIN."""
        while True:
            try:
                self.more()
            except Ended:
                return self.take(len(self.buffer))

    def response(self, method="GET"):
        """One HTTP response: (status, {field in lower case: value}, body)."""
        head = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, self.reason = head[0].split(" ", 2)
        assert version == "HTTP/1.1", head[0]
        fields = {}
        for line in head[1:-2]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        status = int(status)
        body = b""
        if status not in (101, 204, 304) and method != "HEAD":
            assert "content-length" in fields or "transfer-encoding" in fields, head
            if "content-length" in fields:
                body = self.take(int(fields["content-length"]))
            else:
                while size := int(self.until(b"\r\n"), 16):
                    body += self.take(size)
                    self.until(b"\r\n")
                self.until(b"\r\n")
        return status, fields, body

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class Peer(Link):
    """An open WebSocket."""

    may_be_refused = False

    def __init__(self, address, path="/stream", receive_buffer=None, source=None, **fields):
        super().__init__(address, receive_buffer, source)
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(upgrade(path, Sec_WebSocket_Key=key, **fields))
        self.status, self.fields, self.body = self.response()
        assert self.status == 101 or self.may_be_refused, (self.status, self.fields, self.body)
        self.extension = self.fields.get("sec-websocket-extensions", "")

    def receive(self):
        """The next frame of any kind."""
        first, second = self.take(2)
        assert first & 0x30 == 0, "a reserved bit"
        assert second & 0x80 == 0, "a masked frame from the server (§5.1)"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
            assert size > 125, "not the shortest form"
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
            assert size > 65535, "not the shortest form"
        got = Frame(first & 15, self.take(size), bool(first & 0x80), bool(first & 0x40))
        assert got.opcode in (0, 1, 2, 8, 9, 10), got
        if got.opcode >= 8:
            assert got.fin and size < 126 and not got.compressed, "a broken control frame"
        if got.compressed:
            assert "permessage-deflate" in self.extension, "compressed without agreement"
        return got

    def message(self):
        """The next whole data message as octets; pings are answered on the way."""
        data, compressed = b"", False
        while True:
            got = self.receive()
            if got.opcode == PING:
                self.send(frame(PONG, got.payload))
                continue
            if got.opcode == PONG:
                continue
            assert got.opcode != CLOSE, f"closed with {got.code}: {got.payload[2:]!r}"
            compressed = compressed or got.compressed
            data += got.payload
            if got.fin:
                # `server_no_context_takeover` is always agreed: each message stands alone.
                return zlib.decompressobj(-15).decompress(data + b"\0\0\xff\xff") if compressed else data

    def json(self):
        return json.loads(self.message())

    def call(self, method, payload=None, id="1"):
        """Calls by the openapi-ws dialect and returns the answer; events that come first are lost."""
        call = {"id": id, "method": method}
        if payload is not None:
            call["payload"] = payload
        self.send(frame(TEXT, json.dumps(call)))
        while True:
            answer = self.json()
            if answer.get("id") == id:
                return answer

    def subscribe(self, channel, event=None):
        answer = self.call("subscribe", {"channel": channel, **({"event": event} if event else {})})
        assert "response" in answer, answer

    def ends_with(self, code, answer=False):
        """Reads to the end: the server's close frame with `code`, then its FIN, never a reset.

        A server that closes without a fault of the client waits for the client's `answer`. Returns
        the reason.
        """
        got = self.receive()
        while got.opcode in (PING, PONG):
            got = self.receive()
        assert got.opcode == CLOSE, f"{got} in place of close {code}"
        assert got.code == code, f"closed with {got.code} ({got.payload[2:]!r}), not {code}"
        if answer:
            self.send(close(code))
        self.finished()
        return got.payload[2:]

    def finished(self):
        """The server ends the connection: nothing but its FIN is left to come."""
        try:
            left = self.rest()
        except ConnectionResetError:
            raise AssertionError("reset in place of FIN") from None
        assert left == b"", left[:100]
        return True


class Visitor(Peer):
    """Who may be refused: `status`, `reason` and `body` say how the opening went."""

    may_be_refused = True
