#!/usr/bin/env python3
"""A small WAMP router that makes mistakes on purpose: faulty_server.py in other words.

    faulty_router.py                       an honest router, on a free port of 127.0.0.1
    faulty_router.py --lose 100            every hundredth EVENT or RESULT is not sent

It knows one realm, exact topics and one callee per procedure, and all serializations. A delivery is
an EVENT to one subscriber, or a RESULT. The faults of faulty_server.py strike the octets of the
WebSocket message that carries it; those below need a router. Names of mistakes are as there.
"""

import asyncio
import itertools
import sys

from faulty_server import Server, arguments
from serializations import NAMES, Serialization
from wamp_session import (ABORT, CALL, ERROR, EVENT, GOODBYE, HELLO, INVOCATION, PUBLISH, REGISTER,
                          REGISTERED, RESULT, SUBSCRIBE, SUBSCRIBED, WELCOME, YIELD)

REFUSED = "com.example.refused"


def options(parser):
    every = parser.add_argument_group("faults of every K-th EVENT or RESULT")
    every.add_argument("--stray", type=int, metavar="K",
                       help="it is of a subscription that nobody has, or answers another call")
    every.add_argument("--fail", type=int, metavar="K", help="a call is answered with ERROR")
    every.add_argument("--goodbye", type=int, metavar="K", help="GOODBYE is sent instead")
    every.add_argument("--wrap", type=int, metavar="K", help="its payload is a list within the list")
    every.add_argument("--wrong-frame", type=int, metavar="K", help="text for binary, or the reverse")
    steps = parser.add_argument_group("faults of the opening")
    steps.add_argument("--answer-hello", choices=["welcome", "abort", "nothing"], default="welcome")
    steps.add_argument("--answer-request", choices=["well", "error", "nothing"], default="well")


class Router(Server):
    subprotocols = [Serialization(name).subprotocol for name in NAMES]

    def __init__(self, options):
        super().__init__(options)
        self.subscriptions = {}  # topic: id
        self.callees = {}  # procedure: (client, registration)
        self.calls = {}  # invocation: (client, request)
        self.ids = itertools.count(1)
        self.forms = {}  # client: Serialization

    def form(self, client):
        if client not in self.forms:
            self.forms[client] = Serialization(
                client.connection.subprotocol.removeprefix("wamp.2."))
        return self.forms[client]

    def octets(self, client, message):
        form = self.form(client)
        data = form.encode(message)
        return data.decode() if form.is_text else data

    def say(self, client, *message):
        """Sends what is no delivery."""
        client.owed.put_nowait((0, self.octets(client, list(message))))

    def due(self, fault):
        """Whether `fault` is the fate of the delivery that will be made next."""
        period = getattr(self.options, fault)
        if not period or (self.faults.deliveries + 1) % period:
            return False
        self.faults.made[fault] += 1
        return True

    def deliver(self, client, code, number, *rest):
        """An EVENT or RESULT; `number` is what makes it the client's."""
        if client.has_ended:
            return
        if self.due("stray"):
            number += 1000
        if self.due("fail"):
            client.deliver(self.octets(client, [ERROR, CALL, number, {}, REFUSED]))
            return
        if self.due("wrap"):
            rest = [*rest[:-1], [rest[-1]]]
        is_over = self.due("goodbye")
        message = [GOODBYE, {}, REFUSED] if is_over else [code, number, *rest]
        octets = self.octets(client, message)
        if self.due("wrong_frame"):
            octets = octets.encode() if isinstance(octets, str) else "no text"
        client.deliver(octets)
        client.has_ended = client.has_ended or is_over

    def message(self, client, data):
        for message in self.form(client).decode(data):
            self.take(client, *message)

    def take(self, client, code, *rest):
        options = self.options
        if code == HELLO:
            if options.answer_hello == "abort":
                self.say(client, ABORT, {"message": "the house is full"}, REFUSED)
            elif options.answer_hello == "welcome":
                self.say(client, WELCOME, next(self.ids), {"roles": {"broker": {}, "dealer": {}}})
        elif code in (SUBSCRIBE, REGISTER) and options.answer_request != "well":
            if options.answer_request == "error":
                self.say(client, ERROR, code, rest[0], {}, REFUSED)
        elif code == SUBSCRIBE:
            number = self.subscriptions.setdefault(rest[2], next(self.ids))
            self.rooms[rest[2]].append(client)
            self.say(client, SUBSCRIBED, rest[0], number)
        elif code == REGISTER:
            self.callees[rest[2]] = client, next(self.ids)
            self.say(client, REGISTERED, rest[0], self.callees[rest[2]][1])
        elif code == PUBLISH:
            publication = next(self.ids)
            for subscriber in self.rooms[rest[2]]:
                self.deliver(subscriber, EVENT, self.subscriptions[rest[2]], publication, {}, rest[3])
        elif code == CALL:
            callee, registration = self.callees[rest[2]]
            invocation = next(self.ids)
            self.calls[invocation] = client, rest[0]
            self.say(callee, INVOCATION, invocation, registration, {}, rest[3])
        elif code == YIELD:
            caller, request = self.calls.pop(rest[0])
            self.deliver(caller, RESULT, request, {}, rest[2])
        elif code == GOODBYE:
            self.say(client, GOODBYE, {}, "wamp.close.goodbye_and_out")


if __name__ == "__main__":
    asyncio.run(Router(arguments(__doc__, options)).run())
    sys.exit(0)
