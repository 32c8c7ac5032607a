"""Brokers behind a running server: what they carry reaches clients, and nothing but a gap is felt
when they die.
"""

import contextlib
import itertools
import json
import threading
import time

import pika
import pytest
from brokers import RabbitMQ, Redis
from link_probe import RESUMES_WITHIN
from process import PATIENCE
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def rabbit():
    with RabbitMQ() as running:
        yield running


@pytest.fixture(scope="module")
def redis():
    with Redis() as running:
        yield running


@pytest.fixture
def serve(start, tmp_path):
    """Starts a server with these tables."""
    def serve(text):
        file = tmp_path / "carillon.toml"
        file.write_text(text)
        return start("--config", str(file))
    return serve


def time_until(holds):
    """Waits until something holds, and returns how long that took."""
    begin = time.monotonic()
    while not holds():
        assert time.monotonic() < begin + PATIENCE
        time.sleep(0.01)
    return time.monotonic() - begin


def is_ready(server):
    return server.http("GET", "/health/ready", control=True)[0] == 200


def link(server, name):
    """A number of the only link there is."""
    page = server.http("GET", "/metrics", control=True)[2].decode()
    return next(
        int(line.rsplit(" ", 1)[1]) for line in page.splitlines()
        if line.startswith(f"link_{name}{{"))


@pytest.fixture
def subscriber():
    """Opens subscribers: subscriber(server, channel)."""
    with contextlib.ExitStack() as opened:
        def subscriber(server, channel):
            # Whoever waits for a broker reads later: nothing may be given up meanwhile.
            socket = opened.enter_context(
                connect(server.url(), ping_interval=None, max_queue=None))
            wish = {"id": "1", "method": "subscribe", "payload": {"channel": channel}}
            socket.send(json.dumps(wish))
            assert "subscribed" in socket.recv(PATIENCE)
            return socket
        yield subscriber


def data(socket):
    return json.loads(socket.recv(PATIENCE))["data"]


# Redis


def redis_tables(redis, more):
    return f"[[redis]]\nport = {redis.port}\n{more}"


def test_the_notifications_of_shampoos_readme_need_only_configuration(redis, serve):
    server = serve(redis_tables(redis, """
[[redis.source]]
channels = ["notifications"]

[[endpoint]]
name = "notifications"
path = '^/notifications/?$'
rooms = ["notifications"]
push_key = "message"
push_event = "notification"
"""))
    address = server.url("/notifications/")
    with connect(address, subprotocols=["shampoo"]) as one, \
            connect(address, subprotocols=["shampoo"]) as two:
        time_until(lambda: is_ready(server))
        client = redis.client()
        assert client.publish("notifications", "plain text") == 1
        assert client.publish("notifications", '{"id": 7}') == 1
        for socket in (one, two):
            assert json.loads(socket.recv(PATIENCE)) == {
                "type": "push", "push_event": "notification",
                "push_data": {"message": "plain text"}}
            assert json.loads(socket.recv(PATIENCE))["push_data"] == {"id": 7}


def test_a_redis_that_dies_leaves_a_gap_and_nothing_else(serve, subscriber):
    with Redis() as redis:
        server = serve(redis_tables(redis, '[[redis.source]]\nchannels = ["a"]\n'))
        socket = subscriber(server, "a")
        time_until(lambda: is_ready(server))
        redis.client().publish("a", "1")
        assert data(socket) == 1
        redis.kill()
        time_until(lambda: not is_ready(server))
        body = server.http("GET", "/health/ready", control=True)[2]
        assert body == b"not connected: redis redis\n"
        # Whoever publishes by HTTP is not concerned.
        server.http("POST", "/api/publish", {"room": "a", "data": "meanwhile"})
        assert data(socket) == "meanwhile"
        redis.start()
        assert time_until(lambda: is_ready(server)) < RESUMES_WITHIN
        assert redis.client().publish("a", "2") == 1
        assert data(socket) == 2
        assert link(server, "gaps_total") == 1
        assert link(server, "connects_total") == 2


