"""Crossbar.io's messages as the reference writes them, where the difference is known and says nothing.

Only for playing our conversations to Crossbar.io: it numbers invocations for the whole router rather
than per callee, names the callee in results, and discloses its own agent in meta events.
"""

from wamp_session import CALL, ERROR, EVENT, INTERRUPT, INVOCATION, RESULT, YIELD


class Lens:
    """What one session sends and receives, in the reference's words."""

    def __init__(self):
        self.invocations = []  # Crossbar's ids in order; the reference's are the places from 1

    def received(self, message):
        code = message[0]
        if code in (INVOCATION, INTERRUPT):
            if message[1] not in self.invocations:
                self.invocations.append(message[1])
            return [code, self.invocations.index(message[1]) + 1, *message[2:]]
        if code == RESULT or code == ERROR and message[1] == CALL:
            place = 2 if code == RESULT else 3
            details = {k: v for k, v in message[place].items() if not k.startswith("callee")}
            return [*message[:place], details, *message[place + 1:]]
        if code == EVENT and message[3].get("publisher_authrole") == "trusted":
            details = {k: v for k, v in message[3].items() if not k.startswith("publisher")}
            return [*message[:3], details, *message[4:]]
        return message

    def sent(self, message):
        if not isinstance(message, list) or len(message) < 3:
            return message
        place = {YIELD: 1, ERROR: 2}.get(message[0] if type(message[0]) is int else None)
        if place and type(message[place]) is int and 1 <= message[place] <= len(self.invocations):
            return [*message[:place], self.invocations[message[place] - 1], *message[place + 1:]]
        return message
