"""`carillon wamp publish|subscribe|call|register` as a shell uses them, against a router."""

import json
import os
import signal
import time

import pytest
import wamp_router
from process import PATIENCE
from wamp_command import Command, secret

SERIALIZERS = ["json", "msgpack", "cbor"]
# The prefix that the realm's rules deny to everybody.
DENIED = next(rule[0] for rule in wamp_router.RULES["realm1"]["anonymous"] if not rule[2])


@pytest.fixture(scope="module")
def router():
    with wamp_router.Router(rawsocket=True) as running:
        yield running
        assert running.alive, running.said()


@pytest.fixture
def wamp(router, tmp_path):
    """Starts commands: wamp("call", "com.x", 1). Those that still run in the end are killed."""
    running = []

    def start(*words, **more):
        running.append(Command(router.url, tmp_path, *words, **more))
        return running[-1]

    yield start
    for command in running:
        command.kill()


# Publishing and subscribing


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_what_is_typed_comes_out_as_it_was_typed(wamp, uri, serializer):
    words = ["1", "hello, world", '{"a":[1,null]}', '"5"', "-", "ü"]
    reader = wamp("subscribe", uri, "--count", 4, "--serializer", serializer, "--verbose").ready()
    wamp("publish", uri, *words, "--kw", "k=v", "--kw", "n=2.5").end()
    wamp("publish", uri, input="one line\n\nlast line").end()
    assert reader.end() == ["\t".join([*words, "k=v", "n=2.5"]), "one line", "", "last line"]


def test_values_cross_serializers(wamp, uri):
    readers = [wamp("subscribe", uri, "--count", 3, "--serializer", s, "--verbose").ready()
               for s in SERIALIZERS]
    value = '[1,-1,2.5,true,null,"\\u0000AQI=",{"k":[]}]'
    for serializer in SERIALIZERS:
        wamp("publish", uri, value, "--serializer", serializer).end()
    for reader in readers:
        assert [json.loads(line) for line in reader.end()] == [json.loads(value)] * 3


def test_rawsocket_is_a_url_away(wamp, router, uri):
    url = f"rs://127.0.0.1:{router.rawsocket_port}"
    for serializer in SERIALIZERS:
        reader = wamp("subscribe", uri, "--url", url, "--serializer", serializer, "--count", 1,
                      "--verbose").ready()
        wamp("publish", uri, serializer).end()
        assert reader.end() == [serializer]


def test_patterns_name_the_topic_and_envelopes_everything(wamp, uri):
    prefix = wamp("subscribe", "--match", "prefix", uri + ".", "--count", 1, "--verbose").ready()
    wildcard = wamp("subscribe", "--match", "wildcard", uri + "..c", "--count", 1, "--json",
                    "--verbose").ready()
    several = wamp("subscribe", uri + ".b.c", uri + ".x", "--count", 2, "--verbose").ready(2)
    wamp("publish", uri + ".b.c", "1", "--kw", "k=2").end()
    wamp("publish", uri + ".x", "--envelope", "{}").end()
    assert prefix.end() == [f"{uri}.b.c\t1\tk=2"]
    event = json.loads(wildcard.end()[0])
    assert event["topic"] == event["details"]["topic"] == uri + ".b.c"
    assert (event["args"], event["kwargs"]) == ([1], {"k": 2})
    assert event["publication"] > 0 and event["subscription"] > 0
    assert several.end() == [f"{uri}.b.c\t1\tk=2", uri + ".x"]


def test_envelopes_go_in_as_they_come_out(wamp, uri):
    first = wamp("subscribe", uri, "--count", 1, "--json", "--verbose").ready()
    wamp("publish", uri, "a b", "--kw", "x y=[]").end()
    line = first.end()[0]
    second = wamp("subscribe", uri, "--count", 1, "--json", "--verbose").ready()
    published = wamp("publish", uri, "--json", "--acknowledge", input=line + "\n").end()
    assert json.loads(published[0])["publication"] == json.loads(second.end()[0])["publication"]
    assert json.loads(line)["kwargs"] == {"x y": []}


