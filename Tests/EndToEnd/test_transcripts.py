"""The golden conversations of Tests/Transcripts over real sockets; their READMEs have the format."""

import pytest
from transcripts import FOLDER, HighTemplarPlay, Play, RohrpostPlay, ShampooPlay, conversations
from worlds import HighTemplar, OpenAPI, Rohrpost, Shampoo

# WAMP's have a runner of their own, with serializations.
DIALECTS = {
    "openapi-ws": (OpenAPI, Play), "shampoo": (Shampoo, ShampooPlay),
    "high-templar": (HighTemplar, HighTemplarPlay), "rohrpost": (Rohrpost, RohrpostPlay)}
BY_HANDLER = "only handlers in Swift push before they answer: Tests/SimulationTests"
# What sockets cannot show, and why. The pure runners of the dialects play everything.
UNPLAYED = {
    "shampoo/push-then-response": BY_HANDLER,
    "shampoo/pushes-that-are-no-objects": BY_HANDLER,
    "shampoo/result-is-no-json": "a callee of WAMP cannot answer with what is no JSON",
    "shampoo/subprotocol-before-path":
        "a path that is nobody's may be any dialect's: 404, and test_shampoo.py has it",
    "shampoo/late-procedure": "it takes a minute; test_shampoo.py waits for less",
    "high-templar/idle": "it takes seconds to the tenth; test_high_templar.py is idle once",
    "high-templar/api-overloaded": "it takes a crowd; test_storm.py is one",
    "rohrpost/allowed-types": "there is no such setting in the configuration",
}
CONVERSATIONS = [
    pytest.param(dialect, *conversation, id=conversation[0], marks=[
        pytest.mark.skip(reason=UNPLAYED[conversation[0]])] if conversation[0] in UNPLAYED else [])
    for dialect in DIALECTS for conversation in conversations((FOLDER / dialect).glob("*.txt"))]


@pytest.fixture(scope="module")
def worlds():
    """Servers by their settings: conversations with the same ones share one."""
    running = {}
    yield running
    for world in running.values():
        world.stop()


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("dialect,name,settings,statements", CONVERSATIONS)
def test_a_conversation_goes_as_written(worlds, dialect, name, settings, statements, cores):
    world, play = DIALECTS[dialect]
    # high-templar's status counts from the beginning of the server.
    counts = any('tatus"' in text for _, text in statements)
    key = (cores, dialect, *settings, *([name] if counts else []))
    if key not in worlds or not worlds[key].server.alive:
        worlds[key] = world(settings, cores)
    # The one before is gone: connections are counted by some conversations.
    worlds[key].server.settles(ws_open=worlds[key].standing)
    play = play(worlds[key], pause=0.02 if cores > 1 else 0)
    try:
        for place, text in statements:
            try:
                play.perform(text)
            except Exception as error:
                raise AssertionError(f"{place}: {text[:200]}: {error!r:.900}") from error
        play.end()
    finally:
        play.leave()
    assert worlds[key].server.alive, "\n".join(worlds[key].server.lines[-40:])


def test_there_are_conversations_of_every_dialect():
    for dialect in DIALECTS:
        assert sum(c.values[0] == dialect for c in CONVERSATIONS) > 20, dialect


def test_what_is_left_out_is_there():
    assert not UNPLAYED.keys() - {c.id for c in CONVERSATIONS}
