"""The opening handshake (RFC 6455 §4): what is accepted, and the refusal for everything else."""

import base64

import pytest
from process import Carillon
from wire import ACCEPT, TEXT, Link, Peer, frame, upgrade


@pytest.fixture
def link(server):
    with Link(server.address) as link:
        yield link


def test_the_accept_value_is_that_of_the_rfc(link):
    link.send(upgrade())
    status, fields, _ = link.response()
    assert status == 101
    assert fields["sec-websocket-accept"] == ACCEPT
    assert fields["upgrade"].lower() == "websocket"
    assert fields["connection"].lower() == "upgrade"
    assert "sec-websocket-extensions" not in fields and "sec-websocket-protocol" not in fields


ACCEPTED = {
    "tokens in any case": dict(Upgrade="WebSocket", Connection="UPGRADE"),
    "tokens in lists": dict(Upgrade="h2c, websocket", Connection="keep-alive , Upgrade"),
    "space around values": dict(Sec_WebSocket_Key="  dGhlIHNhbXBsZSBub25jZQ==\t ", Connection="\tUpgrade "),
    "unknown fields": dict(X_Anything="\x80\xff obs-text is allowed", Priority="u=4"),
    "any origin without a list": dict(Origin="https://evil.example"),
    "body of no octets": dict(Content_Length="0"),
}


