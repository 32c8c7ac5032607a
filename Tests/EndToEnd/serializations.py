"""WAMP messages as octets and back, in the six variants a WebSocket subprotocol names.

Values are what `json` gives, plus `bytes` for octet strings, which JSON writes as text behind U+0000
(WAMP, "Binary conversion of JSON strings"). Batched JSON ends a message with the record separator.
"""

import base64
import binascii
import json
import struct

import cbor2
import msgpack

SEPARATOR = 0x1E  # wamp.2.json.batched; clients that read the octet as octal send 0x18


def to_json(value):
    """`value` with octet strings as JSON writes them."""
    if isinstance(value, bytes):
        return "\0" + base64.b64encode(value).decode()
    if isinstance(value, list):
        return [to_json(v) for v in value]
    if isinstance(value, dict):
        return {k: to_json(v) for k, v in value.items()}
    return value


def from_json(value):
    """`value` with texts behind U+0000 as the octet strings they are."""
    if isinstance(value, str) and value.startswith("\0"):
        try:
            return base64.b64decode(value[1:], validate=True)
        except (binascii.Error, ValueError):
            return value
    if isinstance(value, list):
        return [from_json(v) for v in value]
    if isinstance(value, dict):
        return {k: from_json(v) for k, v in value.items()}
    return value


def json_octets(message):
    return json.dumps(to_json(message), ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(octets):
    # Ids are map keys nowhere, but a payload is free to be odd; strict keys would hide what came.
    return msgpack.unpackb(octets, raw=False, strict_map_key=False)


FORMS = {
    "json": (json_octets, lambda octets: from_json(json.loads(octets))),
    "msgpack": (lambda message: msgpack.packb(message, use_bin_type=True), unpacked),
    "cbor": (cbor2.dumps, cbor2.loads),
}


class Serialization:
    """One variant by its name, such as "msgpack.batched"."""

    def __init__(self, name):
        self.name = name
        self.form, _, batched = name.partition(".")
        self.batched = bool(batched)
        self.is_text = self.form == "json"
        self.subprotocol = "wamp.2." + name
        self._encode, self._decode = FORMS[self.form]
        self.separator = SEPARATOR

    def __repr__(self):
        return self.name

    def framed(self, octets):
        """The octets of one message as part of a WebSocket message."""
        if not self.batched:
            return octets
        if self.is_text:
            return octets + bytes([self.separator])
        return struct.pack(">I", len(octets)) + octets

    def encode(self, *messages):
        """What one WebSocket message holds: exactly one message unless batched."""
        assert self.batched or len(messages) == 1
        return b"".join(self.framed(self._encode(message)) for message in messages)

    def decode(self, data):
        """The messages of one WebSocket message; asserts that their framing is as it should be."""
        assert isinstance(data, str) == self.is_text, f"the wrong kind of frame: {data!r:.100}"
        octets = data.encode() if isinstance(data, str) else data
        if not self.batched:
            return [self._decode(octets)]
        pieces = []
        if self.is_text:
            assert octets.endswith(bytes([self.separator])), f"unterminated: {octets[-40:]!r}"
            pieces = octets[:-1].split(bytes([self.separator]))
        else:
            while octets:
                size, = struct.unpack_from(">I", octets)
                assert len(octets) >= 4 + size, "a batch that is cut"
                pieces.append(octets[4:4 + size])
                octets = octets[4 + size:]
        assert pieces and all(pieces), "an empty batch"
        return [self._decode(piece) for piece in pieces]


NAMES = ["json", "msgpack", "cbor", "json.batched", "msgpack.batched", "cbor.batched"]