def test_a_publisher_lives_as_long_as_its_input(wamp, uri):
    reader = wamp("subscribe", uri, "--count", 2, "--verbose").ready()
    writer = wamp("publish", uri, keeps_input=True)
    writer.say("1")
    reader.wait_for(lambda: reader.lines == ["1"])
    writer.say("2")
    assert reader.end() == ["1", "2"]
    writer.process.stdin.close()
    writer.end()


def test_a_line_that_is_no_envelope_ends_the_input_with_its_number(wamp, uri):
    writer = wamp("publish", uri, "--json", input='{"args":[1]}\nnonsense\n')
    writer.end(1)
    assert "line 2" in writer.said


def test_time_can_end_a_subscription(wamp, uri):
    wamp("subscribe", uri, "--for", "100ms").end(0)
    wamp("subscribe", uri, "--for", "100ms", "--count", 1).end(1)


# Calling


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_command_answers_calls(wamp, uri, serializer):
    adder = "import json,sys; print(sum(json.load(sys.stdin)['args']))"
    callee = wamp("register", uri, "--verbose", "--count", 2, "--serializer", serializer, "--",
                  "python3", "-c", adder).ready()
    assert wamp("call", uri, 1, 2, 3, "--serializer", serializer).end() == ["6"]
    answer = json.loads(wamp("call", uri, 4, "--json").end()[0])
    assert (answer["args"], answer["kwargs"]) == ([4], {})
    callee.end()


def test_calls_run_side_by_side_when_asked_to(wamp, uri):
    # Each waits until both have begun: one after the other they would never end.
    both = ('touch begun.$$; while [ "$(ls begun.* | wc -l)" -lt 2 ]; do sleep 0.01; done; '
            "echo done")
    wamp("register", uri, "--verbose", "--jobs", 2, "--count", 2, "--", "sh", "-c", both).ready()
    callers = [wamp("call", uri) for _ in range(2)]
    assert [caller.end() for caller in callers] == [["done"], ["done"]]


def test_lines_of_a_command_are_progress(wamp, uri):
    wamp("register", uri, "--verbose", "--progress", "--count", 1, "--", "seq", 3).ready()
    assert wamp("call", uri).end() == ["1", "2", "3"]


def test_a_command_that_fails_is_an_error(wamp, uri):
    wamp("register", uri, "--verbose", "--count", 2, "--", "sh", "-c", "exit 3").ready()
    caller = wamp("call", uri)
    assert caller.end(1) == []
    assert "wamp.error.runtime_error" in caller.said and "status 3" in caller.said
    caller = wamp("call", uri, "--json")
    caller.end(1)
    assert json.loads(caller.said)["error"] == "wamp.error.runtime_error"


def test_a_command_chooses_its_error(wamp, uri):
    said = '{"error":"com.example.no","args":["why"],"kwargs":{"k":1}}'
    wamp("register", uri, "--verbose", "--json", "--count", 1, "--", "echo", said).ready()
    caller = wamp("call", uri)
    caller.end(1)
    assert "com.example.no: why\tk=1" in caller.said


def test_a_command_that_is_not_there_is_an_error(wamp, uri):
    wamp("register", uri, "--verbose", "--count", 1, "--", "no-such-command").ready()
    caller = wamp("call", uri)
    caller.end(1)
    assert "no-such-command" in caller.said


def test_lines_answer_calls(wamp, uri):
    callee = wamp("register", uri, "--verbose", "--count", 2, keeps_input=True).ready()
    caller = wamp("call", uri, "question", "--kw", "k=1")
    callee.wait_for(lambda: callee.lines == ["question\tk=1"])
    callee.say("the answer")
    assert caller.end() == ["the answer"]
    caller = wamp("call", uri, 2)
    callee.wait_for(lambda: callee.lines[1:] == ["2"])
    callee.say('{"a":1}')
    assert caller.end() == ['{"a":1}']
    callee.end()


def test_every_line_is_a_call(wamp, uri):
    upper = "import json,sys; print(json.load(sys.stdin)['args'][0].upper())"
    wamp("register", uri, "--verbose", "--count", 3, "--", "python3", "-c", upper).ready()
    assert wamp("call", uri, "--lines", input="a\nb\nc d").end() == ["A", "B", "C D"]


