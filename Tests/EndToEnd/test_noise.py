"""Twenty thousand connections of broken, mutated and random octets: the process lives and forgets them.

Every connection is made from a number, and a failure names it: `conversation(N)` is its octets.
"""

import random
import socket
import struct

import pytest
from process import Carillon, bounded
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Peer, deflate, frame, upgrade

CONNECTIONS = 20_000
REPORT = 1000  # connections between two looks at the server's health

CALLS = [
    '{"id":"1","method":"subscribe","payload":{"channel":"noise","event":"a*"}}',
    '{"id":"2","method":"publish","payload":{"channel":"noise","event":"abc","data":{"n":[1,2,{"x":null}]}}}',
    '{"id":"3","method":"unsubscribe","payload":{"channel":"noise","event":"a*"}}',
    '{"id":"4","method":"server_info"}', '{"id":"5","method":"echo","payload":{"text":"\\u00fc\\ud83d\\ude00"}}',
    '{"id":null,"method":""}', "[" * 70 + "]" * 70, "1e999999", '{"id":"x","id":"y","method":"echo"}',
]
REQUESTS = [
    b'POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\n{"room":"noise","data":[1]}',
    b'POST /api/broadcast HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    b'1e\r\n{"rooms":["noise","b"],"data":\r\n2\r\n1}\r\n0\r\n\r\n',
    b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
]


def conversation(number):
    """What connection `number` says: pieces, sent one after the other."""
    dice = random.Random(number)
    kind = dice.randrange(6)
    if kind == 0:
        return [dice.randbytes(dice.choice([1, 10, 100, 1000, 20000]))]
    if kind == 1:
        return [mutated(dice, dice.choice(REQUESTS) * dice.randrange(1, 4))]
    if kind == 2:
        return [mutated(dice, upgrade(dice.choice(["/stream", "/echo"]), Sec_WebSocket_Extensions=dice.choice(
            [None, "permessage-deflate", "permessage-deflate; client_max_window_bits=9, x; y=\"z\""])))]
    pieces = [upgrade(dice.choice(["/stream", "/echo"]), Sec_WebSocket_Extensions=dice.choice(
        [None, "permessage-deflate; client_max_window_bits"]))]
    for _ in range(dice.randrange(1, 12)):
        pieces.append(any_frame(dice))
    if kind == 3:  # valid handshake, mutated frames
        pieces[1:] = [mutated(dice, b"".join(pieces[1:]))]
    elif kind == 4:  # everything in one segment
        pieces = [b"".join(pieces)]
    return pieces


def any_frame(dice):
    text = dice.choice(CALLS).encode()
    shape = dice.randrange(10)
    if shape < 5:
        return frame(TEXT, mutated(dice, text) if dice.random() < 0.3 else text, mask=dice.randbytes(4))
    if shape == 5:
        return frame(TEXT, deflate(text), rsv=4)
    if shape == 6:
        return frame(dice.choice([TEXT, BINARY]), text[:5], fin=False) + frame(CONTINUATION, text[5:])
    if shape == 7:
        return frame(dice.choice([PING, PONG]), dice.randbytes(dice.randrange(126)))
    if shape == 8:
        return frame(CLOSE, struct.pack(">H", dice.choice([1000, 1001, 3000, 999, 1005])) + b"bye")
    return frame(dice.randrange(16), dice.randbytes(dice.randrange(300)), fin=dice.random() < 0.5,
                 rsv=dice.randrange(8))


def mutated(dice, octets):
    octets = bytearray(octets)
    for _ in range(dice.choice([1, 1, 2, 5, 20])):
        if not octets:
            break
        place = dice.randrange(len(octets))
        how = dice.randrange(6)
        if how == 0:
            octets[place] ^= 1 << dice.randrange(8)
        elif how == 1:
            octets[place] = dice.choice([0, 0x7F, 0x80, 0xFF, 0x0A, 0x0D, 0x22, 0x7B])
        elif how == 2:
            del octets[place:place + dice.randrange(1, 9)]
        elif how == 3:
            octets[place:place] = dice.randbytes(dice.randrange(1, 9))
        elif how == 4:
            octets[place:place] = octets[place:place + dice.randrange(1, 64)]
        else:
            del octets[place:]
    return bytes(octets)


@pytest.mark.parametrize("cores", [1, 2])
def test_noise_never_ends_the_process(cores):
    # The watcher listens once in a thousand connections, however long they take: it answers no pings.
    settings = {"limits.ping_interval": 0}
    with Carillon("--echo", "/echo", "--cores", str(cores), settings=settings) as server:
        place = (server.host, server.port)
        watch = Peer(server.address)
        watch.subscribe("watch")
        calm = None
        open_links = []
        for number in range(CONNECTIONS * (cores - 1), CONNECTIONS * cores):
            link = socket.socket()
            link.settimeout(5)
            # Eight addresses: the ports of closed connections rest for a minute.
            link.bind((f"127.0.0.{2 + number % 8}", 0))
            try:
                link.connect(place)
                for piece in conversation(number):
                    link.sendall(piece)
                if number % 3 == 0:  # some are curious and polite: they hear all of the answer
                    link.shutdown(socket.SHUT_WR)
                    while link.recv(65536):
                        pass
            except OSError:
                pass
            assert server.alive, f"connection {number} ended the server:\n" + "\n".join(server.lines[-40:])
            if number % 2:  # half of them reset, the others end, some stay open for a while
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            open_links.append(link)
            if len(open_links) > number % 50:
                for link in open_links:
                    link.close()
                open_links.clear()
            if number % REPORT == REPORT - 1:
                assert server.publish("watch", number) == 1
                while (event := watch.json())["data"] != number:
                    pass
                if calm is None:
                    calm = server.resident()
        for link in open_links:
            link.close()
        assert server.publish("watch", "last") == 1
        watch.close()
        server.settles(ws_open=0, subscriptions=0, connections_open=1)
        assert server.metrics()["connections_accepted_total"] > CONNECTIONS * 0.9, "they did get in"
        assert server.resident() - calm < bounded(32), "what is gone is forgotten"
        assert server.metrics().get("uring_cq_overflow_total", 0) == 0