def test_publications_leave_for_redis_and_do_not_return(redis, serve, subscriber):
    server = serve(redis_tables(redis, """
[[redis.source]]
patterns = ["orders.*"]
room = "{channel:dotted}"

[[redis.sink]]
room = "orders."
match = "prefix"
"""))
    socket = subscriber(server, "orders")
    time_until(lambda: is_ready(server))
    listener = redis.client().pubsub(ignore_subscribe_messages=True)
    channels = ["orders.filled", "orders.new", "orders.last"]
    listener.subscribe(*channels)
    time_until(lambda: all(count for _, count in redis.client().pubsub_numsub(*channels)))
    heard = (message["data"] for message in listener.listen())
    server.http("POST", "/api/publish", {"room": "orders.filled", "data": {"id": 1}})
    assert json.loads(next(heard)) == {"id": 1}
    assert data(socket) == {"id": 1}
    # It came back by our own subscription: once, and from there no further.
    assert data(socket) == {"id": 1}
    redis.client().publish("orders.new", "[2]")
    assert next(heard) == b"[2]"
    assert data(socket) == [2]
    server.http("POST", "/api/publish", {"room": "orders.last", "data": 3})
    assert next(heard) == b"3"
    assert [data(socket), data(socket)] == [3, 3]


# RabbitMQ


def test_triggers_of_high_templar_come_by_rabbitmq(rabbit, serve):
    server = serve(f"""
[hightemplar]
allowed_rooms = ['{{"target":"message","customer":"*"}}']
publish_match = "exact"

[[rabbitmq]]
port = {rabbit.port}
hightemplar_exchange = "hightemplar"
""")
    with connect(server.url("/ws/")) as socket:
        assert json.loads(socket.recv(PATIENCE))["is_authorized"] is True
        room = {"target": "message", "customer": "1"}
        socket.send(json.dumps({"type": "subscribe", "room": room, "requestId": "r"}))
        assert json.loads(socket.recv(PATIENCE)) == {"code": "success"}
        time_until(lambda: is_ready(server))
        connection = rabbit.connect()
        channel = connection.channel()
        # Counted, too; and before the others, so that it has been when the last of them is here.
        channel.basic_publish("hightemplar", "*", "no trigger")
        for number in range(500):
            body = json.dumps({"data": number, "rooms": [room]})
            channel.basic_publish("hightemplar", "*", body)
        for number in range(500):
            assert json.loads(socket.recv(PATIENCE)) == {
                "type": "publish", "data": number, "requestId": "r"}
        socket.send('{"type":"status"}')
        assert json.loads(socket.recv(PATIENCE))["rabbitmq_messages_received"] == 501
        connection.close()


def test_nothing_confirmed_is_lost_while_rabbitmq_dies(serve, subscriber):
    """A durable queue, a publisher that goes on until the broker has confirmed, and two kills."""
    with RabbitMQ() as rabbit:
        server = serve(f"""
[[rabbitmq]]
port = {rabbit.port}

[[rabbitmq.source]]
queue = "work"
room = "work"
""")
        socket = subscriber(server, "work")
        time_until(lambda: is_ready(server))
        confirmed, stop = [], threading.Event()

        def publish():
            numbers = itertools.count()
            while not stop.is_set():
                try:
                    connection = rabbit.connect()
                    channel = connection.channel()
                    channel.confirm_delivery()
                    while not stop.is_set():
                        number = next(numbers)
                        channel.basic_publish(
                            "", "work", str(number),
                            pika.BasicProperties(delivery_mode=2, message_id=f"m{number}"))
                        confirmed.append(number)
                    connection.close()
                except Exception:  # whatever it says of a broker that dies at this moment
                    time.sleep(0.05)

        publisher = threading.Thread(target=publish)
        publisher.start()
        try:
            for _ in range(2):
                count = len(confirmed)
                time_until(lambda: len(confirmed) > count + 50)
                rabbit.kill()
                rabbit.start()
                assert time_until(lambda: is_ready(server)) < RESUMES_WITHIN
            count = len(confirmed)
            time_until(lambda: len(confirmed) > count + 50)
        finally:
            stop.set()
            publisher.join()
        got = []
        while not got or got[-1] < confirmed[-1]:
            got.append(data(socket))
        assert set(confirmed) <= set(got)
        assert got == sorted(set(got)), "in order, and none twice"
        assert link(server, "gaps_total") == 2
