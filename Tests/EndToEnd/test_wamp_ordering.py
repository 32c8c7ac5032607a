"""What must come in order (WAMP, "Ordering Guarantees"), with many sessions placed at random on cores.

A listener per core takes connections as the kernel deals them, so sessions are on both. Whatever order
a seed gives, each pair of a sender and a receiver must see its own messages in the order sent.
"""

import asyncio
import collections
import random

import pytest
from process import PATIENCE
from serializations import NAMES, Serialization
from wamp_session import (
    CALL, ERROR, EVENT, GOODBYE, HELLO, INVOCATION, PUBLISH, PUBLISHED, REGISTER, REGISTERED, RESULT,
    ROLES, SUBSCRIBE, SUBSCRIBED, UNREGISTER, UNREGISTERED, UNSUBSCRIBE, UNSUBSCRIBED, WELCOME, YIELD)
from websockets.asyncio.client import connect


class Session:
    """A session whose every received message is kept, and given to `hear` when it comes."""

    def __init__(self, socket, serialization):
        self.socket, self.serialization = socket, serialization
        self.received, self.requests = [], 0
        self.changed = asyncio.Condition()
        self.hear = None
        self.reader = None

    @classmethod
    async def open(cls, router, name="json", realm="realm2"):
        serialization = Serialization(name)
        socket = await connect(
            router.url, subprotocols=[serialization.subprotocol], compression=None, max_queue=None,
            ping_interval=None, open_timeout=PATIENCE, max_size=None)
        session = cls(socket, serialization)
        await session.send([HELLO, realm, {"roles": ROLES}])
        welcome = serialization.decode(await asyncio.wait_for(socket.recv(), PATIENCE))[0]
        assert welcome[0] == WELCOME, welcome
        session.id = welcome[1]
        session.reader = asyncio.create_task(session.read())
        return session

    async def read(self):
        async for data in self.socket:
            for message in self.serialization.decode(data):
                self.received.append(message)
                if self.hear:
                    await self.hear(message)
            async with self.changed:
                self.changed.notify_all()

    async def send(self, *messages):
        if self.serialization.batched:
            await self.socket.send(self.wire(*messages))
        else:
            for message in messages:
                await self.socket.send(self.wire(message))

    def wire(self, *messages):
        octets = self.serialization.encode(*messages)
        return octets.decode() if self.serialization.is_text else octets

    def request(self, code, *rest):
        self.requests += 1
        return [code, self.requests, *rest]

    async def until(self, condition, what):
        async with self.changed:
            try:
                async with asyncio.timeout(4 * PATIENCE):
                    await self.changed.wait_for(lambda: condition(self.received))
            except TimeoutError:
                raise AssertionError(f"{what}; last: {self.received[-3:]}") from None

    async def answered(self, message):
        """Sends a request and waits for its answer."""
        await self.send(message)
        number = message[1]
        def found(received):
            return [m for m in received if m[0] == ERROR and m[2] == number
                    or m[0] in (PUBLISHED, SUBSCRIBED, UNSUBSCRIBED, RESULT, REGISTERED, UNREGISTERED)
                    and m[1] == number]
        await self.until(found, f"no answer to {message}")
        return found(self.received)[-1]

    async def leave(self):
        await self.send([GOODBYE, {}, "wamp.close.close_realm"])
        await self.until(lambda received: any(m[0] == GOODBYE for m in received), "no GOODBYE")
        await self.socket.close()
        await self.reader


def asynchronous(test):
    def run(router, seed):
        asyncio.run(test(router, random.Random(seed)))
        assert router.alive, router.said()
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return pytest.mark.parametrize("seed", range(3))(run)


async def sessions(router, random, count):
    return await asyncio.gather(*(Session.open(router, random.choice(NAMES)) for _ in range(count)))


async def leave(*groups):
    for group in groups:
        await asyncio.gather(*(session.leave() for session in group))


TOPICS = ["com.order.a", "com.order.b.x", "com.order.b.y", "com.order.c.x.y"]
SUBSCRIPTIONS = [("exact", topic) for topic in TOPICS] + [
    ("prefix", "com.order"), ("prefix", "com.order.b"), ("wildcard", "com..b."), ("wildcard", "com.order..x"),
    ("wildcard", "com.order...")]


