"""Calls that are answered, canceled, timed out and abandoned at the same time: one end for each.

Sessions on both cores do it at random; a caller that announced call_canceling must get exactly one
final RESULT or ERROR for every CALL, whoever was first, and a callee nothing that it cannot know.
"""

import asyncio
import collections

from test_wamp_ordering import Session, asynchronous, leave, sessions
from process import PATIENCE
from wamp_session import (
    CALL, CANCEL, ERROR, INTERRUPT, INVOCATION, PUBLISH, REGISTER, REGISTERED, RESULT, SUBSCRIBE,
    SUBSCRIBED, UNREGISTER, YIELD)

REASONS = {"wamp.error.canceled", "wamp.error.timeout", "wamp.error.no_such_procedure", "com.race.error",
           "wamp.error.no_available_callee"}


class Callee:
    """Answers invocations in every way and order there is, until it is told to leave."""

    def __init__(self, session, random):
        self.session, self.random = session, type(random)(random.random())
        self.open, self.known = set(), set()
        self.tasks = set()
        self.leaving = False
        session.hear = self.hear

    async def hear(self, message):
        if message[0] == INVOCATION:
            assert message[1] not in self.known or message[3].get("progress") is not None, message
            self.known.add(message[1])
            task = asyncio.create_task(self.answer(message))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif message[0] == INTERRUPT:
            assert message[1] in self.known, f"an interrupt of an invocation that never was: {message}"
            if message[2]["mode"] == "kill":
                await self.say([ERROR, INVOCATION, message[1], {}, "wamp.error.canceled"])

    async def answer(self, message):
        invocation, (name, number) = message[1], message[4]
        choice = self.random.random()
        await asyncio.sleep(self.random.choice([0, 0, 0.002, 0.02]))
        if message[3].get("receive_progress"):
            for step in range(self.random.randrange(4)):
                await self.say([YIELD, invocation, {"progress": True}, [name, number, step]])
        if choice < 0.6:
            await self.say([YIELD, invocation, {}, [name, number]])
        elif choice < 0.8:
            await self.say([ERROR, INVOCATION, invocation, {}, "com.race.error", [name, number]])
        if choice < 0.2 or choice > 0.95:  # twice, or nothing but too late
            await asyncio.sleep(0.1)
            await self.say([YIELD, invocation, {}, [name, number]])

    async def say(self, message):
        if self.leaving:
            return  # nothing comes after a GOODBYE
        try:
            await self.session.send(message)
        except Exception:
            pass  # it left meanwhile

    async def vanish(self):
        self.session.reader.cancel()
        self.session.socket.transport.abort()


