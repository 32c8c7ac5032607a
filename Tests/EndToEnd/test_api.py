"""The HTTP API: publish and broadcast, and how the listener speaks HTTP/1.1 (RFC 9112)."""

import json

import pytest
from wire import Link


def request(method="POST", path="/api/publish", body=b"", fields=()):
    """Octets of a request; a Content-Length comes with every body unless `fields` bring a length."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *fields]
    if (body or method == "POST") and not any(
            f.lower().startswith(("content-length", "transfer-encoding")) for f in fields):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


@pytest.fixture
def link(server):
    with Link(server.address) as link:
        yield link


def test_publish_tells_how_many_received(server, peer, channel):
    assert server.publish(channel, {"n": 0}) == 0
    peers = [peer() for _ in range(5)]
    for one in peers:
        one.subscribe(channel)
    assert server.publish(channel, {"n": 1}) == 5
    for one in peers:
        assert one.json() == {"channel": channel, "event": "", "data": {"n": 1}}


def test_a_publication_reaches_each_reading(server, peer, channel):
    whole, parent, pattern = peer(), peer(), peer()
    whole.subscribe(channel + ".filled")
    parent.subscribe(channel, "filled")
    pattern.subscribe(channel, "f*")
    assert server.publish(channel + ".filled", 7) == 3
    assert whole.json() == {"channel": channel + ".filled", "event": "", "data": 7}
    assert parent.json() == {"channel": channel, "event": "filled", "data": 7}
    assert pattern.json() == {"channel": channel, "event": "filled", "data": 7}


@pytest.mark.parametrize("data", [None, True, 0, -1.5e3, "", "text \u2028 \U0001f514", [], {}, [[{"a": []}]]])
def test_any_json_value_can_be_published(server, peer, channel, data):
    ws = peer()
    ws.subscribe(channel)
    assert server.publish(channel, data) == 1
    assert ws.json()["data"] == data


def test_broadcast_reaches_every_room(server, peer, channel):
    a, b = peer(), peer()
    a.subscribe(channel + ".1")
    b.subscribe(channel + ".2")
    status, _, body = server.http("POST", "/api/broadcast", {
        "rooms": [channel + ".1", channel + ".2", channel + ".3"], "data": "all"})
    assert (status, json.loads(body)) == (200, {"receivers": 2})
    assert a.json()["data"] == b.json()["data"] == "all"


def test_keep_alive_serves_many_requests(link, channel):
    for n in range(20):
        link.send(request(body={"room": channel, "data": n}))
        assert link.response()[0] == 200


def test_pipelined_requests_are_answered_in_order(link, server, peer, channel):
    ws = peer()
    ws.subscribe(channel)
    link.send(*(request(body={"room": channel, "data": n}) for n in range(200)))
    for _ in range(200):
        status, _, body = link.response()
        assert (status, json.loads(body)) == (200, {"receivers": 1})
    assert [ws.json()["data"] for _ in range(200)] == list(range(200))


def test_different_answers_keep_their_order_in_a_pipeline(link, channel):
    link.send(request(body={"room": channel, "data": 1}), request("GET", "/nowhere"),
              request("GET", "/api/publish"), request(body={"room": channel, "data": 2}))
    assert [link.response()[0] for _ in range(4)] == [200, 404, 405, 200]


def test_a_chunked_body_is_read(link, server, peer, channel):
    ws = peer()
    ws.subscribe(channel)
    body = json.dumps({"room": channel, "data": "x" * 5000}).encode()
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(p), p) for p in
                      (body[i:i + 700] for i in range(0, len(body), 700)))
    link.send(request(fields=["Transfer-Encoding: chunked"]) + chunks + b"0\r\nTrailer: x\r\n\r\n",
              request("GET", "/nowhere"))
    assert link.response()[0] == 200
    assert link.response()[0] == 404  # the next request begins where the trailer ended
    assert ws.json()["data"] == "x" * 5000


def test_a_request_may_come_octet_by_octet(link, channel):
    for octet in request(body={"room": channel, "data": 1}):
        link.send(bytes([octet]))
    assert link.response()[0] == 200


def test_expect_continue_is_honoured_or_ignored(link, channel):
    body = json.dumps({"room": channel, "data": 1}).encode()
    link.send(request(body=body, fields=["Expect: 100-continue"]))
    head = link.until(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head = link.until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")


def test_connection_close_is_obeyed(link, channel):
    link.send(request(body={"room": channel, "data": 1}, fields=["Connection: close"]))
    status, fields, _ = link.response()
    assert status == 200 and fields["connection"].lower() == "close"
    assert link.rest() == b""


def test_http_1_0_ends_after_one_answer(link):
    link.send(b"GET /nowhere HTTP/1.0\r\n\r\n")
    assert link.response()[0] == 404
    assert link.rest() == b""


BAD_BODIES = [
    b"", b"{", b"nonsense", b"[1]", b"{}", b'{"data":1}', b'{"room":5,"data":1}', b'{"room":null,"data":1}',
    b'{"room":"a"', b'{"room":"a","data":}', b'{"room":"a","data":1}}', b'{"room":"\xff","data":1}',
    b'{"room":"a","data":"\xc3"}', b'{"room":"a","data":01}', b'{"room":"' + b"r" * 5000 + b'","data":1}',
    b'{"room":"' + b"a." * 100 + b'a","data":1}', b'{"room":"a","data":' + b"[" * 100 + b"]" * 100 + b"}",
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_bad_body_is_400_and_the_connection_stays(link, channel, body):
    link.send(request(body=body))
    status, _, text = link.response()
    assert status == 400, (status, text)
    assert text, "a refusal says why"
    link.send(request(body={"room": channel, "data": 1}))
    assert link.response()[0] == 200


@pytest.mark.parametrize("path,allow", [("/api/publish", "POST"), ("/api/broadcast", "POST")])
def test_other_methods_are_405_with_the_allowed_ones(server, path, allow):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        status, headers, _ = server.http(method, path)
        assert status == 405
        assert allow in headers["Allow"]


def test_unknown_paths_are_404(server):
    for path in ("/", "/api", "/api/", "/api/publish/", "/api/unknown", "/metrics", "/health/live"):
        assert server.http("GET", path)[0] == 404, path


# What ends the connection after its answer: the framing of what follows cannot be trusted.
REFUSED = {
    "identity coding": (request(fields=["Transfer-Encoding: identity"]), 501),
    "unknown coding": (request(fields=["Transfer-Encoding: gzip, chunked"]), 501),
    "length and coding": (request(fields=["Content-Length: 3", "Transfer-Encoding: chunked"]), 400),
    "two lengths": (request(fields=["Content-Length: 3", "Content-Length: 4"]), 400),
    "signed length": (request(fields=["Content-Length: +3"]), 400),
    "negative length": (request(fields=["Content-Length: -1"]), 400),
    "hexadecimal length": (request(fields=["Content-Length: 0x10"]), 400),
    "list of lengths": (request(fields=["Content-Length: 3, 3"]), 400),
    "empty length": (request(fields=["Content-Length:"]), 400),
    "length beyond all integers": (request(fields=["Content-Length: 99999999999999999999999"]), (400, 413)),
    "body too large": (request(fields=["Content-Length: 1048577"]), 413),
    "POST without a length": (b"POST /api/publish HTTP/1.1\r\nHost: a\r\n\r\n", 411),
    "bad chunk size": (request(fields=["Transfer-Encoding: chunked"]) + b"xyz\r\n", 400),
    "negative chunk size": (request(fields=["Transfer-Encoding: chunked"]) + b"-5\r\nhello\r\n", 400),
    "endless chunk size": (request(fields=["Transfer-Encoding: chunked"]) + b"0" * 5000, 400),
    "chunk beyond all integers": (
        request(fields=["Transfer-Encoding: chunked"]) + b"FFFFFFFFFFFFFFFFFF\r\n", (400, 413)),
    "chunks too large": (request(fields=["Transfer-Encoding: chunked"]) + b"100001\r\n", 413),
    "chunk without its end": (request(fields=["Transfer-Encoding: chunked"]) + b"1\r\nabX", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (request("GET", "/", fields=["Host: b"]), 400),
    "space before colon": (request("GET", "/", fields=["Name : x"]), 400),
    "no colon": (request("GET", "/", fields=["Name"]), 400),
    "empty name": (request("GET", "/", fields=[": x"]), 400),
    "NUL in a value": (request("GET", "/", fields=["Name: a\0b"]), 400),
    "bare CR in a value": (request("GET", "/", fields=["Name: a\rb"]), 400),
    "bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "folded line": (request("GET", "/", fields=["Name: a", " folded"]), 400),
    "space in the target": (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two spaces": (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no version": (b"GET /\r\nHost: a\r\n\r\n", 400),
    "control octet in the target": (b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "octets of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n", 400),
    "HTTP/2": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/3": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", (400, 505)),
    "lower case version": (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "endless request line": (b"G" * 9000, (400, 414)),
    "endless target": (b"GET /" + b"a" * 20000, 414),
    "long field": (request("GET", "/", fields=["Name: " + "a" * 9000]), 431),
    "endless field": (b"GET / HTTP/1.1\r\nHost: a\r\nName: " + b"a" * 20000, 431),
    "large head": (request("GET", "/", fields=[f"N{n}: " + "a" * 4000 for n in range(5)]), 431),
    "many fields": (request("GET", "/", fields=[f"N{n}: a" for n in range(101)]), 431),
}


@pytest.mark.parametrize("octets,status", REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_cannot_be_trusted_is_refused_and_closed(link, octets, status):
    # More octets follow unread: the answer must come before the end, not be erased by a reset.
    link.send(octets)
    got, fields, body = link.response()
    assert got in (status if isinstance(status, tuple) else (status,)), (got, body)
    assert fields.get("connection", "").lower() == "close"
    link.send(b"GET / HTTP/1.1\r\n" * 100)
    assert link.rest() == b""


def test_answers_say_their_type_and_length(server, channel):
    for path, body in (("/api/publish", {"room": channel, "data": 1}), ("/nowhere", None)):
        _, headers, octets = server.http("POST" if body else "GET", path, body)
        assert int(headers["Content-Length"]) == len(octets)
        assert headers["Content-Type"].split(";")[0] in ("application/json", "text/plain")


@pytest.fixture(scope="module")
def guarded():
    from process import Carillon
    with Carillon(settings={"api.key": "s3cret-key"}) as server:
        yield server


def test_the_key_opens_the_api(guarded, channel):
    assert guarded.publish(channel, 1, Authorization="Bearer s3cret-key") == 0
    assert guarded.publish(channel, 1, Authorization="bearer s3cret-key") == 0  # RFC 9110 §11.1


@pytest.mark.parametrize("value", [
    None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cret-ke", "Bearer s3cret-key2",
    "Basic s3cret-key", "s3cret-key", "Bearer s3cret-key s3cret-key"])
def test_anything_else_is_401(guarded, channel, value):
    headers = {} if value is None else {"Authorization": value}
    status, fields, _ = guarded.http("POST", "/api/publish", {"room": channel, "data": 1}, headers)
    assert status == 401
    assert "Bearer" in fields["WWW-Authenticate"]


def test_the_key_is_nowhere_in_the_log(guarded):
    assert not any("s3cret" in line for line in guarded.lines)


def test_the_control_listener_answers(server):
    for path in ("/health/live", "/health/ready"):
        assert server.http("GET", path, control=True)[0] == 200
    assert server.http("GET", "/nowhere", control=True)[0] == 404
    assert server.http("POST", "/metrics", control=True)[0] == 405


def test_metrics_are_prometheus_text(server):
    status, headers, page = server.http("GET", "/metrics", control=True)
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    helped, typed = set(), set()
    for line in page.decode().splitlines():
        words = line.split(" ")
        if line.startswith("# HELP"):
            assert words[2] not in helped, "one HELP per name"
            helped.add(words[2])
        elif line.startswith("# TYPE"):
            assert words[3] in ("counter", "gauge", "histogram")
            assert words[2] not in typed
            typed.add(words[2])
        elif line:
            name = words[0].split("{")[0]
            base = name
            for suffix in ("_bucket", "_sum", "_count"):
                if name.endswith(suffix) and name.removesuffix(suffix) in typed:
                    base = name.removesuffix(suffix)
            assert base in typed, f"{name} has no TYPE"
            float(words[-1])
    assert {"ws_open", "subscriptions", "publications_total"} <= typed


def test_metrics_count_what_happened(start):
    server = start()
    from wire import Peer
    with Peer(server.address) as ws:
        ws.subscribe("a")
        for n in range(10):
            server.publish("a", n)
        for n in range(10):
            ws.json()
        seen = server.metrics()
        assert seen["ws_open"] == 1 and seen["subscriptions"] == 1
        assert seen["publications_total"] == 10 and seen["deliveries_total"] == 10
    server.settles(ws_open=0, subscriptions=0)
