"""Questions whose answers are made off the cores, while what they are about changes, those who ask
leave in the midst of it, and the server ends."""

import json
import signal
import threading

import pytest
from process import PATIENCE
from wamp_router import Router
from wamp_session import CALL, EVENT, GOODBYE, PUBLISH, RESULT, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, RawSession
from wire import TEXT, Peer, close, frame

PATTERNS = 200  # of a channel, which takes 256


def text(value):
    return frame(TEXT, json.dumps(value))


def subscriber(server, channel, count=PATTERNS):
    peer = Peer(server.address)
    peer.send(*(text({"id": "1", "method": "subscribe", "payload": {"channel": channel, "event": f"{n}*"}})
                for n in range(count)))
    for n in range(count):
        answer = peer.json()
        assert "response" in answer, answer
    return peer


def together(*works):
    """Runs them side by side; the first fault of any is raised."""
    faults = []

    def run(work):
        try:
            work()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(4 * PATIENCE)
        assert not thread.is_alive(), "a question was not answered"
    if faults:
        raise faults[0]


def test_server_info_is_whole_while_everything_changes(start):
    server = start("--cores", "2")
    steady = [subscriber(server, f"steady.{n}") for n in range(2)]

    def asks():
        with Peer(server.address) as peer:
            for turn in range(20):
                peer.send(text({"id": "info", "method": "server_info"}),
                          text({"id": "echo", "method": "echo", "payload": {"n": turn}}))
                info, echo = peer.json(), peer.json()
                assert info["id"] == "info" and echo == {
                    "id": "echo", "method": "echo", "response": {"n": turn}}, (info, echo)
                for n in range(2):
                    assert len(info["response"]["channels"][f"steady.{n}"]) == PATTERNS

    def changes():
        for turn in range(4):
            with subscriber(server, "fleeting", 50) as peer:
                for n in range(50):
                    peer.call("unsubscribe", {"channel": "fleeting", "event": f"{n}*"}, id=f"u{n}")

    def leaves():
        for turn in range(30):
            with Peer(server.address) as peer:
                peer.send(*[text({"id": "1", "method": "server_info"})] * 3)
                if turn % 3 == 0:
                    peer.reset()
                elif turn % 3 == 1:
                    peer.send(close(1000))
                    peer.rest()

    together(asks, asks, changes, leaves, leaves)
    for peer in steady:
        peer.close()
    server.settles(ws_open=0, subscriptions=0)
    assert server.alive


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_well_with_questions_under_way(start, number):
    server = start("--cores", "2", settings={"drain.delay": "0s", "drain.spread": "0s"})
    steady = [subscriber(server, f"steady.{n}") for n in range(10)]
    peers = [Peer(server.address) for _ in range(16)]
    for peer in peers:
        peer.send(*[text({"id": "1", "method": "server_info"})] * 4)
    assert server.stop(number) == 0
    for peer in peers + steady:
        peer.close()


@pytest.mark.parametrize("variant", ["json.batched", "msgpack.batched"])
def test_a_batch_of_long_questions_is_answered_in_order_and_others_are_served(variant):
    with Router(cores=2) as router:
        many = RawSession(router.url)
        many.join("realm2")
        for n in range(1500):
            many.send([SUBSCRIBE, n + 1, {}, f"com.many.r{n}"])
        for n in range(1500):
            assert many.receive()[0] == SUBSCRIBED

        def asks():
            session = RawSession(router.url, variant)
            session.join("realm2")
            requests = []
            for n in range(30):
                session.requests += 1
                uri = "wamp.subscription.list" if n % 3 == 0 else "wamp.session.count"
                requests.append([CALL, session.requests, {}, uri])
            session.send(*requests)
            answers = [session.receive() for _ in requests]
            assert [answer[:2] for answer in answers] == [[RESULT, r[1]] for r in requests]
            assert all(len(a[3][0]["exact"]) >= 1500 for a in answers[::3])
            session.leave()

        def leaves():
            for turn in range(10):
                session = RawSession(router.url, variant)
                session.join("realm2")
                calls = [[CALL, n + 1, {}, "wamp.subscription.list"] for n in range(5)]
                if turn % 2 == 0:
                    session.send(*calls, [GOODBYE, {}, "wamp.close.close_realm"])
                    while session.receive()[0] != GOODBYE:
                        pass
                    session.close()
                else:
                    session.send(*calls)
                    session.lose()

        def talks():
            session = RawSession(router.url)
            session.join("realm2")
            for turn in range(100):
                subscription = session.answer(SUBSCRIBE, {}, "com.talk")[2]
                session.request(PUBLISH, {"exclude_me": False}, "com.talk", [turn])
                assert session.receive()[0] == EVENT
                session.answer(UNSUBSCRIBE, subscription)
            session.leave()

        together(asks, asks, leaves, talks)
        many.close()
        router.settled()
        assert router.alive
