#!/usr/bin/env python3
"""A pub/sub and echo server that makes mistakes on purpose, as many as it is told, and counts them.

    faulty_server.py                       an honest server, on a free port of 127.0.0.1
    faulty_server.py --lose 100            every hundredth delivery is not made
    faulty_server.py --stall 0.5           half a second after the first delivery is asked for, nothing
                                           for a second

Whoever sends `sub ROOM` gets `ok ROOM` and from then on what is published there; `pub ROOM`, a line
feed and a payload publishes; anything else comes back to its sender, on every path. A delivery is
what the server owes somebody: a publication to one subscriber, or an answer. Faults count
deliveries over all connections, so `--lose 100` loses exactly one in a hundred, whoever it hits.

Prints `listening on HOST:PORT`, and when it is ended (SIGTERM, SIGINT) the faults it made, as JSON:
a load generator must have found each of them, and nothing else.
"""

import argparse
import asyncio
import collections
import http
import json
import signal
import sys
import time

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


def arguments(text=__doc__, more=lambda parser: None):
    """The options; `more` adds those of a server that makes the same mistakes in other words."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    more(parser)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--deflate", action="store_true", help="agree to permessage-deflate")
    parser.add_argument("--join", type=int, default=1, metavar="N",
                        help="send up to N deliveries that wait for a connection as one message, as "
                             "some servers do; no fault")
    every = parser.add_argument_group("faults of every K-th delivery")
    every.add_argument("--lose", type=int, metavar="K", help="it is not made")
    every.add_argument("--duplicate", type=int, metavar="K", help="it is made twice")
    every.add_argument("--swap", type=int, metavar="K", help="the next on its connection overtakes it")
    every.add_argument("--corrupt", type=int, metavar="K", help="one octet of it is another")
    every.add_argument("--octet", default="-1", metavar="N",
                       help="which octet is corrupted: an index, from the end when negative, or "
                            "`each`: one after the other, from the first to the last")
    every.add_argument("--truncate", type=int, metavar="K", help="its last octet is missing")
    every.add_argument("--drop", type=int, metavar="K", help="the connection is reset instead")
    every.add_argument("--close", type=int, metavar="K", help="the connection is closed (1011) instead")
    times = parser.add_argument_group("faults of time")
    times.add_argument("--delay", type=float, default=0, metavar="MS", help="of every delivery")
    times.add_argument("--acknowledge-after", type=float, default=0, metavar="MS",
                       help="subscribers are told so late, and get nothing before it; no fault")
    times.add_argument("--stall", type=float, metavar="S",
                       help="when, counted from the first publication or request")
    times.add_argument("--stall-time", type=float, default=1, metavar="S", help="for how long")
    manners = parser.add_argument_group("faults of manners")
    manners.add_argument("--refuse", metavar="STATUS[:BODY]", help="answer handshakes with this")
    manners.add_argument("--mute", action="store_true", help="never answer handshakes")
    manners.add_argument("--accept", type=int, default=0, metavar="N",
                         help="let the first N handshakes through all the same")
    manners.add_argument("--acknowledge", default="ok", metavar="WORD",
                         help="what a subscriber is told before the room's name; empty: nothing")
    return parser.parse_args()


class Faults:
    """Which of the deliveries go wrong, and how many did."""

    def __init__(self, options):
        self.options = options
        self.deliveries = 0
        self.corrupted_octet = -1
        self.made = collections.Counter()

    def strikes(self, fault):
        """Whether `fault` is the fate of the delivery that is being made."""
        period = getattr(self.options, fault)
        if not period or self.deliveries % period:
            return False
        self.made[fault] += 1
        return True

    def corrupted(self, payload):
        """The payload with one bit of one octet flipped; text stays text."""
        octets = bytearray(payload, "utf-8") if isinstance(payload, str) else bytearray(payload)
        self.corrupted_octet += 1
        place = self.corrupted_octet if self.options.octet == "each" else int(self.options.octet)
        octets[place % len(octets)] ^= 1
        return octets.decode() if isinstance(payload, str) else bytes(octets)


class Client:
    """A connection and what it is owed, in order."""

    def __init__(self, connection, faults):
        self.connection = connection
        self.faults = faults
        self.held = None
        self.release_timer = None
        self.has_ended = False  # by a fault: it ends once, and nothing is delivered any more
        self.owed = asyncio.Queue()

    def deliver(self, payload):
        faults = self.faults
        if self.has_ended:
            return
        faults.deliveries += 1
        if faults.strikes("lose"):
            return
        if faults.strikes("drop"):
            self.has_ended = True
            self.connection.transport.abort()
            return
        if faults.strikes("close"):
            self.has_ended = True
            payload = None
        elif faults.strikes("corrupt"):
            payload = faults.corrupted(payload)
        elif faults.strikes("truncate"):
            payload = payload[:-1]
        if self.held is not None:
            self.enqueue(payload)
            self.faults.made["swap"] += 1
            self.release()
        elif self.swaps():
            self.held = payload
            # With nobody to overtake it, it goes out after all.
            self.release_timer = asyncio.get_running_loop().call_later(0.2, self.release)
        else:
            self.enqueue(payload)
            if faults.strikes("duplicate"):
                self.enqueue(payload)

    def swaps(self):
        period = self.faults.options.swap
        return period and self.faults.deliveries % period == 0

    def release(self):
        self.release_timer.cancel()
        self.enqueue(self.held)
        self.held = None

    def enqueue(self, payload):
        self.owed.put_nowait((time.monotonic() + self.faults.options.delay / 1000, payload))

    async def pay(self):
        """Sends what is owed, when it is due."""
        while True:
            due, payload = await self.owed.get()
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if payload is None:
                await self.connection.close(1011, "on purpose")
                return
            count = 1
            while count < self.faults.options.join and not self.owed.empty():
                payload += self.owed.get_nowait()[1]
                count += 1
            await self.connection.send(payload)


class Server:
    subprotocols = None

    def __init__(self, options):
        self.options = options
        self.faults = Faults(options)
        self.rooms = collections.defaultdict(list)
        self.handshakes = 0
        self.stalls = options.stall is not None

    async def process_request(self, connection, request):
        """Answers a handshake in place of the library, when it is one to refuse."""
        self.handshakes += 1
        if self.handshakes <= self.options.accept:
            return None
        if self.options.mute:
            self.faults.made["mute"] += 1
            await asyncio.get_running_loop().create_future()
        if self.options.refuse:
            self.faults.made["refuse"] += 1
            status, _, body = self.options.refuse.partition(":")
            return connection.respond(http.HTTPStatus(int(status)), body)
        return None

    def message(self, client, message):
        text = message if isinstance(message, str) else message.decode("latin-1")
        # Not counted from a subscription: who subscribes may take long to begin.
        if self.stalls and not text.startswith("sub "):
            self.stalls = False
            # Blocks the loop, and with it everything: as a collection of garbage does.
            asyncio.get_running_loop().call_later(
                self.options.stall, time.sleep, self.options.stall_time)
        if text.startswith("sub "):
            room = text[4:].strip()
            self.rooms[room].append(client)
            if self.options.acknowledge:
                due = time.monotonic() + self.options.acknowledge_after / 1000
                client.owed.put_nowait((due, f"{self.options.acknowledge} {room}"))
        elif text.startswith("pub ") and "\n" in text:
            head, payload = message.split("\n" if isinstance(message, str) else b"\n", 1)
            for subscriber in self.rooms[text[4:len(head)].strip()]:
                subscriber.deliver(payload)
        else:
            client.deliver(message)

    async def serve_client(self, connection):
        client = Client(connection, self.faults)
        payer = asyncio.create_task(client.pay())
        try:
            async for message in connection:
                self.message(client, message)
        except ConnectionClosed:
            pass
        finally:
            payer.cancel()
            for members in self.rooms.values():
                if client in members:
                    members.remove(client)

    async def run(self):
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        listener = await serve(
            self.serve_client, "127.0.0.1", self.options.port, process_request=self.process_request,
            subprotocols=self.subprotocols, compression="deflate" if self.options.deflate else None, max_size=None,
            open_timeout=None, ping_interval=None, close_timeout=0.2, backlog=4096)
        port = listener.sockets[0].getsockname()[1]
        print(f"listening on 127.0.0.1:{port}", flush=True)
        await ended.wait()
        print(json.dumps({"deliveries": self.faults.deliveries, **self.faults.made}), flush=True)


if __name__ == "__main__":
    asyncio.run(Server(arguments()).run())
    sys.exit(0)
