"""Many clients of high-templar at once, and a witness of how those fare who are there already."""

import asyncio
import http.client
import json
import multiprocessing
import time

from process import PATIENCE
from wire import Peer, upgrade


class Guest(asyncio.Protocol):
    """One client: asks for a WebSocket, and notes what comes of it and when."""

    def __init__(self, cookie, path, done, gone):
        self.request = upgrade(path, Cookie=cookie)
        self.octets, self.done, self.gone = bytearray(), done, gone
        self.status = self.elapsed = self.hello = None
        self.is_closed = False

    def connection_made(self, transport):
        self.transport, self.begin = transport, time.monotonic()
        transport.write(self.request)

    def data_received(self, piece):
        self.octets += piece
        if self.status is None and b"\r\n\r\n" in self.octets:
            self.status = int(self.octets[9:12])
            self.elapsed = time.monotonic() - self.begin
        head, _, rest = self.octets.partition(b"\r\n\r\n")
        # A hello is shorter than 126 octets here: a frame of two octets in front of it.
        if self.status == 101 and len(rest) >= 2 and len(rest) >= 2 + rest[1] and self.hello is None:
            self.hello = json.loads(rest[2:2 + rest[1]])
            self.settle()

    def connection_lost(self, error):
        self.is_closed, self.error = True, error
        self.settle()
        self.gone.set_result(self)

    def settle(self):
        if not self.done.done():
            self.done.set_result(self)

    @property
    def body(self):
        return bytes(self.octets.partition(b"\r\n\r\n")[2])


async def storm(server, count, path="/ws/", cookie="sessionid={}", patience=10 * PATIENCE):
    """`count` clients connect at once from several addresses; returns them when all are answered."""
    loop = asyncio.get_running_loop()
    host, port = server.address.rsplit(":", 1)

    async def one(number):
        done = loop.create_future()
        source = (f"127.0.0.{2 + number % 8}", 0)
        _, guest = await loop.create_connection(
            lambda: Guest(cookie.format(number), path, done, loop.create_future()), host, int(port), local_addr=source)
        return await done

    return await asyncio.wait_for(asyncio.gather(*map(one, range(count))), patience)


async def leave(guests):
    for guest in guests:
        guest.transport.abort()
    await asyncio.gather(*(guest.gone for guest in guests))


class Witness:
    """Clients that are there already, in a process of their own: a trigger for them every 20 ms.

    `count` is how many have been heard by all. `latencies` are seconds from the trigger to the last of
    them, once the witness has stopped: to be read, since a busy machine makes them what they are.
    """

    def __init__(self, server):
        context = multiprocessing.get_context("spawn")
        self._stop, self._ready, self._told = context.Event(), context.Event(), context.Queue()
        self._count = context.Value("q", 0)
        self._process = context.Process(
            target=_watch, args=(server.address, self._stop, self._ready, self._count, self._told))
        self._process.start()
        assert self._ready.wait(4 * PATIENCE), "the witness is not ready"

    @property
    def count(self):
        return self._count.value

    def stop(self):
        self._stop.set()
        self.latencies = self._told.get(timeout=4 * PATIENCE)
        self._process.join(PATIENCE)
        return self.latencies

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._process.join(PATIENCE)


def _watch(address, stop, ready, count, told):
    from wire import TEXT, frame
    peers = [Peer(address, "/ws/") for _ in range(5)]
    for peer in peers:
        assert peer.json()["is_authorized"]
        peer.send(frame(TEXT, '{"type":"subscribe","room":{"a":1},"requestId":1}'))
        assert peer.json() == {"code": "success"}
    link = http.client.HTTPConnection(*address.rsplit(":", 1), timeout=PATIENCE)
    latencies = []
    ready.set()
    while not stop.wait(0.02):
        begin = time.monotonic()
        link.request("POST", "/trigger/", json.dumps({"rooms": [{"a": 1}], "data": len(latencies)}))
        answer = link.getresponse()
        assert (answer.status, answer.read()) == (200, b"publish success")
        for peer in peers:
            assert peer.json() == {"type": "publish", "data": len(latencies), "requestId": 1}
        latencies.append(time.monotonic() - begin)
        count.value = len(latencies)
    told.put(latencies)
