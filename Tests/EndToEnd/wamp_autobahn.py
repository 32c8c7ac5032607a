"""Autobahn|Python as a client: sessions over WebSocket in every serialization, and over RawSocket.

`members` gives a coroutine that joins sessions; they leave when the test's coroutine has ended. Each
test runs in an event loop of its own, with a limit on its time, and sees what handlers raised.
"""

import asyncio
import functools
import inspect

import txaio
from process import PATIENCE

txaio.use_asyncio()

from autobahn.asyncio import wamp  # noqa: E402
from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession  # noqa: E402
from autobahn.wamp.exception import ApplicationError  # noqa: E402
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer  # noqa: E402

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}


class Factory(wamp.WampWebSocketClientFactory):
    """Its runner lets the opening take two and a half seconds, and has no option for more."""

    def setProtocolOptions(self, **options):
        super().setProtocolOptions(**{**options, "openHandshakeTimeout": PATIENCE})


wamp.WampWebSocketClientFactory = Factory


class Refused(Exception):
    """The router's ABORT, or its GOODBYE: reason and message."""

    def __init__(self, details):
        super().__init__(details.reason, details.message)
        self.reason, self.message = details.reason, details.message


class Member(ApplicationSession):
    """A session whose progress can be awaited: `joined`, `left` and `gone` are futures."""

    def __init__(self, config):
        super().__init__(config)
        loop = asyncio.get_running_loop()
        self.joined, self.left, self.gone = (loop.create_future() for _ in range(3))
        self.joining = dict(config.extra)
        self.authenticator = self.joining.pop("authenticator", None)
        self.failures = []

    def onConnect(self):
        self.join(self.config.realm, **self.joining)

    def onChallenge(self, challenge):
        signature = self.authenticator.on_challenge(self, challenge)
        # Some authenticators of Autobahn give octets where WAMP wants text.
        return signature.decode() if isinstance(signature, bytes) else signature

    def onWelcome(self, message):
        if self.authenticator:
            return self.authenticator.on_welcome(self, message.authextra)

    def onJoin(self, details):
        self.details = details
        self.joined.set_result(self)

    def onLeave(self, details):
        if not self.joined.done():
            self.joined.set_exception(Refused(details))
        if not self.left.done():
            self.left.set_result(details)
        self.disconnect()

    def onDisconnect(self):
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("disconnected before the session began"))
        if not self.gone.done():
            self.gone.set_result(None)

    def onUserError(self, fail, message):
        # An error that a procedure means to answer with, and a canceled one, are no failures.
        if not isinstance(fail.value, (ApplicationError, asyncio.CancelledError)):
            self.failures.append((message, fail.value))

    def lose(self):
        """The connection is gone without a GOODBYE."""
        transport = self._transport.transport
        transport.abort()


class Members:
    """Joins sessions to one router and lets them leave."""

    def __init__(self, router, variant):
        self.router, self.variant, self.all = router, variant, []

    async def __call__(self, realm="realm1", variant=None, **joining):
        name = variant or self.variant
        transport, _, serialization = name.rpartition(":")
        form, _, batched = serialization.partition(".")
        if transport:
            url, serializer = f"rs://127.0.0.1:{self.router.rawsocket_port}", SERIALIZERS[form]()
        else:
            url, serializer = self.router.url, SERIALIZERS[form](batched=bool(batched))
        # Autobahn makes the session when the transport is open, which is later.
        made = asyncio.get_running_loop().create_future()

        def make(config):
            self.all.append(Member(config))
            made.set_result(self.all[-1])
            return self.all[-1]

        runner = ApplicationRunner(url, realm, extra=joining, serializers=[serializer])
        await runner.run(make, start_loop=False)
        member = await asyncio.wait_for(made, PATIENCE)
        return await asyncio.wait_for(member.joined, PATIENCE)

    async def finish(self):
        for member in self.all:
            if member.is_attached():
                member.leave()
        for member in self.all:
            await asyncio.wait_for(member.gone, PATIENCE)
        failures = [failure for member in self.all for failure in member.failures]
        assert not failures, failures


def asynchronous(test):
    """Runs a coroutine that takes `members` as a test."""

    @functools.wraps(test)
    def run(**fixtures):
        router, variant = fixtures.pop("router"), fixtures.pop("variant")

        async def body():
            members = Members(router, variant)
            # Every coroutine in it has a limit of its own; this is for what no one thought of.
            async with asyncio.timeout(6 * PATIENCE):
                try:
                    await test(members, **fixtures)
                finally:
                    await members.finish()

        asyncio.run(body())
        assert router.alive, router.said()

    signature = inspect.signature(test)
    others = [p for name, p in signature.parameters.items() if name != "members"]
    run.__signature__ = signature.replace(parameters=[
        inspect.Parameter("router", inspect.Parameter.KEYWORD_ONLY),
        inspect.Parameter("variant", inspect.Parameter.KEYWORD_ONLY),
        *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in others)])
    return run


class Box:
    """What handlers were given, in order, to be awaited one by one."""

    def __init__(self):
        self.items = asyncio.Queue()

    def put(self, *args, **kwargs):
        details = kwargs.pop("details", None)
        self.items.put_nowait((list(args), kwargs, details))

    async def next(self):
        return await asyncio.wait_for(self.items.get(), PATIENCE)

    async def arguments(self):
        return (await self.next())[0]

    @property
    def empty(self):
        return self.items.empty()