def test_a_canceled_call_ends_the_command(wamp, uri, tmp_path):
    endless = "echo $$ >pid; while true; do sleep 0.05; done"
    callee = wamp("register", uri, "--verbose", "--count", 1, "--", "sh", "-c", endless).ready()
    caller = wamp("call", uri)
    file = tmp_path / "pid"
    deadline = time.monotonic() + PATIENCE
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    caller.process.send_signal(signal.SIGINT)
    caller.end(130)
    callee.end()
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


def test_a_call_waits_as_long_as_it_is_told(wamp, uri):
    wamp("register", uri, "--verbose", keeps_input=True).ready()
    caller = wamp("call", uri, "--timeout", "200ms")
    caller.end(1)
    assert "not answered in time" in caller.said or "wamp.error.timeout" in caller.said


# Refusals, and how commands end


def test_refusals_have_a_status_and_a_sentence(wamp, uri):
    caller = wamp("call", uri)
    caller.end(1)
    assert "wamp.error.no_such_procedure" in caller.said
    denied = DENIED + "x"
    for words in (["call", denied], ["subscribe", denied], ["register", denied],
                  ["publish", denied, 1, "--acknowledge"]):
        refused = wamp(*words)
        refused.end(77)
        assert "wamp.error.not_authorized" in refused.said
    wamp("publish", denied, 1).end()
    stranger = wamp("call", uri, "--realm", "nowhere")
    stranger.end(1)
    assert "no_such_realm" in stranger.said and "--realm" in stranger.said


@pytest.mark.parametrize("authid, option, text", [
    ("martin", "--ticket-file", "wEx9TPFtHdRr2Zg7rtRE"), ("joe", "--secret-file", "secret2"),
    ("peter", "--secret-file", "secret1"), ("user", "--secret-file", "pencil-7"),
    ("oscar", "--key-file", bytes(range(32)).hex())])
def test_identities_are_proved_from_files(wamp, uri, tmp_path, authid, option, text):
    if authid == "user" and wamp_router.CROSSBAR:
        pytest.skip("Crossbar's SCRAM is not configured")
    proof = ["--authid", authid, option, secret(tmp_path, text)]
    reader = wamp("subscribe", uri, "--count", 1, "--verbose", *proof).ready()
    assert f" as {authid}, " in reader.said
    wamp("publish", uri, "x").end()
    assert reader.end() == ["x"]
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    refused = wamp("call", uri, "--authid", authid, option, secret(tmp_path, wrong))
    refused.end(77)
    assert wrong not in refused.said


def test_a_secret_that_others_can_read_is_mentioned(wamp, uri, tmp_path):
    file = secret(tmp_path, "wEx9TPFtHdRr2Zg7rtRE")
    file.chmod(0o644)
    caller = wamp("call", uri, "--authid", "martin", "--ticket-file", file)
    caller.end(1)
    assert "chmod 600" in caller.said


def test_ctrl_c_is_the_ordinary_end_of_what_goes_on(wamp, uri):
    for words in (["subscribe", uri], ["register", uri]):
        for number in (signal.SIGINT, signal.SIGTERM):
            command = wamp(*words, "--verbose", keeps_input=True).ready()
            command.process.send_signal(number)
            command.end(0)


def test_a_reader_that_is_gone_ends_the_command(wamp, uri):
    read_end, write_end = os.pipe()
    reader = wamp("subscribe", uri, "--verbose", output=write_end).ready()
    os.close(write_end)
    os.close(read_end)
    wamp("publish", uri, 1).end()
    reader.end(0)


def test_a_router_that_goes_away_is_told_of(uri, tmp_path):
    with wamp_router.Router() as router:
        reader = Command(router.url, tmp_path, "subscribe", uri, "--verbose").ready()
    reader.end(69)
    assert reader.notes[-1].startswith("carillon: the ")


def test_a_path_without_a_router_is_told_with_its_status(router, wamp, uri):
    if wamp_router.CROSSBAR:
        pytest.skip("Crossbar takes every path")
    caller = wamp("call", uri, "--url", router.url + "nowhere")
    caller.end(69)
    assert "404" in caller.said and "--url" in caller.said
