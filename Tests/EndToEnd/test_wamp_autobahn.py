"""Autobahn|Python publishes, subscribes and calls, in every serialization it has."""

import asyncio

import pytest
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import (
    CallOptions, PublishOptions, RegisterOptions, SubscribeOptions)
from process import PATIENCE
from serializations import NAMES
from wamp_autobahn import Box, asynchronous

ACKNOWLEDGED = PublishOptions(acknowledge=True)


async def fails(awaitable, uri):
    with pytest.raises(ApplicationError) as caught:
        await asyncio.wait_for(awaitable, PATIENCE)
    assert caught.value.error == uri, caught.value
    return caught.value


async def heard(members, topic, box, **options):
    member = await members()
    await member.subscribe(box.put, topic, options=SubscribeOptions(details=True, **options))
    return member


@asynchronous
async def test_events_reach_subscribers_with_their_publication_id(members):
    box = Box()
    await heard(members, "com.ab.t", box)
    publisher = await members()
    for payload in ([], ["x", 1, -7, 2.5, None, True, "ü", {"a": [1, {"b": []}]}], [b"\x01\x02"]):
        acknowledgement = await publisher.publish("com.ab.t", *payload, options=ACKNOWLEDGED)
        args, kwargs, details = await box.next()
        assert args == payload and kwargs == {}
        assert details.publication == acknowledgement.id
    publisher.publish("com.ab.t", key="value")
    assert (await box.next())[1] == {"key": "value"}


@asynchronous
@pytest.mark.parametrize("receiver", NAMES)
async def test_payload_is_the_same_in_every_serialization(members, receiver):
    payload = ["text", 1, -1, 2**31, -2**40, 2**53, 0.5, None, False, b"\x00\xff\x10",
               {"k": [b"", {"n": None}]}, [], {}, "\N{SNOWMAN}\U0001f600"]
    box = Box()
    subscriber = await members(variant=receiver)
    await subscriber.subscribe(box.put, "com.ab.transcoded")
    publisher = await members()
    publisher.publish("com.ab.transcoded", *payload, more={"octets": b"abc"})
    args, kwargs, _ = await box.next()
    assert args == payload and kwargs == {"more": {"octets": b"abc"}}
    await subscriber.register(lambda *a, **k: {"a": list(a), "k": k}, "com.ab.transcoder")
    answer = await publisher.call("com.ab.transcoder", *payload, more=b"abc")
    assert answer == {"a": payload, "k": {"more": b"abc"}}


@asynchronous
async def test_the_publisher_gets_its_own_event_only_when_it_asks(members):
    box = Box()
    member = await heard(members, "com.ab.own", box)
    await member.publish("com.ab.own", 1, options=ACKNOWLEDGED)
    await member.publish("com.ab.own", 2, options=PublishOptions(acknowledge=True, exclude_me=False))
    assert await box.arguments() == [2]
    assert box.empty


@asynchronous
async def test_patterns_tell_the_topic(members):
    prefix, wildcard = Box(), Box()
    await heard(members, "com.ab.pattern", prefix, match="prefix")
    await heard(members, "com.ab.pattern..end", wildcard, match="wildcard")
    publisher = await members()
    publisher.publish("com.ab.pattern.x.end", 1)
    publisher.publish("com.ab.pattern.x", 2)
    publisher.publish("com.ab.patterns", 3)
    for expected in [(1, "com.ab.pattern.x.end"), (2, "com.ab.pattern.x"), (3, "com.ab.patterns")]:
        args, _, details = await prefix.next()
        assert (args[0], details.topic) == expected
    args, _, details = await wildcard.next()
    assert args == [1] and details.topic == "com.ab.pattern.x.end"
    assert wildcard.empty


