"""Servers of the dialects with what stands behind them: configuration, the application, a callee.

They are the ones that Tests/Transcripts speaks of; their READMEs have the tables. `settings` are a
conversation's, as pairs. `standing` is how many WebSockets a world itself has open.
"""

import json
import pathlib
import tempfile

from callee import Callee, Failure, Result
from process import Carillon
from stub_api import HANG_UP, SILENCE, Answer, StubAPI
from wamp_router import table, toml


def section(header, **members):
    lines = [f"{name} = {toml(value)}" for name, value in members.items() if value is not None]
    return "\n".join([f"[{header}]", *lines, ""])


def realm(*roles):
    """realm1, where sessions of WAMP may do everything. Each role: (name, (uri, match, allow)...)."""
    everything = ("everybody", ("", "prefix", ["call", "register", "publish", "subscribe"]))
    parts = [table("realm", name="realm1", anonymous_role="everybody")]
    for name, *rules in (everything, *roles):
        parts.append(table("realm.role", name=name))
        parts += [table("realm.role.rule", uri=u, match=m, allow=a) for u, m, a in rules]
    return "\n".join(parts)


class Configured(Carillon):
    """A server with this text as its configuration file."""

    def __init__(self, text, *options, **more):
        self.folder = tempfile.TemporaryDirectory(prefix="carillon.")
        file = pathlib.Path(self.folder.name) / "carillon.toml"
        file.write_text(text)
        super().__init__("--config", str(file), *options, **more)

    def __exit__(self, *error):
        super().__exit__(*error)
        self.folder.cleanup()


class World:
    """A server and what belongs to it; `words` maps a setting of conversations to ours."""

    words, standing = {}, 0

    def __init__(self, settings=(), cores=1):
        self.server = Configured(self.configuration(settings), "--cores", str(cores))

    def configuration(self, settings):
        given = {}
        for setting, word in settings:
            where, name = self.words[setting].split(".")
            value = {"on": True, "off": False}.get(word, word)
            if setting.endswith("-limit"):
                value = int(word)
            elif setting == "methods":
                value = word.split(",")
            given.setdefault(where, {})[name] = value
        return "\n".join(section(where, **members) for where, members in given.items())

    def stop(self):
        self.server.__exit__()


class OpenAPI(World):
    words = {
        "channels": "openapi.channels", "methods": "openapi.methods",
        "test-methods": "openapi.test_methods", "refusal-limit": "limits.subscription_refusals",
        "subscription-limit": "limits.subscriptions_per_connection"}


