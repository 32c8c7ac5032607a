"""Autobahn|Python asks the router about its sessions, subscriptions and registrations."""

import asyncio

import pytest
from autobahn.wamp.types import RegisterOptions, SubscribeOptions
from process import PATIENCE
from test_wamp_autobahn import fails
from wamp_autobahn import Box, asynchronous


@asynchronous
async def test_sessions_are_counted_listed_and_described(members):
    one, two = await members(), await members()
    ids = {one.details.session, two.details.session}
    assert ids <= set(await one.call("wamp.session.list"))
    # Sessions that the tests before have lost may end between the two questions.
    async with asyncio.timeout(PATIENCE):
        while await one.call("wamp.session.count") != len(await one.call("wamp.session.list")):
            pass
    assert await one.call("wamp.session.count", ["nobody"]) == 0
    details = await one.call("wamp.session.get", two.details.session)
    assert (details["session"], details["authid"], details["authrole"], details["authmethod"]) == (
        two.details.session, two.details.authid, "anonymous", "anonymous")
    await fails(one.call("wamp.session.get", 2**53), "wamp.error.no_such_session")


@asynchronous
async def test_joining_and_leaving_are_told(members):
    watcher, joined, left = await members(), Box(), Box()
    await watcher.subscribe(joined.put, "wamp.session.on_join")
    await watcher.subscribe(left.put, "wamp.session.on_leave")
    other = await members()
    args = await joined.arguments()
    assert args[0]["session"] == other.details.session and args[0]["authid"] == other.details.authid
    await other.leave()
    while await left.arguments() != [other.details.session, other.details.authid, "anonymous"]:
        pass  # a session that a test before has lost


@asynchronous
async def test_a_killed_session_is_told_why(members):
    killer, victim = await members(), await members()
    await killer.call("wamp.session.kill", victim.details.session, reason="com.ab.kicked", message="bye")
    details = await asyncio.wait_for(victim.left, PATIENCE)
    assert (details.reason, details.message) == ("com.ab.kicked", "bye")
    await fails(killer.call("wamp.session.get", victim.details.session), "wamp.error.no_such_session")


@asynchronous
async def test_registrations_are_described(members):
    callee, asker, created = await members(), await members(), Box()
    await asker.subscribe(created.put, "wamp.registration.on_create")
    registration = await callee.register(
        lambda: 1, "com.meta.ab", options=RegisterOptions(invoke="roundrobin"))
    session, details = await created.arguments()
    assert session == callee.details.session and details["id"] == registration.id
    assert details["uri"] == "com.meta.ab" and details["invoke"] == "roundrobin"
    assert await asker.call("wamp.registration.lookup", "com.meta.ab") == registration.id
    assert await asker.call("wamp.registration.match", "com.meta.ab") == registration.id
    assert await asker.call("wamp.registration.get", registration.id) == details
    assert await asker.call("wamp.registration.list_callees", registration.id) == [callee.details.session]
    assert await asker.call("wamp.registration.count_callees", registration.id) == 1
    assert registration.id in (await asker.call("wamp.registration.list"))["exact"]


@asynchronous
async def test_subscriptions_are_described(members):
    subscriber, asker = await members(), await members()
    for match in ("exact", "prefix", "wildcard"):
        uri = "com.meta..subscription" if match == "wildcard" else "com.meta.some.subscription"
        subscription = await subscriber.subscribe(print, uri, options=SubscribeOptions(match=match))
        assert await asker.call("wamp.subscription.lookup", uri, {"match": match}) == subscription.id
        assert subscription.id in (await asker.call("wamp.subscription.list"))[match]
        assert subscription.id in await asker.call("wamp.subscription.match", "com.meta.some.subscription")
        details = await asker.call("wamp.subscription.get", subscription.id)
        assert (details["uri"], details["match"]) == (uri, match)
        assert await asker.call("wamp.subscription.list_subscribers", subscription.id) == [
            subscriber.details.session]
        assert await asker.call("wamp.subscription.count_subscribers", subscription.id) == 1


@asynchronous
@pytest.mark.parametrize("end", ["leave", "lose"])
async def test_testaments_are_published_when_their_session_ends(members, end):
    testator, box = await members(), Box()
    heir = await members()
    await heir.subscribe(box.put, "com.ab.testament")
    await testator.call("wamp.session.add_testament", "com.ab.testament", ["mine"], {"k": 1})
    await testator.call("wamp.session.add_testament", "com.ab.testament", ["early"], {}, scope="detached")
    getattr(testator, end)()
    assert (await box.next())[:2] == (["early"], {})
    assert (await box.next())[:2] == (["mine"], {"k": 1})


@asynchronous
async def test_flushed_testaments_are_not_published(members):
    testator, box = await members(), Box()
    heir = await members()
    await heir.subscribe(box.put, "com.ab.flushed")
    await testator.call("wamp.session.add_testament", "com.ab.flushed", ["never"], {})
    await testator.call("wamp.session.flush_testaments", scope="destroyed")
    await testator.call("wamp.session.add_testament", "com.ab.flushed", ["still"], {})
    testator.lose()
    assert await box.arguments() == ["still"]