@pytest.mark.parametrize("fields", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_an_upgrade_is_accepted(link, fields):
    link.send(upgrade(**fields))
    assert link.response()[0] == 101


def test_the_request_may_come_octet_by_octet(link):
    for octet in upgrade():
        link.send(bytes([octet]))
    assert link.response()[0] == 101


def test_frames_in_the_segment_of_the_request_wait_for_the_101(link):
    link.send(upgrade("/echo") + frame(TEXT, "early") + frame(TEXT, "bird"))
    assert link.response()[0] == 101
    assert link.take(7) == b"\x81\x05early"
    assert link.take(6) == b"\x81\x04bird"


def test_an_upgrade_can_follow_other_requests(link):
    link.send(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + upgrade("/echo") + frame(TEXT, "x"))
    assert link.response()[0] == 404
    assert link.response()[0] == 101
    assert link.take(3) == b"\x81\x01x"


BAD_UPGRADES = {
    "no Upgrade": upgrade("/echo", drop=["Upgrade"]),
    "no Connection": upgrade("/echo", drop=["Connection"]),
    "other Upgrade": upgrade("/echo", Upgrade="h2c"),
    "similar Upgrade": upgrade("/echo", Upgrade="websockets"),
    "other Connection": upgrade("/echo", Connection="keep-alive"),
    "similar Connection": upgrade("/echo", Connection="not-upgrade"),
    "no key": upgrade("/echo", drop=["Sec-WebSocket-Key"]),
    "empty key": upgrade("/echo", Sec_WebSocket_Key=""),
    "key of 15 octets": upgrade("/echo", Sec_WebSocket_Key=base64.b64encode(b"a" * 15).decode()),
    "key of 17 octets": upgrade("/echo", Sec_WebSocket_Key=base64.b64encode(b"a" * 17).decode()),
    "key without padding": upgrade("/echo", Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ"),
    "key of other letters": upgrade("/echo", Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25j!!=="),
    "two keys": upgrade("/echo").replace(
        b"\r\n\r\n", b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
    "HTTP/1.0": upgrade("/echo", version="HTTP/1.0"),
}


@pytest.mark.parametrize("octets", BAD_UPGRADES.values(), ids=BAD_UPGRADES.keys())
def test_a_broken_upgrade_is_400(link, octets):
    link.send(octets)
    status, _, body = link.response()
    assert status == 400, body
    assert body


@pytest.mark.parametrize("version", ["8", "7", "0", "12", "14", "013", "13a", "", "-13", "13, 8", None])
def test_another_version_is_426_naming_ours(link, version):
    link.send(upgrade("/echo", Sec_WebSocket_Version=version))
    status, fields, _ = link.response()
    # Without the field nobody asked for another version: a plain bad request will do as well.
    assert status == 426 or version in (None, "") and status == 400
    if status == 426:
        assert fields["sec-websocket-version"] == "13"
        assert fields.get("upgrade", "websocket").lower() == "websocket"


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "get", "BREW"])
def test_other_methods_open_nothing(link, method):
    link.send(upgrade("/echo", method=method, Content_Length="0"))
    status, fields, _ = link.response(method)
    assert status in (400, 405, 501)
    if status == 405:
        assert "GET" in fields["allow"]


def test_a_refusal_on_the_way_in_does_not_open_later(link):
    link.send(upgrade("/nowhere") + frame(TEXT, "x"))
    assert link.response()[0] == 404


# Origins

@pytest.fixture(scope="module")
def choosy():
    with Carillon(settings={"websocket.origins": "https://app.example,http://localhost:3000"}) as server:
        yield server


@pytest.mark.parametrize("origin", ["https://app.example", "http://localhost:3000", "HTTPS://APP.EXAMPLE",
                                    "https://app.example:443"])
def test_an_allowed_origin_opens(choosy, origin):
    Peer(choosy.address, Origin=origin).close()


@pytest.mark.parametrize("origin", [
    None, "null", "", "https://app.example.evil.example", "https://evil-app.example", "http://app.example",
    "https://app.example:8443", "http://localhost", "http://localhost:3000.evil.example", "app.example",
    "https://app.example/", "https://app.example@evil.example", "https://app.example, https://evil.example"])
def test_any_other_origin_is_403(choosy, origin):
    with Link(choosy.address) as link:
        link.send(upgrade(Origin=origin))
        assert link.response()[0] == 403


# Extensions (RFC 7692 §7.1)

OFFERS = {
    "permessage-deflate": True,
    "permessage-deflate; client_max_window_bits": True,
    "permessage-deflate; client_max_window_bits=15": True,
    "permessage-deflate; client_max_window_bits=8": True,
    'permessage-deflate; client_max_window_bits="12"': True,
    "permessage-deflate; server_max_window_bits=9": True,
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover": True,
    "x-webkit-deflate-frame, permessage-deflate": True,
    "permessage-deflate; unknown, permessage-deflate": True,
    "PERMESSAGE-DEFLATE": None,  # extension tokens: RFC 6455 §9.1 leaves their case open
    "permessage-deflate; server_max_window_bits=8": False,
    "permessage-deflate; server_max_window_bits": False,
    "permessage-deflate; server_max_window_bits=7": False,
    "permessage-deflate; server_max_window_bits=16": False,
    "permessage-deflate; server_max_window_bits=010": False,
    "permessage-deflate; server_max_window_bits=1x": False,
    "permessage-deflate; client_max_window_bits=7": False,
    "permessage-deflate; client_max_window_bits=99999999999999999999": False,
    "permessage-deflate; server_no_context_takeover=1": False,
    "permessage-deflate; client_no_context_takeover=true": False,
    "permessage-deflate; client_max_window_bits; client_max_window_bits": False,
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover": False,
    "permessage-deflate; unknown": False,
    "permessage-bzip2": False,
}


@pytest.mark.parametrize("offer,accepted", OFFERS.items(), ids=range(len(OFFERS)))
def test_an_offer_is_taken_or_left(server, offer, accepted):
    with Peer(server.address, "/echo", Sec_WebSocket_Extensions=offer) as ws:
        if accepted is not None:
            assert ws.extension.startswith("permessage-deflate") == accepted, ws.extension
        if ws.extension:
            parameters = [p.strip() for p in ws.extension.split(";")[1:]]
            assert "server_no_context_takeover" in parameters, "one compressed form serves all"
            names = [p.split("=")[0] for p in parameters]
            assert len(names) == len(set(names))
            assert "client_max_window_bits" not in names or "client_max_window_bits" in offer
        ws.send(frame(TEXT, "still open"))
        assert ws.message() == b"still open"


@pytest.mark.parametrize("offer", ["permessage-deflate; =", ";", "permessage-deflate;;", ",,,", "a b",
                                   'permessage-deflate; client_max_window_bits="1', "=" * 500])
def test_a_malformed_offer_never_agrees_to_anything(server, offer):
    with Link(server.address) as link:
        link.send(upgrade("/echo", Sec_WebSocket_Extensions=offer))
        status, fields, _ = link.response()
        assert status in (101, 400)
        assert "sec-websocket-extensions" not in fields
