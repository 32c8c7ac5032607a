"""What a source of a broker is said to carry: publications, triggers, notifications of models."""

import json

from brokers import Redis
from process import eventually
from wire import TEXT, Peer, frame
from worlds import Configured, section, table


def asked(peer, **message):
    peer.send(frame(TEXT, json.dumps(message)))
    return peer.json()


def linked(server):
    """Returns when the server's links serve."""
    eventually(lambda: server.metrics().get("link_connected"), lambda links: links == 1, 60)


def rooms_of(server, path="/ws/"):
    peer = Peer(server.address, path)
    assert peer.json()["is_authorized"]
    assert asked(peer, type="subscribe", room={"a": 1}, requestId="r") == {"code": "success"}
    return peer


def test_each_kind_of_source_reaches_its_clients_in_order():
    with Redis() as redis:
        text = "\n".join([
            section("hightemplar", allowed_rooms=['{"a":"*"}']),
            table("redis", port=redis.port),
            table("redis.source", channels=["orders.filled"]),
            table("redis.source", channels=["triggers"], kind="trigger"),
            table("redis.source", channels=["changes"], kind="notification")])
        with Configured(text, "--cores", "2") as server, rooms_of(server) as templar, \
                Peer(server.address) as stream, Peer(server.address, "/rohrpost/") as rohrpost:
            linked(server)
            client = redis.client()
            stream.subscribe("orders.filled")
            asked(rohrpost, id=1, type="subscribe", data={"type": "article", "id": 7})
            for n in range(50):
                client.publish("orders.filled", json.dumps({"n": n}))
                client.publish("triggers", json.dumps({"rooms": [{"a": "*"}], "data": n}))
                client.publish("changes", json.dumps(
                    {"class": "Article", "pk": 7, "change": "update", "object": {"n": n}}))
            client.publish("triggers", "nonsense")
            client.publish("changes", '{"class":"Article"}')
            client.publish("orders.filled", "This is no JSON")
            for n in range(50):
                assert stream.json()["data"] == {"n": n}
                assert templar.json() == {"type": "publish", "data": n, "requestId": "r"}
                assert rohrpost.json()["data"]["object"] == {"n": n}
            assert stream.json()["data"] == "This is no JSON"
            # What is none of those is dropped, and said in the log; the connection to Redis stays.
            server.settles(link_rejected_total=2)
            eventually(lambda: any("message dropped" in line for line in server.lines), bool)
