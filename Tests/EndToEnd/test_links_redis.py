"""The link to Redis with a real redis-server, also one that dies, freezes or speaks nonsense."""

import socket
import threading
import time

import pytest
from brokers import Redis
from link_probe import ENDS_WITHIN, FOR_EVER, RESUMES_WITHIN, Probe


@pytest.fixture(scope="module")
def redis():
    with Redis() as running:
        yield running


@pytest.fixture
def probe(redis):
    """Starts probes on the shared server: probe("channel=a")."""
    running = []

    def start(*words):
        running.append(Probe("redis", f"port={redis.port}", *words))
        return running[-1].connected()

    yield start
    for one in running:
        one.__exit__()


def test_the_notification_example_works(redis, probe):
    link = probe("channel=notifications", "pattern=notifications:*|notifications.{1}")
    client = redis.client()
    client.publish("notifications", "This is a notification!")
    client.publish("notifications:42", '{"id": 7}')
    client.publish("notifications:a.b", b"\xff")
    client.publish("elsewhere", "nobody hears this")
    assert link.take(3) == [
        {"subscription": 0, "origin": "notifications", "room": "notifications",
         "data": "This is a notification!"},
        {"subscription": 1, "origin": "notifications:42", "pattern": "notifications:*",
         "room": "notifications.42", "data": {"id": 7}},
        # One segment, whatever a publisher puts there.
        {"subscription": 1, "origin": "notifications:a.b", "pattern": "notifications:*",
         "room": "notifications.a%2Eb", "data": "\ufffd"},
    ]
    link.counts(connected=True, connects=1, messages=3, gaps=0, rejected=0)


def test_messages_that_cannot_be_used_are_counted_and_said(redis, probe):
    link = probe("pattern=*")
    client = redis.client()
    client.publish("a", "refuse me")
    client.publish("x" * 300, "a room that would be too long")
    client.publish("a", "taken")
    link.take(2)
    link.counts(messages=3, rejected=2, gaps=0)
    assert [event["origin"] for event in link.events("rejected")] == ["a", "x" * 255]


def test_a_hundred_kilobytes_arrive_and_too_much_ends_the_connection(redis, probe):
    link = probe("channel=a", "limit=200000")
    client = redis.client()
    client.publish("a", "x" * 100_000)
    assert len(link.take(1)[0]["data"]) == 100_000
    client.publish("a", "x" * 1_000_000)
    link.connected(2)
    client.publish("a", "after")
    assert link.take(2)[1]["data"] == "after"
    assert "limit" in link.events("lost")[0]["reason"]
    link.counts(connects=2, gaps=1)


def test_a_server_killed_under_traffic_leaves_a_gap_and_nothing_repeats():
    with Redis() as redis, Probe("redis", f"port={redis.port}", "channel=n") as link:
        link.connected()
        running, numbers = threading.Event(), iter(range(10**9))
        running.set()

        def publish():
            while running.is_set():
                try:
                    with redis.client() as client:
                        while running.is_set():
                            client.publish("n", next(numbers))
                            time.sleep(0.0005)
                except Exception:
                    time.sleep(0.01)

        publisher = threading.Thread(target=publish)
        publisher.start()
        try:
            for times in range(2, 5):
                link.take(len(link.messages) + 200)
                redis.kill()
                link.until(lambda: len(link.events("lost")) == times - 1, "a lost connection")
                assert not link.status()["connected"]
                time.sleep(0.3)
                redis.start()
                begin = time.monotonic()
                link.connected(times)
                link.take(len(link.messages) + 1)
                assert time.monotonic() - begin < RESUMES_WITHIN
        finally:
            running.clear()
            publisher.join()
        seen = [message["data"] for message in link.messages]
        assert seen == sorted(set(seen)), "in order, and nothing twice"
        assert all("gap" in event for event in link.events("connected")[1:])
        assert "gap" not in link.events("connected")[0]
        link.counts(connected=True, connects=4, gaps=3)


def test_a_client_that_the_server_drops_comes_back(redis, probe):
    link = probe("channel=a")
    redis.client().client_kill_filter(_type="pubsub")
    link.connected(2)
    redis.client().publish("a", "again")
    link.take(1)
    link.counts(connects=2, gaps=1)


def test_a_frozen_server_is_noticed_and_service_resumes():
    with Redis() as redis, Probe("redis", f"port={redis.port}", "idle=2000", "channel=a") as link:
        link.connected()
        redis.freeze()
        link.until(lambda: link.events("lost"), "a lost connection")
        redis.thaw()
        begin = time.monotonic()
        link.connected(2)
        assert time.monotonic() - begin < RESUMES_WITHIN
        redis.client().publish("a", "again")
        link.take(1)


def test_an_idle_connection_is_kept_by_pings(redis, probe):
    link = probe("channel=a", "idle=2000", "publisher")
    time.sleep(6)  # without an answer it would be lost after 4
    assert redis.client().publish("a", "still there") == 1
    link.take(1)
    link.counts(connects=2, gaps=0)