@asynchronous
async def test_events_of_a_publisher_come_in_order_over_all_subscriptions(router, random):
    """§6.1: over all topics and subscriptions of the pair, whatever their match policies."""
    subscribers, publishers = await sessions(router, random, 12), await sessions(router, random, 8)
    for subscriber in subscribers:
        wanted = random.sample(SUBSCRIPTIONS, random.randint(1, len(SUBSCRIPTIONS)))
        wanted.append(("prefix", "com.order.end"))
        for match, uri in wanted:
            answer = await subscriber.answered(subscriber.request(SUBSCRIBE, {"match": match}, uri))
            assert answer[0] == SUBSCRIBED, answer

    async def publish(publisher, seed):
        choose = type(random)(seed)
        number = 0
        while number < 200:
            batch = []
            for _ in range(choose.randint(1, 20)):
                batch.append(publisher.request(
                    PUBLISH, {"disclose_me": True}, choose.choice(TOPICS), [number]))
                number += 1
            await publisher.send(*batch)
        await publisher.send(publisher.request(PUBLISH, {"disclose_me": True}, "com.order.end", [number]))

    await asyncio.gather(*(publish(p, random.random()) for p in publishers))
    for subscriber in subscribers:
        def ends(received):
            return len({m[3]["publisher"] for m in received
                        if m[0] == EVENT and m[3].get("topic") == "com.order.end"}) == len(publishers)
        await subscriber.until(ends, "not every publisher's end arrived")
        last, seen = {}, collections.Counter()
        for message in subscriber.received:
            if message[0] != EVENT:
                continue
            publisher, number = message[3]["publisher"], message[4][0]
            assert number >= last.get(publisher, -1), f"{number} after {last[publisher]}: {message}"
            last[publisher] = number
            seen[publisher, message[1], number] += 1
        assert all(count == 1 for count in seen.values()), "an event came twice"
    await leave(subscribers, publishers)


@asynchronous
async def test_subscribed_comes_before_the_first_event_and_none_after_unsubscribed(router, random):
    """§6.2, while others publish all the time."""
    publishers, subscribers = await sessions(router, random, 4), await sessions(router, random, 8)
    going = True

    async def publish(publisher):
        while going:
            await publisher.send(*(publisher.request(PUBLISH, {}, "com.order.busy", [n]) for n in range(10)))
            await publisher.answered(publisher.request(
                PUBLISH, {"acknowledge": True}, "com.order.busy", ["a"]))

    async def churn(subscriber, seed):
        choose = type(random)(seed)
        for _ in range(30):
            match, uri = choose.choice([("exact", "com.order.busy"), ("prefix", "com.order.bu"),
                                        ("wildcard", "com..busy")])
            answer = await subscriber.answered(subscriber.request(SUBSCRIBE, {"match": match}, uri))
            await asyncio.sleep(choose.choice([0, 0, 0.001]))
            await subscriber.answered(subscriber.request(UNSUBSCRIBE, answer[2]))

    tasks = [asyncio.create_task(publish(p)) for p in publishers]
    await asyncio.gather(*(churn(s, random.random()) for s in subscribers))
    going = False
    await asyncio.gather(*tasks)
    for subscriber in subscribers:
        await subscriber.leave()
        active, leaving = set(), {}
        for message in subscriber.received:
            if message[0] == SUBSCRIBED:
                active.add(message[2])
                leaving[message[1] + 1] = message[2]  # the UNSUBSCRIBE is the request after it
            elif message[0] == UNSUBSCRIBED:
                active.discard(leaving[message[1]])
            elif message[0] == EVENT:
                assert message[1] in active, f"an event outside of its subscription: {message}"
    await leave(publishers)


@asynchronous
async def test_calls_of_a_caller_reach_a_callee_in_order(router, random):
    """§6.3: over all procedures; and answers reach those who asked."""
    callees, callers = await sessions(router, random, 6), await sessions(router, random, 8)
    procedures = []
    for index, callee in enumerate(callees):
        callee.calls = collections.defaultdict(list)

        async def hear(message, callee=callee):
            if message[0] == INVOCATION:
                caller, number = message[4]
                callee.calls[caller].append(number)
                await callee.send([YIELD, message[1], {}, [caller, number]])

        callee.hear = hear
        own = [({}, f"com.order.p{index}.{n}") for n in range(3)]
        own += [({"match": "prefix"}, f"com.order.q{index}."), ({"invoke": "roundrobin"}, "com.order.shared"),
                ({"invoke": "random"}, "com.order.any")]
        for options, uri in own:
            answer = await callee.answered(callee.request(REGISTER, options, uri))
            assert answer[0] == REGISTERED, answer
            procedures.append(uri + "x" if "match" in options else uri)

    async def call(caller, name, seed):
        choose = type(random)(seed)
        sent = {}
        number = 0
        while number < 150:
            batch = []
            for _ in range(choose.randint(1, 10)):
                batch.append(caller.request(CALL, {}, choose.choice(procedures), [name, number]))
                sent[batch[-1][1]] = number
                number += 1
            await caller.send(*batch)
        await caller.until(lambda received: len(received) >= len(sent), "answers are missing")
        answers = {m[1]: m[3] for m in caller.received if m[0] == RESULT}
        assert answers == {request: [name, n] for request, n in sent.items()}

    await asyncio.gather(*(call(c, index, random.random()) for index, c in enumerate(callers)))
    for callee in callees:
        ids = [m[1] for m in callee.received if m[0] == INVOCATION]
        assert ids == list(range(1, len(ids) + 1)), "invocations do not count 1, 2, 3 (§2.1)"
        for caller, numbers in callee.calls.items():
            assert numbers == sorted(numbers), f"calls of {caller} out of order: {numbers}"
    await leave(callees, callers)