@asynchronous
async def test_lists_decide_who_gets_an_event(members):
    boxes = [Box() for _ in range(3)]
    ones = [await heard(members, "com.ab.lists", box) for box in boxes]
    ids = [one.details.session for one in ones]
    names = [one.details.authid for one in ones]
    publisher = await members()
    cases = [
        ({"eligible": ids[:2]}, {0, 1}), ({"exclude": ids[:1]}, {1, 2}),
        ({"eligible": ids[:2], "exclude": ids[1:]}, {0}),
        ({"eligible_authid": names[2:]}, {2}), ({"exclude_authid": names[2:]}, {0, 1}),
        ({"eligible_authrole": ["anonymous"]}, {0, 1, 2}), ({"exclude_authrole": ["anonymous"]}, set()),
        ({"eligible_authrole": ["nobody"]}, set()),
    ]
    for number, (options, receivers) in enumerate(cases):
        options = PublishOptions(acknowledge=True, **options)
        await publisher.publish("com.ab.lists", number, options=options)
        await publisher.publish("com.ab.lists", "end", options=ACKNOWLEDGED)
        for index, box in enumerate(boxes):
            got = [await box.arguments()]
            while got[-1] != ["end"]:
                got.append(await box.arguments())
            assert got[:-1] == ([[number]] if index in receivers else []), (number, index)


@asynchronous
async def test_retained_events_come_when_asked_for(members, run_id):
    publisher = await members()
    topic = f"com.ab.retained.{run_id}"
    await publisher.publish(topic, 21.5, options=PublishOptions(acknowledge=True, retain=True))
    box, unasked = Box(), Box()
    await heard(members, topic, box, get_retained=True)
    await heard(members, topic, unasked)
    args, _, details = await box.next()
    assert args == [21.5] and details.retained is True
    await publisher.publish(topic, 22, options=ACKNOWLEDGED)
    args, _, details = await box.next()
    assert args == [22] and not details.retained
    assert await unasked.arguments() == [22]


@asynchronous
async def test_after_unsubscribing_nothing_comes(members):
    box, other = Box(), Box()
    member = await members()
    subscription = await member.subscribe(box.put, "com.ab.leave")
    await member.subscribe(other.put, "com.ab.leave", options=SubscribeOptions(match="prefix"))
    await subscription.unsubscribe()
    publisher = await members()
    await publisher.publish("com.ab.leave", 1, options=ACKNOWLEDGED)
    assert await other.arguments() == [1]
    assert box.empty


@asynchronous
async def test_calls_are_answered_with_results_and_errors(members):
    callee, caller = await members(), await members()

    async def add(a, b=0):
        return a + b

    def refuse(*args, **kwargs):
        raise ApplicationError("com.ab.error", *args, **kwargs)

    await callee.register(add, "com.ab.add")
    await callee.register(refuse, "com.ab.refuse")
    assert await caller.call("com.ab.add", 2, b=3) == 5
    assert await asyncio.gather(*(caller.call("com.ab.add", n, b=n) for n in range(50))) == [
        2 * n for n in range(50)]
    error = await fails(caller.call("com.ab.refuse", 1, why="because"), "com.ab.error")
    assert list(error.args) == [1] and error.kwargs == {"why": "because"}
    await fails(caller.call("com.ab.nothing"), "wamp.error.no_such_procedure")
    await fails(caller.register(add, "com.ab.add"), "wamp.error.procedure_already_exists")


@asynchronous
async def test_unregistered_procedures_are_gone(members):
    callee, caller = await members(), await members()
    registration = await callee.register(lambda: 1, "com.ab.gone")
    assert await caller.call("com.ab.gone") == 1
    await registration.unregister()
    await fails(caller.call("com.ab.gone"), "wamp.error.no_such_procedure")


@asynchronous
async def test_progressive_results_arrive_in_order(members):
    callee, caller = await members(), await members()

    async def count(n, details=None):
        for number in range(n):
            details.progress(number)
        return "end"

    await callee.register(count, "com.ab.count", options=RegisterOptions(details=True))
    seen = []
    answer = await caller.call("com.ab.count", 200, options=CallOptions(on_progress=seen.append))
    assert answer == "end" and seen == list(range(200))


@asynchronous
async def test_a_canceled_call_interrupts_its_callee(members):
    callee, caller = await members(), await members()
    begun, interrupted = asyncio.Event(), asyncio.Event()

    async def wait():
        begun.set()
        try:
            await asyncio.sleep(6 * PATIENCE)
        except asyncio.CancelledError:
            interrupted.set()
            raise

    await callee.register(wait, "com.ab.wait")
    call = caller.call("com.ab.wait")
    await asyncio.wait_for(begun.wait(), PATIENCE)
    call.cancel()
    await asyncio.wait_for(interrupted.wait(), PATIENCE)
    assert await caller.call("wamp.session.count") >= 2  # both sessions live on
    assert callee.is_attached()