def test_passwords_users_databases_and_unix_sockets():
    with Redis(password="secret") as redis:
        admin = redis.client()
        admin.acl_setuser("app", enabled=True, passwords=["+word"], keys=["*"],
                          channels=["allowed*"], commands=["+@all"])
        for words in (["password=secret"], ["password=secret", "database=3"],
                      ["user=app", "password=word"]):
            with Probe("redis", f"socket={redis.path}", *words, "channel=allowed") as link:
                link.connected()
                assert admin.publish("allowed", "hello") == 1
                link.take(1)
        for words, reason in ((["password=wrong"], "WRONGPASS"), ([], "NOAUTH"),
                              (["password=secret", "database=99"], "DB index"),
                              (["user=app", "password=word", "channel=other"], "NOPERM")):
            with Probe("redis", f"port={redis.port}", *words, "channel=allowed") as link:
                link.until(lambda: len(link.events("refused")) >= 2, "refusals")
                assert reason in link.events("refused")[0]["reason"]
                link.counts(connects=0, gaps=0, connected=False)
        # What was refused is tried again, and works when the server changes its mind.
        with Probe("redis", f"port={redis.port}", "password=later", "channel=a") as link:
            link.until(lambda: link.events("refused"), "a refusal")
            admin.config_set("requirepass", "later")
            link.connected()


def test_a_publisher_is_refused_what_its_user_may_not(redis):
    redis.client().acl_setuser("half", enabled=True, passwords=["+word"], channels=["good"],
                               commands=["+@all"])
    with Probe("redis", f"port={redis.port}", "user=half", "password=word", "publisher") as link:
        link.connected()
        assert link.tell("publish bad x", "accepted") is True
        assert link.tell("publish good x", "accepted") is True
        link.counts(published=1, failures=1, connected=True)
        assert "NOPERM" in link.events("rejected")[0]["reason"]


def test_publishing_keeps_order_and_counts():
    with Redis() as redis, Probe(
            "redis", f"port={redis.port}", "publisher", "queue=100000", "channel=loop") as link:
        link.connected(2)
        assert link.tell("flood loop 30000", "flooded") == 30000
        assert [m["data"] for m in link.take(30000)] == list(range(30000))
        link.counts(published=30000, failures=0, messages=30000, connects=2)
        redis.kill()
        link.until(lambda: len(link.events("lost")) == 2, "two lost connections")
        assert link.tell("publish loop away", "accepted") is False
        link.counts(failures=1, connected=False)
        redis.start()
        begin = time.monotonic()
        link.connected(4)
        assert time.monotonic() - begin < RESUMES_WITHIN
        assert link.tell("publish loop back", "accepted") is True
        assert link.take(30001)[30000]["data"] == "back"
        # Only the hearing connection's loss is a gap in what was heard.
        link.counts(connected=True, connects=4, gaps=1, published=30001, failures=1)


def test_a_server_that_takes_nothing_fills_a_bounded_queue():
    with Redis() as redis, Probe(
            "redis", f"port={redis.port}", "publisher", "queue=1000", "idle=5000") as link:
        link.connected()
        redis.freeze()
        assert link.tell("flood a 5000", "flooded") == 1000
        assert link.status()["failures"] == 4000
        # What has no answer is not sent again.
        link.until(lambda: link.events("lost"), "a lost connection")
        link.counts(failures=5000, published=0)
        redis.thaw()
        link.connected(2)
        assert link.tell("publish a x", "accepted") is True
        link.counts(published=1, failures=5000)


NONSENSE = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$-5\r\n", b"*2147483647\r\n$1\r\na\r\n", b"*-7\r\n",
    b"$99999999999999999999\r\n", b"+OK\r\n", b":1\r\n", b"*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    b"*3\r\n$7\r\nmessage\r\n$1\r\nz\r\n$1\r\nz\r\n", b"\x00\xff" * 500, b"*0\r\n", b"$-1\r\n",
    b"*17\r\n" + b":1\r\n" * 17, b"-LOADING wait\r\n",
]


@pytest.mark.parametrize("side", ["channel=a", "publisher"])
def test_nonsense_is_refused_and_never_fatal(side):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Probe("redis", f"port={server.getsockname()[1]}", "retry=100", FOR_EVER, side) as link:
            for octets in NONSENSE:
                peer, _ = server.accept()
                with peer:
                    try:
                        peer.sendall(octets)
                        peer.shutdown(socket.SHUT_WR)
                        while peer.recv(4096):
                            pass
                    except OSError:
                        pass  # the link need not have read all of it before it gave up
            link.until(lambda: len(link.events("refused") + link.events("lost")) >= len(NONSENSE),
                       "refusals")
            assert link.stop() < ENDS_WITHIN


def test_a_silent_server_is_given_up_and_stopping_is_prompt():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"port={server.getsockname()[1]}"
        with Probe("redis", port, "channel=a", "answer=200") as link:
            link.until(lambda: link.events("refused"), "a refusal")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"port={server.getsockname()[1]}"
        with Probe("redis", port, "channel=a", "idle=1000000", FOR_EVER) as link:
            peer, _ = server.accept()
            with peer:
                assert peer.recv(4096)
                time.sleep(0.3)  # it waits for an answer, most likely
                assert link.stop() < ENDS_WITHIN
