"""Real clients of the openapi-ws dialect: `websockets` as a browser would be, and aiohttp."""

import asyncio
import json

import aiohttp
import pytest
from process import PATIENCE
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def browser(server, **more):
    return connect(
        server.url(), origin="http://localhost:3000", user_agent_header=BROWSER,
        additional_headers={"Cookie": "a=b; c=d", "Pragma": "no-cache", "DNT": "1"},
        open_timeout=PATIENCE, **more)


def call(ws, method, payload=None, id="1"):
    ws.send(json.dumps({"id": id, "method": method, **({"payload": payload} if payload else {})}))
    return json.loads(ws.recv(PATIENCE))


def test_a_browser_subscribes_publishes_and_calls(server, channel):
    with browser(server) as ws:
        assert [e.name for e in ws.protocol.extensions] == ["permessage-deflate"]
        assert call(ws, "subscribe", {"channel": channel}) == {
            "id": "1", "method": "subscribe", "response": {"subscribed": {channel: ["*"]}}}
        answer = call(ws, "publish", {"channel": channel, "event": "e", "data": [1.5, "ü", None]}, "p")
        assert answer == {
            "id": "p", "method": "publish",
            "response": {"channel": channel, "event": "e", "data": [1.5, "ü", None]}}
        assert json.loads(ws.recv(PATIENCE)) == {"channel": channel, "event": "e", "data": [1.5, "ü", None]}
        assert call(ws, "echo", {"message": "hello"})["response"] == {"message": "hello"}


def test_compressed_events_arrive_whole_in_order_and_compressed(server, channel):
    texts = [f"{n}:" + "price:1,volume:2," * n for n in range(0, 400, 7)]
    with browser(server) as ws:
        call(ws, "subscribe", {"channel": channel})
        for text in texts:
            assert server.publish(channel, text) == 1
        for text in texts:
            assert json.loads(ws.recv(PATIENCE))["data"] == text


@pytest.mark.parametrize("size", [0, 1, 63, 64, 125, 126, 127, 65535, 65536, 65537, 300_000])
def test_messages_of_every_length_form_go_both_ways(server, size):
    for compression in ("deflate", None):
        with connect(server.url("/echo"), compression=compression, max_size=None) as ws:
            text = "".join(chr(97 + n * n % 26) for n in range(size))
            ws.send(text)
            assert ws.recv(PATIENCE) == text
            ws.send(text.encode())
            assert ws.recv(PATIENCE) == text.encode()


def test_a_message_sent_in_fragments_comes_back(server):
    with connect(server.url("/echo")) as ws:
        ws.send(["Größe", " ", "of ", "", "pieces"])
        assert ws.recv(PATIENCE) == "Größe of pieces"


def test_a_ping_is_answered_with_its_payload(server):
    with browser(server) as ws:
        assert ws.ping(b"carillon").wait(PATIENCE)


def test_closing_echoes_the_code(server):
    with browser(server) as ws:
        ws.close(3001, "enough")
        assert ws.protocol.close_rcvd.code == 3001


def test_a_closed_connection_is_out_of_server_info_at_once(start):
    server = start()
    for turn in range(200):
        with browser(server) as ws:
            info = call(ws, "server_info")["response"]
            assert info == {"connections": 1, "channels": {}}, f"turn {turn}: {info}"
            call(ws, "subscribe", {"channel": "a", "event": "x*"})
            assert call(ws, "info")["response"] == {"connections": 1, "channels": {"a": {"x*": 1}}}


def test_binary_messages_are_ignored(server):
    with browser(server) as ws:
        ws.send(b'{"id":"a","method":"echo"}')
        assert call(ws, "echo", {"n": 1}, "b")["id"] == "b"


def test_other_paths_are_not_found(server):
    for path in ("/stream/", "/streams", "/stream/x", "/echo/"):
        with pytest.raises(InvalidStatus) as refused:
            connect(server.url(path))
        assert refused.value.response.status_code == 404


def test_a_path_of_wamp_says_what_to_offer(server):
    with pytest.raises(InvalidStatus) as refused:
        connect(server.url("/"))
    assert refused.value.response.status_code == 400
    assert b"wamp.2.json" in refused.value.response.body


def test_the_query_of_the_path_is_free(server):
    with connect(server.url("/stream?token=a%20b&x=1")) as ws:
        assert call(ws, "echo", {"n": 1})["response"] == {"n": 1}


