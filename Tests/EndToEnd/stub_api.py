"""The HTTP application behind the server, as a stub in a thread of its own.

    with StubAPI() as api:
        api.answer = Answer(200, {"allowed_rooms": []})     or a function of the request
        api.take("GET", "bootstrap/").headers["Cookie"]     waits for the request

It listens at `api.url` or, with `path`, at that Unix socket. `delay` is how many seconds it thinks
about each request, `freeze` makes it think until `thaw`. `most` is how many it has had at a time.
"""

import asyncio
import collections
import dataclasses
import json
import threading

from aiohttp import web
from process import PATIENCE

PREFIX = "/api/"


@dataclasses.dataclass
class Answer:
    status: int = 200
    body: object = b""
    type: str = "application/json"
    headers: dict = dataclasses.field(default_factory=dict)

    def octets(self):
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


# In place of an Answer: none comes; the connection is torn down.
SILENCE, HANG_UP = object(), object()


@dataclasses.dataclass
class Request:
    method: str
    target: str  # what follows PREFIX, query included
    headers: object  # by name in any case; several values with getall
    body: bytes

    def json(self):
        return json.loads(self.body)


class StubAPI:
    def __init__(self, answer=Answer(200, {}), path=None, delay=0):
        self.answer, self.delay = answer, delay
        self.requests = collections.deque()
        self.count = self.most = self.present = 0
        self._path, self._came = path, threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(PATIENCE), "the stub does not start"

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._started.set()
        self._loop.run_forever()

    async def _serve(self):
        self._open = asyncio.Event()
        self._open.set()
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.01)
        await self._runner.setup()
        if self._path:
            site, self.port = web.UnixSite(self._runner, self._path, backlog=1024), 80
        else:
            site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        if not self._path:
            self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}{PREFIX}"

    async def _handle(self, received):
        self.present += 1
        self.count += 1
        self.most = max(self.most, self.present)
        try:
            request = Request(
                received.method, received.raw_path.removeprefix(PREFIX), received.headers,
                await received.read())
            with self._came:
                self.requests.append(request)
                self._came.notify_all()
            answer = self.answer(request) if callable(self.answer) else self.answer
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._open.wait()
            if answer is SILENCE:
                await asyncio.sleep(3600)
            if answer is HANG_UP:
                received.transport.abort()
                answer = Answer(500)
            return web.Response(
                status=answer.status, body=answer.octets(),
                headers={"Content-Type": answer.type, **answer.headers})
        finally:
            self.present -= 1

    def freeze(self):
        self._do(self._open.clear)

    def thaw(self):
        self._do(self._open.set)

    def _do(self, step):
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (step(), done.set()))
        assert done.wait(PATIENCE)

    # What the server asked

    def take(self, method, target):
        """The first request of this kind that nobody has taken; waits for it."""
        def found():
            return next((r for r in self.requests if (r.method, r.target) == (method, target)), None)

        with self._came:
            came = self._came.wait_for(found, PATIENCE)
            assert came, f"no {method} {target} among {[(r.method, r.target) for r in self.requests]}"
            self.requests.remove(came)
            return came

    def forget(self):
        """Nobody looks at the requests so far."""
        with self._came:
            self.requests.clear()

    async def _end(self):
        await self._runner.cleanup()
        mine = asyncio.all_tasks() - {asyncio.current_task()}
        for task in mine:  # they are silent and would be for an hour
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
