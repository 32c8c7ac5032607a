"""The link to RabbitMQ with a real rabbitmq-server, also one that dies, freezes or refuses."""

import random
import re
import socket
import threading
import time
import uuid

import amqp_nonsense
import pika
import pytest
from brokers import STARTING, RabbitMQ
from link_probe import (
    ENDS_WITHIN, FOR_EVER, PATIENCE, RESUMES_WITHIN, Probe, Tunnel, accepting_since)
from process import eventually


@pytest.fixture(scope="module")
def rabbit():
    with RabbitMQ() as running:
        yield running


@pytest.fixture
def probe(rabbit):
    """Starts probes on the shared broker: probe("templar=hightemplar")."""
    running = []

    def start(*words, port=None, wait=True):
        running.append(Probe("rabbitmq", f"port={port or rabbit.port}", *words))
        return running[-1].connected() if wait else running[-1]

    yield start
    for one in running:
        one.__exit__()


@pytest.fixture
def channel(rabbit):
    """A channel of pika's with publisher confirms."""
    connection = rabbit.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    yield channel
    if connection.is_open:
        connection.close()


@pytest.fixture
def name():
    return "t." + uuid.uuid4().hex[:12]


def persistent(message_id=None):
    return pika.BasicProperties(delivery_mode=2, message_id=message_id)


# high-templar.md, section 6