@asynchronous
async def test_every_call_ends_exactly_once(router, random):
    callers = await sessions(router, random, 8)
    steady = [Callee(s, random) for s in await sessions(router, random, 4)]
    for callee in steady:
        for uri in ("com.race.steady", "com.race.mixed"):
            answer = await callee.session.answered(
                callee.session.request(REGISTER, {"invoke": "roundrobin"}, uri))
            assert answer[0] == REGISTERED, answer
    going = True

    async def come_and_go(seed):
        """A callee that registers, serves a little, and is gone in one of three ways."""
        choose = type(random)(seed)
        while going:
            name = choose.choice(["json", "cbor", "msgpack.batched"])
            callee = Callee(await Session.open(router, name), choose)
            answer = await callee.session.answered(
                callee.session.request(REGISTER, {"invoke": "roundrobin"}, "com.race.mixed"))
            await asyncio.sleep(choose.choice([0, 0.005, 0.03]))
            way = choose.randrange(3)
            if way == 0:
                await callee.vanish()
            elif way == 1:
                callee.leaving = True
                await callee.session.leave()
            else:
                await callee.session.answered(callee.session.request(UNREGISTER, answer[2]))
                await asyncio.sleep(0.01)
                await callee.vanish()

    async def call(caller, name, seed):
        choose = type(random)(seed)
        options = {}
        for number in range(120):
            uri = choose.choice(["com.race.steady", "com.race.mixed"])
            request = caller.request(CALL, {}, uri, [name, number])
            if choose.random() < 0.3:
                request[2]["receive_progress"] = True
            if choose.random() < 0.5:
                request[2]["timeout"] = choose.choice([1, 10, 50])
            options[request[1]] = request
            await caller.send(request)
            if choose.random() < 0.3:
                mode = choose.choice(["skip", "kill", "killnowait"])
                await caller.send([CANCEL, choose.choice(list(options)), {"mode": mode}])
            if choose.random() < 0.1:
                await asyncio.sleep(0.01)
        # What nobody answered is canceled, in the mode that needs no callee.
        await asyncio.sleep(0.3)
        for number in options:
            await caller.send([CANCEL, number, {"mode": "killnowait"}])

        def ended(received):
            return {m[1] if m[0] == RESULT else m[2] for m in received
                    if m[0] == ERROR or m[0] == RESULT and not m[2].get("progress")}

        try:
            await caller.until(lambda received: ended(received) == set(options), "calls have no end")
        except AssertionError:
            missing = [options[n] for n in set(options) - ended(caller.received)]
            raise AssertionError(f"{len(missing)} calls without an end, such as {missing[:3]}") from None
        return options

    wanderers = [asyncio.create_task(come_and_go(random.random())) for _ in range(3)]
    asked = await asyncio.gather(*(call(c, n, random.random()) for n, c in enumerate(callers)))
    going = False
    await asyncio.gather(*wanderers)
    for caller in callers:
        await caller.answered(caller.request(CALL, {}, "wamp.session.count"))
    for name, (caller, options) in enumerate(zip(callers, asked)):
        ends = collections.Counter()
        for message in caller.received[:-1]:
            request = message[1] if message[0] == RESULT else message[2]
            if request not in options:
                continue  # the last call
            assert not ends[request], f"{message} after the end of its call"
            number = options[request][4][1]
            if message[0] == RESULT:
                assert message[3][:2] == [name, number], f"{message} answers {options[request]}"
                ends[request] += not message[2].get("progress")
                if message[2].get("progress"):
                    assert options[request][2].get("receive_progress"), f"{message}: not asked for"
            else:
                assert message[0] == ERROR and message[1] == CALL and message[4] in REASONS, message
                if message[4] == "wamp.error.timeout":
                    assert "timeout" in options[request][2], message
                ends[request] += 1
        assert set(ends) >= set(options) and all(n == 1 for n in ends.values())
    for callee in steady:
        callee.leaving = True
    await leave(callers, [callee.session for callee in steady])


@asynchronous
async def test_sessions_that_vanish_leave_nothing_behind(router, random):
    """After everybody has gone, in whatever way, there is no subscription, registration or session."""
    async def live(seed):
        choose = type(random)(seed)
        session = await Session.open(router, choose.choice(["json", "cbor", "msgpack.batched"]))
        for number in range(choose.randrange(6)):
            match = choose.choice(["exact", "prefix", "wildcard"])
            uri = "com.vanish..x" if match == "wildcard" else f"com.vanish.t{choose.randrange(5)}"
            answer = await session.answered(session.request(SUBSCRIBE, {"match": match}, uri))
            assert answer[0] == SUBSCRIBED, answer
            await session.answered(session.request(
                REGISTER, {"invoke": "random"}, f"com.vanish.p{choose.randrange(5)}"))
            await session.send(session.request(PUBLISH, {}, "com.vanish.t1", [number]),
                               session.request(CALL, {}, f"com.vanish.p{choose.randrange(5)}", [number]))
        if choose.random() < 0.5:
            session.reader.cancel()
            session.socket.transport.abort()
        else:
            await session.leave()

    watcher = await Session.open(router)

    async def listed():
        """The ids of all subscriptions and registrations."""
        answers = [await watcher.answered(watcher.request(CALL, {}, f"wamp.{what}.list"))
                   for what in ("subscription", "registration")]
        return {id for answer in answers for ids in answer[3][0].values() for id in ids}

    # Those of the tests before may still be there, and go meanwhile.
    before = await listed()
    for _ in range(5):
        await asyncio.gather(*(live(random.random()) for _ in range(20)))

    async def left():
        count = (await watcher.answered(watcher.request(CALL, {}, "wamp.session.count")))[3]
        return await listed() <= before and count == [1]

    async with asyncio.timeout(PATIENCE):
        while not await left():
            await asyncio.sleep(0.05)
    await watcher.leave()