def test_offered_subprotocols_are_ignored(server):
    with connect(server.url(), subprotocols=["unknown.v1", "chat"]) as ws:
        assert ws.subprotocol is None


def test_without_upgrade_the_path_says_what_it_is(server):
    status, headers, body = server.http("GET", "/stream")
    assert status == 400
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(body) == {"message": "Unable to open websocket connection"}


def test_aiohttp_subscribes_publishes_and_calls(server, channel):
    async def run():
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(server.url(), compress=15) as a, \
                    session.ws_connect(server.url()) as b:
                await a.send_json({"id": "s", "method": "subscribe",
                                   "payload": {"channel": channel, "event": "order.*"}})
                assert "response" in await a.receive_json(timeout=PATIENCE)
                for n in range(50):
                    event = f"order.{n}" if n % 2 else f"other.{n}"
                    await b.send_json({"id": str(n), "method": "publish", "payload": {
                        "channel": channel, "event": event, "data": {"n": n, "text": "x" * n * 20}}})
                    assert (await b.receive_json(timeout=PATIENCE))["id"] == str(n)
                for n in range(1, 50, 2):
                    assert await a.receive_json(timeout=PATIENCE) == {
                        "channel": channel, "event": f"order.{n}",
                        "data": {"n": n, "text": "x" * n * 20}}
                await a.close(code=1000)
                assert a.close_code == 1000
    asyncio.run(run())


def test_numbers_keep_their_digits(peer, channel):
    ws = peer()
    ws.subscribe(channel)
    from wire import TEXT, frame
    ws.send(frame(TEXT, '{"id":"p","method":"publish","payload":{"channel":"%s","data":'
                        '{"n":1.50,"big":123456789012345678901234567890,"e":1E+2}}}' % channel))
    answer, event = ws.message().decode(), ws.message().decode()
    for text in (answer, event):
        for digits in ("1.50", "123456789012345678901234567890", "1E+2"):
            assert digits in text


def test_thousands_of_calls_in_one_write_are_answered_in_order(peer):
    from wire import TEXT, frame
    ws = peer()
    ws.send(b"".join(frame(TEXT, f'{{"id":"{n}","method":"echo","payload":{{"n":{n}}}}}')
                     for n in range(5000)))
    for n in range(5000):
        assert ws.json() == {"id": str(n), "method": "echo", "response": {"n": n}}


def test_once_per_connection_however_many_patterns_match(peer, server, channel):
    ws, other = peer(), peer()
    for pattern in ("order*", "*", "order.x", "o?der*", "[op]rder.x"):
        ws.subscribe(channel, pattern)
    other.subscribe(channel, "h?llo")
    answer = other.call("publish", {"channel": channel, "event": "order.x", "data": {"n": 1}})
    assert "response" in answer
    assert ws.json() == {"channel": channel, "event": "order.x", "data": {"n": 1}}
    assert ws.call("echo", {"last": 1})["response"] == {"last": 1}
    assert other.call("echo", {"last": 1})["response"] == {"last": 1}


def test_the_answer_to_a_publish_precedes_its_event(peer, channel):
    from wire import TEXT, frame
    ws = peer()
    ws.subscribe(channel)
    ws.send(b"".join(frame(TEXT, json.dumps({
        "id": str(n), "method": "publish", "payload": {"channel": channel, "data": [n]}}))
        for n in range(100)))
    seen = [ws.json() for _ in range(200)]
    answers = [m["id"] for m in seen if "id" in m]
    events = [m["data"][0] for m in seen if "id" not in m]
    assert answers == [str(n) for n in range(100)]
    assert events == list(range(100))
    for n in range(100):
        answer = next(i for i, m in enumerate(seen) if m.get("id") == str(n))
        event = next(i for i, m in enumerate(seen) if "id" not in m and m["data"] == [n])
        assert answer < event


def test_unsubscribing_ends_delivery(peer, server, channel):
    ws = peer()
    ws.subscribe(channel, "a")
    ws.subscribe(channel, "b")
    assert ws.call("unsubscribe", {"channel": channel, "event": "a"})["response"] == {
        "subscribed": {channel: ["b"]}}
    publisher = peer()
    for event in ("a", "b"):
        publisher.call("publish", {"channel": channel, "event": event, "data": event})
    assert ws.json()["event"] == "b"
    assert ws.call("echo", {"n": 1})["response"] == {"n": 1}
