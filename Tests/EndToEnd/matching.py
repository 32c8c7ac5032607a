"""Patterns of messages: values with places in them, for what a server chooses.

A text that begins with `$` is a place, anywhere in a pattern:

    "$name"           the value bound to the name; binds it where the name is new
    "$!name"          another value than the bound one
    "$?id" and so on  any value of that kind (KINDS)
    "$$name"          the text "$name"
    "$..."            as the last element: anything may follow; as a key: other members may be there

Names are bound in the order of the conversation and stay bound to its end, so a pattern that is sent
has the same places filled in. Everything else is compared by type and value: 1 is neither true nor 1.0.
"""

import base64
import datetime
import hashlib
import hmac
import re


def is_id(value):
    return type(value) is int and 1 <= value <= 1 << 53


def is_time(value):
    if type(value) is not str or not value.endswith("Z"):
        return False
    try:
        return bool(datetime.datetime.fromisoformat(value))
    except ValueError:
        return False


KINDS = {
    "id": is_id,
    "text": lambda v: type(v) is str and v != "",
    "time": is_time,
    "map": lambda v: type(v) is dict,
    "list": lambda v: type(v) is list,
    "any": lambda v: True,
}


class Bindings(dict):
    """The names of a conversation and their values."""

    def filled(self, pattern):
        """`pattern` with every place filled in, to be sent."""
        if isinstance(pattern, list):
            return [self.filled(p) for p in pattern]
        if isinstance(pattern, dict):
            return {k: self.filled(p) for k, p in pattern.items()}
        if isinstance(pattern, str) and (call := re.fullmatch(r"\$cra\((\w+),(.*)\)", pattern)):
            signature = hmac.digest(call[2].encode(), self[call[1]].encode(), hashlib.sha256)
            return base64.b64encode(signature).decode()
        if isinstance(pattern, str) and pattern.startswith("$"):
            return pattern[1:] if pattern.startswith("$$") else self[pattern[1:]]
        return pattern

    def difference(self, pattern, value, at="message"):
        """Why `value` is not what `pattern` says, or None; binds new names as it goes."""
        if isinstance(pattern, str) and pattern.startswith("$"):
            return self._place(pattern[1:], value, at)
        if type(pattern) is not type(value):
            return f"{at}: {value!r:.200} where {pattern!r:.200} is expected"
        if isinstance(pattern, list):
            expected = pattern[:-1] if pattern and pattern[-1] == "$..." else pattern
            if len(value) < len(expected) or (expected is pattern and len(value) > len(pattern)):
                return f"{at}: {len(value)} elements, not {len(expected)}: {value!r:.300}"
            for index, (p, v) in enumerate(zip(expected, value)):
                if found := self.difference(p, v, f"{at}[{index}]"):
                    return found
            return None
        if isinstance(pattern, dict):
            expected = {k for k in pattern if k != "$..."}
            if missing := expected - value.keys():
                return f"{at}: without {sorted(missing)}: {value!r:.300}"
            if "$..." not in pattern and (more := value.keys() - expected):
                return f"{at}: with {sorted(map(str, more))}: {value!r:.300}"
            for key in sorted(expected):
                if found := self.difference(pattern[key], value[key], f"{at}.{key}"):
                    return found
            return None
        return None if pattern == value else f"{at}: {value!r:.200}, not {pattern!r:.200}"

    def _place(self, name, value, at):
        if name.startswith("$"):
            return None if name == value else f"{at}: {value!r:.200}, not {name!r:.200}"
        if name.startswith("?"):
            return None if KINDS[name[1:]](value) else f"{at}: {value!r:.200} is no {name[1:]}"
        if name.startswith("!"):
            return f"{at}: {value!r:.200} again" if self[name[1:]] == value else None
        if name not in self:
            self[name] = value
            return None
        same = type(self[name]) is type(value) and self[name] == value
        return None if same else f"{at}: {value!r:.200}, not {self[name]!r:.200} (${name})"
