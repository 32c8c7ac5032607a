"""A bootstrap storm: everybody comes at once, while the application is slow, and while it is frozen."""

import asyncio
import collections
import resource
import statistics

import pytest
from process import bounded, eventually
from stub_api import Answer
from storm import Witness, leave, storm
from wire import Visitor
from worlds import HighTemplar

WELCOME = Answer(200, {"allowed_rooms": [{"a": 1}]})


def size():
    """5 000, or what the machine's descriptor limit leaves."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 5000 if hard == resource.RLIM_INFINITY else min(5000, hard // 3)


@pytest.fixture
def world():
    made = []

    def make(**more):
        made.append(HighTemplar(cores=2, **more))
        made[-1].api.answer = WELCOME
        return made[-1]

    yield make
    for one in made:
        one.stop()
        assert one.server.process.returncode == 0, "\n".join(one.server.lines[-40:])


@pytest.mark.crowd
def test_everybody_is_served_and_the_application_is_spared(world):
    one, count = world(bootstrap_time="60s"), size()
    memory, peaks = one.server.resident(), []

    async def run():
        for _ in range(2):
            one.api.forget()
            asked = one.api.count
            one.api.freeze()
            crowd = asyncio.ensure_future(storm(one.server, count))
            await asyncio.to_thread(eventually, lambda: one.api.present, lambda present: present >= 256)
            one.api.thaw()
            guests = await crowd
            peaks.append(one.server.resident())
            assert collections.Counter(g.status for g in guests) == {101: count}
            assert all(g.hello == {"is_authorized": True, "allowed_rooms": [{"a": 1}]} for g in guests)
            # One question each, with their own cookies, and no more at a time than is allowed.
            cookies = {r.headers["Cookie"] for r in one.api.requests}
            assert one.api.count - asked == len(cookies) == count
            assert one.api.most == 256
            await leave(guests)
            one.server.settles(ws_open=0, connections_open=1)

    asyncio.run(run())
    print(f"most {one.api.most}, octets per client {(peaks[0] - memory) // count}, peaks {peaks}")
    assert peaks[0] - memory < count * 8192 + bounded(32)
    assert peaks[1] < peaks[0] * 1.1 + bounded(16), "the second storm costs no more than the first"


@pytest.mark.crowd
def test_who_asks_the_same_is_answered_by_one_question(world):
    one, count = world(bootstrap_time="60s"), size()

    async def run():
        one.api.freeze()
        crowd = asyncio.ensure_future(storm(one.server, count, cookie="sessionid=same"))
        # All but the first of them wait for what that one asked.
        await asyncio.to_thread(one.server.settles, link_in_flight=1, link_waiting=count - 1)
        one.api.thaw()
        assert {g.status for g in await crowd} == {101}
        await leave(await crowd)
    asyncio.run(run())
    assert one.api.count == 1


@pytest.mark.crowd
def test_a_frozen_application_refuses_in_time_and_disturbs_nobody(world):
    one, count = world(bootstrap_time="5s"), size()
    with Witness(one.server) as witness:
        one.api.freeze()
        memory, heard = one.server.resident(), witness.count

        async def run():
            guests = await storm(one.server, count)
            seen = collections.Counter((g.status, g.body) for g in guests)
            assert seen.keys() <= {
                (504, b"the API did not answer in time\n"),
                (503, b"the API cannot be asked now, try again later\n")}, seen
            assert all(g.is_closed and g.error is None for g in guests), "a FIN, never a reset"
            assert witness.count > heard, "nothing was published while they waited"
            return seen, [g.elapsed for g in guests]

        seen, times = asyncio.run(run())
        # Who had been asked about when it froze, and then who waits for nothing.
        assert seen[(504, b"the API did not answer in time\n")] > 0
        eventually(lambda: witness.count, lambda count: count > heard + 20)
        latencies = witness.stop()
    print(f"{seen}; refused within {max(times):.2f} s; {len(latencies)} publications, median "
          f"{statistics.median(latencies):.4f} s, most {max(latencies):.4f} s")
    assert one.server.resident() - memory < count * 8192 + bounded(32)
    # The application does not notice who gave up, so the ones after the first time-outs come on top:
    # those that had started before twenty failures in a row left it alone, and who asked again since.
    assert one.api.most <= 256 + 40
    # The questions were given up; when the application is back, so are its clients.
    one.api.thaw()

    def status():
        visitor = Visitor(one.server.address, "/ws/")
        visitor.close()
        return visitor.status
    eventually(status, lambda status: status == 101)
    one.server.settles(ws_open=0, connections_open=1)