def test_a_trigger_arrives_with_the_literal_key_alone(rabbit, probe, channel, name):
    links = [probe(f"templar={name}"), probe(f"templar={name}")]
    # The same declaration as ours is accepted, so ours has these properties.
    channel.exchange_declare(name, "direct", durable=False, auto_delete=False, internal=False)
    body = '{"data":{"foo":"bar"},"rooms":[{"target":"message"}]}'
    channel.basic_publish(name, "*", body)
    channel.basic_publish(name, "other", "nobody hears this")
    channel.basic_publish(name, "*", b"\xff not JSON")
    channel.basic_publish(name, "*", "refuse me")
    for link in links:
        # Every process hears everything.
        messages = link.take(3)
        assert [m["origin"] for m in messages] == ["*", "*", "*"]
        assert messages[0]["data"] == {"data": {"foo": "bar"}, "rooms": [{"target": "message"}]}
        assert "room" not in messages[0]
        link.counts(messages=3, rejected=1, duplicates=0, connects=1)

    def queues():
        listed = rabbit.control("-q", "list_queues", "name", "durable", "auto_delete", "exclusive",
                                "messages", "--no-table-headers").splitlines()
        return [line.split("\t") for line in listed if line.startswith("hightemplar_")]
    # Everything is acknowledged, in half a second where nobody is in a hurry.
    seen = eventually(queues, lambda seen: all(queue[-1] == "0" for queue in seen))
    assert len(seen) >= 2
    for queue, *rest in seen:
        assert re.fullmatch(r"hightemplar_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                            r"[0-9a-f]{12}", queue)
        # Neither durable nor auto-delete, and exclusive.
        assert rest == ["false", "false", "true", "0"]


def test_the_private_queue_goes_with_its_link(rabbit, probe, name):
    link = probe(f"templar={name}", FOR_EVER)
    assert link.stop() < ENDS_WITHIN
    assert name not in rabbit.control("-q", "list_bindings", "source_name", "destination_name")


def test_an_exchange_of_another_kind_is_refused_with_406_and_tried_again(probe, channel, name):
    channel.exchange_declare(name, "topic", durable=True)
    link = probe(f"templar={name}", wait=False)
    link.until(lambda: len(link.events("refused")) >= 2, "refusals")
    assert "406" in link.events("refused")[0]["reason"]
    assert name in link.events("refused")[0]["reason"]
    link.counts(connects=0, connected=False)
    channel.exchange_delete(name)
    link.connected()


def test_a_wrong_password_or_host_is_said(probe):
    for words, reason in ((["password=wrong"], "403"), (["vhost=/nowhere"], "530")):
        link = probe("templar=hightemplar", *words, wait=False)
        link.until(lambda: link.events("refused"), "a refusal")
        assert reason in link.events("refused")[0]["reason"], link.events("refused")


# The general source


def test_routing_keys_become_rooms_by_template(probe, channel, name):
    link = probe(f"source={name}|x.{name}|topic|orders.*.filled;stock.#|shop.{{1}}")
    exchange = f"x.{name}"
    for key in ("orders.7.filled", "stock.bread.white", "orders.7.8", "orders.a%.filled", "stock"):
        channel.basic_publish(exchange, key, '{"n": 1}', persistent())
    messages = link.take(4)
    assert [(m["origin"], m["pattern"], m["room"]) for m in messages] == [
        ("orders.7.filled", "orders.*.filled", "shop.7"),
        ("stock.bread.white", "stock.#", "shop.bread%2Ewhite"),
        ("orders.a%.filled", "orders.*.filled", "shop.a%25"),
        ("stock", "stock.#", "shop."),
    ]
    assert messages[0]["data"] == {"n": 1}


@pytest.mark.parametrize("kind", ["direct", "fanout"])
def test_other_exchanges_and_the_standard_template(probe, channel, name, kind):
    link = probe(f"transient={name}|x.{name}|{kind}|a.*")
    channel.basic_publish(f"x.{name}", "a.*", "plain text")
    message, = link.take(1)
    assert message == {
        "subscription": 0, "origin": "a.*", "room": "a.%2A", "data": "plain text"}


def test_a_queue_that_must_exist_is_awaited(probe, channel, name):
    link = probe(f"passive={name}", wait=False)
    link.until(lambda: link.events("refused"), "a refusal")
    assert "404" in link.events("refused")[0]["reason"]
    # Its owner's arguments are none of our business.
    channel.queue_declare(name, durable=True, arguments={"x-max-length": 100})
    link.connected()
    channel.basic_publish("", name, "1")
    assert link.take(1)[0]["room"] == name


def test_several_consumers_share_a_connection(probe, channel, name):
    link = probe(f"templar={name}", f"source=a.{name}", f"source=b.{name}")
    for number in range(50):
        channel.basic_publish(name, "*", f"[0,{number}]")
        channel.basic_publish("", f"a.{name}", f"[1,{number}]")
        channel.basic_publish("", f"b.{name}", f"[2,{number}]")
    messages = link.take(150)
    for index in range(3):
        own = [m["data"] for m in messages if m["subscription"] == index]
        assert own == [[index, number] for number in range(50)]


def test_what_is_rejected_is_acknowledged_all_the_same(rabbit, probe, channel, name):
    link = probe(f"source={name}", "limit=1000", FOR_EVER)
    for body in ("x" * 1000, "y" * 1001, "refuse me", "", "z" * 500_000, "last"):
        channel.basic_publish("", name, body, persistent())
    assert [len(m["data"]) for m in link.take(4)] == [1000, 9, 0, 4]
    link.counts(messages=6, rejected=3)
    assert "1001 octets" in link.events("rejected")[0]["reason"]
    assert link.stop() < ENDS_WITHIN
    assert channel.queue_declare(name, durable=True, passive=True).method.message_count == 0


def test_what_was_handed_over_before_a_stop_does_not_come_again(probe, channel, name):
    link = probe(f"source={name}")
    for number in range(300):
        channel.basic_publish("", name, str(number), persistent())
    link.take(100)
    link.stop()
    first = [m["data"] for m in link.messages]
    rest = probe(f"source={name}")
    expected = list(range(len(first), 300))
    if expected:
        assert [m["data"] for m in rest.take(len(expected))] == expected
    assert first == list(range(len(first)))


# When things break


def test_redeliveries_are_recognised_by_their_message_id(rabbit, probe, channel, name):
    with Tunnel(rabbit.port) as tunnel:
        link = probe(f"source={name}", port=tunnel.port)
        tunnel.lose()
        for number in range(100):
            channel.basic_publish("", name, str(number), persistent(f"id-{number}"))
        link.take(100)
        # The acknowledgements never arrived, so the broker sends everything again.
        tunnel.cut()
        link.connected(2)
        channel.basic_publish("", name, "100", persistent("id-100"))
        assert [m["data"] for m in link.take(101)] == list(range(101))
        link.counts(messages=201, duplicates=100, gaps=1, connects=2)
        # A publisher that repeats itself is recognised too; without an id nothing can be.
        for message_id in ("id-7", "id-100", None, None):
            channel.basic_publish("", name, "more", persistent(message_id))
        link.take(103)
        link.counts(messages=205, duplicates=102)


def test_a_slow_receiver_keeps_its_connection(probe, channel, name):
    link = probe(f"source={name}", "heartbeat=3", "slow=200")
    for number in range(50):  # 10 s; a silent link is lost after 6
        channel.basic_publish("", name, str(number), persistent(str(number)))
    assert [m["data"] for m in link.take(50)] == list(range(50))
    link.counts(connects=1, gaps=0, duplicates=0)


def test_a_deleted_queue_is_declared_again(probe, channel, name):
    link = probe(f"source={name}|x.{name}|topic|#")
    channel.queue_delete(name)
    link.connected(2)
    channel.basic_publish(f"x.{name}", "a", "back")
    assert link.take(1)[0]["data"] == "back"
    assert "queue" in link.events("lost")[0]["reason"]


def test_connections_closed_by_the_broker_come_back(rabbit, probe, channel, name):
    link = probe(f"source={name}")
    stop = threading.Event()
    sent = []

    def publish():
        with_connection = rabbit.connect()
        own = with_connection.channel()
        own.confirm_delivery()
        number = 0
        while not stop.is_set() or number < 2000:
            own.basic_publish("", name, str(number), persistent(str(number)))
            sent.append(number)
            number += 1
        with_connection.close()

    publisher = threading.Thread(target=publish)
    publisher.start()
    link.take(200)
    for times in range(2, 4):
        pids = rabbit.control("-q", "list_connections", "pid", "client_properties",
                              "--no-table-headers")
        ours = [line.split("\t")[0] for line in pids.splitlines() if '"probe"' in line]
        for pid in ours:
            rabbit.control("close_connection", pid, "enough")
        link.connected(times)
    stop.set()
    publisher.join()
    link.take(len(sent), patience=3 * PATIENCE)
    assert [m["data"] for m in link.messages] == sent
    assert "320" in link.events("lost")[0]["reason"]
    link.counts(connects=3, gaps=2)


class Publisher(threading.Thread):
    """Publishes numbers until told to stop; repeats what was not confirmed, with the same id."""

    def __init__(self, broker, queue):
        super().__init__()
        self.broker, self.queue = broker, queue
        self.confirmed = []
        self.is_over = threading.Event()

    def run(self):
        number = 0
        while not self.is_over.is_set():
            try:
                connection = self.broker.connect(heartbeat=10)
                channel = connection.channel()
                channel.confirm_delivery()
                while not self.is_over.is_set():
                    channel.basic_publish("", self.queue, str(number), persistent(f"m{number}"))
                    self.confirmed.append(number)
                    number += 1
                connection.close()
            except Exception:
                time.sleep(0.05)


def test_killed_under_traffic_nothing_confirmed_is_lost_or_repeated(rabbit, name):
    words = (f"source={name}", "templar=hightemplar")
    with Probe("rabbitmq", f"port={rabbit.port}", *words) as link:
        link.connected()
        publisher = Publisher(rabbit, name)
        publisher.start()
        try:
            for times in range(2, 4):
                link.take(len(link.messages) + 300, patience=STARTING)
                rabbit.kill()
                link.until(lambda: len(link.events("lost")) == times - 1, "a lost connection")
                accepting = []
                watch = threading.Thread(target=accepting_since, args=(rabbit, accepting))
                watch.start()
                rabbit.start(wait=False)
                link.connected(times, patience=STARTING)
                watch.join()
                assert time.monotonic() - accepting[0] < RESUMES_WITHIN
                link.take(len(link.messages) + 100, patience=STARTING)
        finally:
            publisher.is_over.set()
            publisher.join()
        confirmed = publisher.confirmed
        link.take(len(confirmed), patience=STARTING)
        seen = [m["data"] for m in link.messages]
        # The one under way when it stopped may have arrived without a confirmation.
        assert seen[:len(confirmed)] == confirmed, "every confirmed one, once, in order"
        assert len(seen) <= len(confirmed) + 1
        assert all("gap" in event for event in link.events("connected")[1:])
        link.counts(connected=True, connects=3, gaps=2)


def test_a_frozen_broker_is_noticed_by_heartbeat_and_stopping_is_prompt(rabbit, name):
    with Probe("rabbitmq", f"port={rabbit.port}", f"source={name}", "heartbeat=3") as link:
        link.connected()
        time.sleep(8)  # silence is borne for 6
        assert not link.events("lost"), "an idle connection is kept by heartbeats"
        rabbit.freeze()
        try:
            link.until(lambda: link.events("lost"), "a lost connection")
        finally:
            rabbit.thaw()
        begin = time.monotonic()
        link.connected(2)
        assert time.monotonic() - begin < RESUMES_WITHIN
        connection = rabbit.connect()
        connection.channel().basic_publish("", name, "again")
        link.take(1)
        connection.close()
    with Probe("rabbitmq", f"port={rabbit.port}", f"source={name}", "heartbeat=0", FOR_EVER) as link:
        link.connected()
        time.sleep(0.3)  # it waits for messages, most likely
        rabbit.freeze()
        try:
            assert link.stop() < ENDS_WITHIN
        finally:
            rabbit.thaw()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_broker_that_stumbles_is_refused_or_lost_and_never_fatal(seed):
    source = random.Random(seed)
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = (f"port={server.getsockname()[1]}", "templar=x", "retry=100", "answer=1000")
        with Probe("rabbitmq", *words) as link:
            for _ in range(60):
                peer, _ = server.accept()
                with peer:
                    try:
                        peer.sendall(amqp_nonsense.stumble(source))
                        peer.shutdown(socket.SHUT_WR)
                        while peer.recv(65536):
                            pass
                    except OSError:
                        pass
            link.until(lambda: len(link.events("refused") + link.events("lost")) >= 60, "losses")
            assert link.messages, "some of them got as far as the message"
            assert "hello" in [message["data"] for message in link.messages]
            assert link.stop() < ENDS_WITHIN
