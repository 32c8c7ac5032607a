"""A RabbitMQ that stumbles: whole conversations of a broker's side, with one frame spoilt."""

import struct


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def method(channel, group, number, arguments=b""):
    return frame(1, channel, struct.pack(">HH", group, number) + arguments)


def short(text):
    return bytes([len(text)]) + text


def long(text):
    return struct.pack(">I", len(text)) + text


TABLE = long(short(b"product") + b"S" + long(b"nonsense"))

# What a broker says to a link with one high-templar consumer, up to a message and the end.
CONVERSATION = [
    method(0, 10, 10, b"\0\x09" + TABLE + long(b"PLAIN AMQPLAIN") + long(b"en_US")),
    method(0, 10, 30, struct.pack(">HIH", 2047, 131072, 60)),
    method(0, 10, 41, short(b"")),
    method(1, 20, 11, long(b"")),
    method(1, 60, 11),
    method(1, 40, 11),
    method(1, 50, 11, short(b"queue") + struct.pack(">II", 0, 0)),
    method(1, 50, 21),
    method(1, 60, 21, short(b"tag")),
    method(1, 60, 60, short(b"tag") + struct.pack(">QB", 1, 0) + short(b"x") + short(b"*")),
    frame(2, 1, struct.pack(">HHQH", 60, 0, 5, 0x2080) + TABLE + short(b"id")),
    frame(3, 1, b"hello"),
    frame(8, 0, b""),
    method(0, 10, 50, struct.pack(">H", 320) + short(b"bye") + struct.pack(">HH", 0, 0)),
]


def spoilt(octets, random):
    """`octets` with a few of them changed, cut off, inserted, or a shorter payload."""
    octets = bytearray(octets)
    way = random.randrange(4)
    if way == 0:
        for _ in range(random.randint(1, 3)):
            octets[random.randrange(len(octets))] = random.choice(
                [0, 1, 3, 0x7F, 0xCE, 0xFF, random.randrange(256)])
    elif way == 1:
        del octets[random.randrange(len(octets)):]
    elif way == 2:
        place = random.randrange(len(octets))
        octets[place:place] = random.randbytes(random.randint(1, 8))
    else:
        kind, channel = struct.unpack(">BH", octets[:3])
        return frame(kind, channel, bytes(octets[7:-1])[:random.randint(0, 6)])
    return bytes(octets)


def stumble(random):
    """A conversation with one frame spoilt, left out, or said twice."""
    frames = list(CONVERSATION)
    place = random.randrange(len(frames))
    way = random.random()
    if way < 0.1:
        del frames[place]
    elif way < 0.2:
        frames.insert(place, frames[place])
    else:
        frames[place] = spoilt(frames[place], random)
    return b"".join(frames)
