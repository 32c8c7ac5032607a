"""One compression for everybody: clients of four protocols, each with a window of its own."""

import contextlib
import json

from hub import ROOMS
from process import PATIENCE
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

SUBSCRIBE = {
    "/stream": [{"id": "s", "method": "subscribe", "payload": {"channel": "target", "event": "chat"}}],
    "/ws/": [{"type": "subscribe", "room": {"target": "chat"}, "requestId": 5}],
    "/rohrpost/": [{"id": 1, "type": "subscribe", "data": {"type": "target", "id": "chat"}}],
    "/": [[1, "realm1", {"roles": {"subscriber": {}}}], [32, 1, {}, "target.chat"]],
}
# Where each says the value.
VALUE = {
    "/stream": lambda message: message["data"],
    "/ws/": lambda message: message["data"],
    "/rohrpost/": lambda message: message["data"]["object"],
    "/": lambda message: message[4][0],
}


def open_client(stack, server, path, bits):
    factory = ClientPerMessageDeflateFactory(server_max_window_bits=bits)
    socket = stack.enter_context(connect(
        server.url(path), compression=None, extensions=[factory],
        subprotocols=["wamp.2.json"] if path == "/" else None))
    assert socket.protocol.extensions[0].remote_max_window_bits == bits
    if path == "/ws/":
        socket.recv(PATIENCE)
    for message in SUBSCRIBE[path]:
        socket.send(json.dumps(message))
        socket.recv(PATIENCE)
    return path, socket


def test_a_publication_is_compressed_once_for_all_protocols_and_windows(start, tmp_path):
    file = tmp_path / "carillon.toml"
    file.write_text(ROOMS)
    server = start("--config", str(file), "--cores", "1")
    with contextlib.ExitStack() as stack:
        clients = [
            open_client(stack, server, path, 9 + (place + step) % 7)
            for step in range(3) for place, path in enumerate(SUBSCRIBE)]
        before = server.metrics()["compressions_total"]
        values = [
            [{"number": n, "text": f"{n * n} words " * 8} for n in range(count)] for count in range(1, 90, 8)]
        for value in values:
            assert server.publish("target.chat", value) == len(clients)
        for path, socket in clients:
            for value in values:
                assert VALUE[path](json.loads(socket.recv(PATIENCE))) == value
        assert server.metrics()["compressions_total"] - before == len(values)
