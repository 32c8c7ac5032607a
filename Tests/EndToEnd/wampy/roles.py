"""Small wampy programs, run by the Python that has wampy: roles.py NAME URL [ARGUMENT...].

What a test wants to know is printed, a JSON value per line. Services print "ready" and run until they
are terminated; secrets come in WAMPYSECRET, as wampy wants them.
"""

import json
import sys

import gevent
from wampy.errors import WampyError, WampyTimeOutError
from wampy.peers.clients import Client
from wampy.roles.callee import callee
from wampy.roles.subscriber import subscribe

ROLES = {"subscriber": {}, "publisher": {}, "callee": {"shared_registration": True},
         "caller": {"features": {"call_timeout": True}}}


def tell(value):
    # wampy returns some errors and raises others.
    print(json.dumps(value, default=lambda error: ["error", str(vars(error))]), flush=True)


class Service(Client):
    """Procedures and topics of the tests, in the ways wampy registers and subscribes."""

    @callee
    def wampy_add(self, a, b=0):
        return a + b

    @callee
    def wampy_echo(self, *args, **kwargs):
        return {"args": list(args), "kwargs": kwargs}

    @callee
    def wampy_raise(self, text):
        raise ValueError(text)

    @callee
    def wampy_sleep(self, seconds):
        gevent.sleep(seconds)
        return "slept"

    @subscribe(topic="wampy_topic")
    def on_topic(self, **kwargs):
        kwargs.pop("meta", None)
        tell(["event", kwargs])


class Sharer(Client):
    @callee(invocation_policy="roundrobin")
    def wampy_shared(self):
        return self.name


def service(url):
    serve(Service(url=url))


def sharer(url, name):
    serve(Sharer(url=url, name=name))


def serve(client):
    with client:
        # wampy does not wait for the answers to its registrations; the last one it made is known
        # when a call, which comes after it, has been answered.
        client.call("wamp.session.count")
        tell("ready")
        while True:
            gevent.sleep(1)


def calls(url):
    """Calls as the README does; each answer, or the error's text, is told."""
    with Client(url=url) as client:
        tell(client.rpc.wampy_add(1, b=2))
        tell(client.call("wampy_add", 3))
        tell(client.rpc.wampy_echo("ü", 1.5, [None, {"a": True}], key="value"))
        tell(client.rpc.wampy_echo("x" * 100_000)["args"] == ["x" * 100_000])
        for call in (lambda: client.rpc.wampy_raise("no"), lambda: client.call("com.wampy.nothing")):
            try:
                tell(call())
            except WampyError as error:
                tell(["error", str(error)])
        tell(client.rpc.wampy_add(20, b=22))  # the session lives on


def share(url):
    with Client(url=url) as client:
        tell(sorted(client.rpc.wampy_shared() for _ in range(10)))


def late(url):
    """A call that takes longer than the caller waits, several times, with ordinary ones between."""
    for _ in range(3):
        with Client(url=url) as client:
            # Not `call_timeout=2`: it is told to the router, which answers half a second later what
            # a caller that is held up has not taken back; and HELLO and GOODBYE would have no longer.
            patience, client.session.call_timeout = client.session.call_timeout, 2
            try:
                tell(client.rpc.wampy_sleep(seconds=5))
            except WampyTimeOutError:
                tell("timeout")
            client.session.call_timeout = patience
    with Client(url=url) as client:
        tell(client.rpc.wampy_add(1, b=1))


def publish(url, count):
    with Client(url=url) as client:
        for number in range(int(count)):
            client.publish(topic="wampy_topic", number=number, text="ü")


def join(url, method, authid):
    """Joins with a method; tells how that went, and the answer to a call."""
    client = Client(url=url, roles={"roles": ROLES, "authmethods": [method], "authid": authid})
    try:
        client.start()
    except WampyError as error:
        tell(["refused", str(error)])
        return
    tell(["joined", client.call("wamp.session.count") >= 1])
    client.stop()


def idle(url, seconds):
    """Keeps quiet, then calls: server pings in between must not have hurt."""
    with Client(url=url) as client:
        gevent.sleep(float(seconds))
        tell(client.call("wamp.session.count") >= 1)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