@asynchronous
async def test_a_call_times_out(members):
    callee, caller = await members(), await members()

    async def wait():
        await asyncio.sleep(6 * PATIENCE)

    await callee.register(wait, "com.ab.slow")
    await fails(caller.call("com.ab.slow", options=CallOptions(timeout=50)), "wamp.error.timeout")


@asynchronous
async def test_patterns_of_procedures_tell_what_was_called(members):
    callee, caller = await members(), await members()

    def called(which):
        return lambda details: [which, details.procedure]

    for which, match, uri in [
            ("prefix", "prefix", "com.ab.proc"), ("longer", "prefix", "com.ab.proc.long"),
            ("wildcard", "wildcard", "com..wild"), ("exact", "exact", "com.ab.proc.long.er")]:
        options = RegisterOptions(match=match, details=True)
        await callee.register(called(which), uri, options=options)
    assert await caller.call("com.ab.proc.x") == ["prefix", "com.ab.proc.x"]
    assert await caller.call("com.ab.proc.long.x") == ["longer", "com.ab.proc.long.x"]
    assert (await caller.call("com.ab.proc.long.er"))[0] == "exact"
    assert await caller.call("com.any.wild") == ["wildcard", "com.any.wild"]


@asynchronous
@pytest.mark.parametrize("policy", ["single", "first", "last", "roundrobin", "random"])
async def test_shared_registrations_choose_by_their_policy(members, policy):
    callees, options = [await members() for _ in range(3)], RegisterOptions(invoke=policy)
    caller, procedure = await members(), f"com.ab.shared.{policy}"
    await callees[0].register(lambda: 0, procedure, options=options)
    for number in (1, 2):
        registering = callees[number].register(lambda n=number: n, procedure, options=options)
        if policy == "single":
            await fails(registering, "wamp.error.procedure_already_exists")
        else:
            await registering
    got = [await caller.call(procedure) for _ in range(60)]
    expected = {"single": [0] * 60, "first": [0] * 60, "last": [2] * 60, "roundrobin": [0, 1, 2] * 20}
    if policy == "random":
        assert set(got) == {0, 1, 2}  # fails once in 10^10 runs
    else:
        assert got == expected[policy]
    if policy == "single":
        return
    await callees[2].leave()
    got = {await caller.call(procedure) for _ in range(40)}
    assert got == {"first": {0}, "last": {1}, "roundrobin": {0, 1}, "random": {0, 1}}[policy]


@asynchronous
async def test_concurrency_is_limited_and_registrations_are_taken_over(members):
    callee, caller = await members(), await members()
    release = asyncio.Event()

    async def wait():
        await release.wait()
        return "done"

    await callee.register(wait, "com.ab.one", options=RegisterOptions(concurrency=1))
    first = caller.call("com.ab.one")
    await fails(caller.call("com.ab.one"), "crossbar.error.max_concurrency_reached")
    release.set()
    assert await first == "done"
    await callee.register(lambda: "old", "com.takeover.ab")
    other = await members()
    await other.register(lambda: "new", "com.takeover.ab", options=RegisterOptions(force_reregister=True))
    assert await caller.call("com.takeover.ab") == "new"


@asynchronous
async def test_identities_are_disclosed_where_configuration_says_so(members):
    callee, caller, box = await members(), await members(), Box()
    options = RegisterOptions(details=True)
    for uri in ("com.shown.ab", "com.ab.hidden"):
        await callee.register(
            lambda details: [details.caller, details.caller_authid], uri, options=options)
    assert await caller.call("com.shown.ab") == [caller.details.session, caller.details.authid]
    assert await caller.call("com.ab.hidden") == [None, None]
    await callee.subscribe(box.put, "com.shown.ab", options=SubscribeOptions(details=True))
    caller.publish("com.shown.ab")
    details = (await box.next())[2]
    assert details.publisher == caller.details.session
    assert details.publisher_authid == caller.details.authid


@asynchronous
async def test_a_callee_that_is_lost_cancels_its_calls(members):
    callee, caller = await members(), await members()
    begun = asyncio.Event()

    async def wait():
        begun.set()
        await asyncio.sleep(6 * PATIENCE)

    await callee.register(wait, "com.ab.lost")
    call = caller.call("com.ab.lost")
    await asyncio.wait_for(begun.wait(), PATIENCE)
    callee.lose()
    await fails(call, "wamp.error.canceled")