class Shampoo(World):
    """The endpoints, the back end and the procedures of Tests/Transcripts/shampoo."""

    words = {"strict": "shampoo.strict"}
    standing = 1  # the callee
    METHODS = [
        "add_number", "fail", "refuse", "notify", "notify_text", "created", "low", "wordless", "list",
        "text", "nothing", "keywords", "both", "broken", "raise", "complain", "strange", "late", "gone"]

    def __init__(self, settings=(), cores=1):
        self.api = StubAPI(lambda request: self.judge(request))
        super().__init__(settings, cores)
        self.callee = Callee(self.server.address)
        for name, answer in self.procedures().items():
            self.callee.register("shampoo." + name, answer)

    def configuration(self, settings):
        def methods(names):
            return [table("endpoint.method", name=n, procedure="shampoo." + n, time=self.time(n))
                    for n in names]
        return "\n".join([
            super().configuration(settings),
            table("backend", name="application", url=self.api.url, time="4s", breaker_failures=0),
            table("endpoint", name="number", path=r"/number/(?P<number>\d+)/?",
                  rooms=["number.{number}"], push_key="message", backend="application",
                  connect_target="begin", disconnect_target="end"),
            *methods(self.METHODS),
            table("endpoint", name="chat", path=r"^/chat/(?P<room>[^/]+)(?:/(?P<topic>\w+))?$",
                  rooms=["chat.{room}", "topic.{topic}"], push_event="chatter", pass_groups=True),
            table("endpoint.method", name="told", procedure="shampoo.{method}", arguments="keywords"),
            table("endpoint.method", name="first", procedure="shampoo.first", result="first"),
            table("endpoint", name="guarded", path=r"^/guarded/(?P<level>\w+)$",
                  rooms=["guarded.{level}"], role="guarded"),
            *methods(["add_number", "fail"]),
            realm(("guarded", ("guarded.open", "exact", ["subscribe"]),
                   ("shampoo.ad", "prefix", ["call"])))])

    def time(self, method):
        return "200ms" if method == "late" else None

    @staticmethod
    def judge(request):
        if request.target == "end":
            return Answer(204)
        number = int(request.json()["groups"]["number"])
        return Answer(200, {}) if number < 10 else {
            12: Answer(403), 13: Answer(400, {"reason": "a\r\nSet-Cookie: b"}),
            14: Answer(500, "<p>Traceback", "text/html"), 15: Answer(302),
            16: Answer(418, {"reason": 7}), 17: HANG_UP, 18: SILENCE,
        }.get(number, Answer(404, {"reason": "Number not available"}))

    @staticmethod
    def procedures():
        def add(args, _):
            # WAMP callees are not told of the path, whose number is 3 wherever somebody calls.
            number = json.loads(args)[0].get("number")
            if number is None:
                raise Failure("wamp.error.runtime_error")
            return Result('[{"number":%d}]' % (number + 3))

        def fails(uri, args="[]", kwargs="{}"):
            return lambda *_: Failure(uri, args, kwargs)

        def answers(args="[]", kwargs="{}"):
            return lambda *_: Result(args, kwargs)

        return {
            "add_number": add,
            "fail": answers('[{"why":"x"}]', '{"status":403,"message":"Forbidden"}'),
            "refuse": fails("carillon.error.conflict", '["Taken"]', '{"by":"me"}'),
            "created": answers('[{"id":1}]', '{"status":201,"message":"created"}'),
            "low": answers("[{}]", '{"status":99,"message":"low"}'),
            "wordless": answers("[{}]", '{"status":200,"message":5}'),
            "list": answers("[[1,2]]"), "text": answers('["text"]'), "nothing": answers(),
            "keywords": answers(kwargs='{"a":1}'), "both": answers('[{"a":1}]', '{"b":2}'),
            "raise": fails("wamp.error.runtime_error"),
            "complain": fails("wamp.error.runtime_error", '["No such thing"]'),
            "strange": fails("com.example.odd"), "late": lambda *_: None,
            "told": lambda args, kwargs: Result(args, kwargs), "first": answers('[{"a":1},2]')}

    def stop(self):
        self.callee.stop()
        super().stop()
        self.api.stop()


class HighTemplar(World):
    words = {
        "publish-match": "hightemplar.publish_match", "subscribe-match": "hightemplar.subscribe_match",
        "hello-keys": "hightemplar.hello_keys", "reply-request-id": "hightemplar.reply_request_id",
        "hooks": "hightemplar.hooks", "refusal-limit": "limits.subscription_refusals",
        "subscription-limit": "limits.subscriptions_per_connection"}
    DEFAULT = Answer(200, {"allowed_rooms": []})

    def __init__(self, settings=(), cores=1, path=None, **more):
        self.api, self.path, self.more = StubAPI(self.DEFAULT, path), path, more
        super().__init__(settings, cores)

    def configuration(self, settings):
        settings = list(settings)
        own = {"api_url": self.api.url, "api_socket": self.path, "bootstrap_time": "4s", **self.more}
        headers = [word.split(":", 2) for s, word in settings if s == "extra-header"]
        if headers:
            own["headers"] = [f"{name}: {kind} {source}" for name, kind, source in headers]
        for setting, word in settings:
            if setting == "api":
                own["api_url"] = None
            elif setting == "allowed-rooms":
                own["allowed_rooms"] = [json.dumps(room) for room in json.loads(word)]
        text = super().configuration([s for s in settings if s[0] in self.words])
        head, found, rest = text.partition("[hightemplar]\n")
        mine = section("hightemplar", **own)
        return head + mine + rest if found else text + mine

    def stop(self):
        super().stop()
        self.api.stop()


class Rohrpost(World):
    words = {
        "mirror-error-in-data": "rohrpost.mirror_error_in_data", "ping-raw-data": "rohrpost.ping_raw_data",
        "token": "rohrpost.token", "group": "rohrpost.group_template",
        "model-group": "rohrpost.model_group_template", "procedure": "rohrpost.procedure",
        "arguments": "rohrpost.arguments", "allowed": "rohrpost.role",
        "subscription-limit": "limits.subscriptions_per_connection"}

    def configuration(self, settings):
        allowed = [word for setting, word in settings if setting == "allowed"]
        everything = ["call", "register", "publish", "subscribe"]
        return super().configuration(settings) + realm(
            *((prefix, (prefix, "prefix", everything)) for prefix in allowed))
