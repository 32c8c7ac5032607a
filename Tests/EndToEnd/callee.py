"""A WAMP callee in a thread of its own, whose results are JSON texts.

    callee = Callee(server.address)
    callee.register("com.add", lambda args, kwargs: Result('[{"sum":3}]'))

Functions get the texts of the arguments as they came and answer with texts, so digits stay what
they are. What a function returns or raises as `Failure` becomes an ERROR.
"""

import dataclasses
import json
import queue
import threading

from process import PATIENCE
from wire import TEXT, Ended, Peer, frame

DECODER = json.JSONDecoder()


@dataclasses.dataclass
class Result:
    args: str = "[]"
    kwargs: str = "{}"


@dataclasses.dataclass
class Failure(Exception):
    uri: str
    args: str = "[]"
    kwargs: str = "{}"


def elements(text):
    """The texts of a JSON list's elements."""
    found, place = [], 1
    while text[place:].lstrip()[:1] not in ("]", ""):
        place += len(text[place:]) - len(text[place:].lstrip(" ,"))
        _, end = DECODER.raw_decode(text, place)
        found.append(text[place:end])
        place = end
    return found


class Callee:
    def __init__(self, address, realm="realm1", path="/"):
        self.link = Peer(address, path, Sec_WebSocket_Protocol="wamp.2.json")
        self.answers, self.registered, self.count = {}, queue.Queue(), 0
        self._send(f'[1,"{realm}",{{"roles":{{"callee":{{}},"publisher":{{}}}}}}]')
        welcome = self.link.json()
        assert welcome[0] == 2, welcome
        self.link.socket.settimeout(None)  # it waits for calls as long as it takes
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _send(self, text):
        self.link.send(frame(TEXT, text))

    def register(self, uri, answer, options="{}"):
        """Returns when calls of `uri` come here."""
        self.count += 1
        self.pending = answer
        self._send(f"[64,{self.count},{options},{json.dumps(uri)}]")
        reply = self.registered.get(timeout=PATIENCE)
        assert reply[0] == 65, reply

    def publish(self, topic, args="[]", kwargs="{}"):
        self.count += 1
        self._send(f"[16,{self.count},{{}},{json.dumps(topic)},{args},{kwargs}]")

    def _run(self):
        try:
            while True:
                text = self.link.message().decode()
                message = json.loads(text)
                if message[0] == 65:
                    self.answers[message[2]] = self.pending
                    self.registered.put(message)
                elif message[0] == 8:
                    self.registered.put(message)
                elif message[0] == 68:
                    self._invoked(message, elements(text))
        except (Ended, OSError, AssertionError):
            pass  # the server or the test has ended it

    def _invoked(self, message, texts):
        args, kwargs = (texts[4:] + ["[]", "{}"][len(texts[4:]):])[:2]
        try:
            answer = self.answers[message[2]](args, kwargs)
        except Failure as failure:
            answer = failure
        if isinstance(answer, Failure):
            self._send(f'[8,68,{message[1]},{{}},"{answer.uri}",{answer.args},{answer.kwargs}]')
        elif answer is not None:  # None: it stays silent
            self._send(f"[70,{message[1]},{{}},{answer.args},{answer.kwargs}]")

    def stop(self):
        try:
            self.link.socket.shutdown(2)
        except OSError:
            pass
        self._thread.join(PATIENCE)
        self.link.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