@asynchronous
async def test_effects_follow_replies_and_requests(router, random):
    """§6.9: within a session at once, for others once the reply has been received."""
    ones = await sessions(router, random, 10)

    async def alone(session):
        """All in one go, without waiting for anything."""
        uri = f"com.order.own.s{session.id}"
        messages = [
            session.request(SUBSCRIBE, {}, uri), session.request(PUBLISH, {"exclude_me": False}, uri, [1]),
            session.request(REGISTER, {}, uri), session.request(CALL, {}, uri, [2])]
        await session.send(*messages)
        await session.until(lambda received: any(m[0] == INVOCATION for m in received), "no own invocation")
        kinds = [m[0] for m in session.received]
        assert kinds.index(SUBSCRIBED) < kinds.index(EVENT)
        assert kinds.index(REGISTERED) < kinds.index(INVOCATION)
        invocation = session.received[kinds.index(INVOCATION)]
        registered = session.received[kinds.index(REGISTERED)]
        await session.send(
            [YIELD, invocation[1], {}, [3]], session.request(UNREGISTER, registered[2]),
            session.request(CALL, {}, uri))
        await session.until(
            lambda received: received[-1][0] == ERROR, "a call after UNREGISTER found its procedure")
        assert session.received[-1][4] == "wamp.error.no_such_procedure"
        assert [m[3] for m in session.received if m[0] == RESULT] == [[3]]

    await asyncio.gather(*(alone(session) for session in ones))
    for number in range(60):
        first, second = random.sample(ones, 2)
        uri = f"com.order.effect.n{number}"
        subscribed = await first.answered(first.request(SUBSCRIBE, {}, uri))
        await second.answered(second.request(PUBLISH, {"acknowledge": True}, uri, [number]))
        await first.until(
            lambda received: received and received[-1][:2] == [EVENT, subscribed[2]],
            "an event after SUBSCRIBED is missing")
        registered = await first.answered(first.request(REGISTER, {}, uri))
        call = second.request(CALL, {}, uri, [number])
        await second.send(call)
        await first.until(
            lambda received: received[-1][0] == INVOCATION and received[-1][2] == registered[2],
            "an invocation after REGISTERED is missing")
        await first.send([YIELD, first.received[-1][1], {}, [number]])
        await second.until(lambda received: received and received[-1][:2] == [RESULT, call[1]], "no result")
        await first.answered(first.request(UNREGISTER, registered[2]))
        answer = await second.answered(second.request(CALL, {}, uri))
        assert answer[0] == ERROR and answer[4] == "wamp.error.no_such_procedure", answer
        await first.answered(first.request(UNSUBSCRIBE, subscribed[2]))
    await leave(ones)


@asynchronous
async def test_progressive_results_keep_their_order_and_end(router, random):
    """§6.5: progressive results in the order of the YIELDs, the final one last."""
    callees, callers = await sessions(router, random, 4), await sessions(router, random, 6)
    for index, callee in enumerate(callees):
        async def hear(message, callee=callee):
            if message[0] == INVOCATION:
                steps = message[4][0]
                await callee.send(*([YIELD, message[1], {"progress": True}, [n]] for n in range(steps)),
                                  [YIELD, message[1], {}, [steps]])
        callee.hear = hear
        await callee.answered(callee.request(REGISTER, {}, f"com.order.progress.c{index}"))

    async def call(caller, seed):
        choose = type(random)(seed)
        steps = {}
        for _ in range(20):
            uri = f"com.order.progress.c{choose.randrange(len(callees))}"
            message = caller.request(CALL, {"receive_progress": True}, uri, [choose.randint(0, 30)])
            steps[message[1]] = message[4][0]
            await caller.send(message)
        total = sum(steps.values()) + len(steps)
        await caller.until(lambda received: len(received) >= total, "results are missing")
        got = collections.defaultdict(list)
        for message in caller.received:
            assert message[0] == RESULT, message
            got[message[1]].append((message[3][0], message[2].get("progress", False)))
        for request, count in steps.items():
            assert got[request] == [(n, True) for n in range(count)] + [(count, False)]

    await asyncio.gather(*(call(c, random.random()) for c in callers))
    await leave(callees, callers)
