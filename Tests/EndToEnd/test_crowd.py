"""Fifteen thousand subscribers of one room: nothing lost, in order, and nothing left behind.

The crowd is wsload, the load generator in C: it numbers messages per room and checks each
connection for gaps and disorder.
"""

import json
import os
import pathlib
import resource
import subprocess

import pytest
from process import ROOT, Carillon, bounded, eventually

WSLOAD = pathlib.Path(os.environ.get("WSLOAD") or ROOT / ".build/tools/wsload")
ROOMS = ["--path", "/stream", "--ready", "subscribed", "--pub-path", "/stream",
         "--init", '{"id":"s","method":"subscribe","payload":{"channel":"r%R"}}',
         "--pub", '{"id":"p","method":"publish","payload":{"channel":"r%R","data":"%P"}}']


def size():
    """15 000, or what the machine's descriptor limit leaves."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    hard = 1 << 20 if hard == resource.RLIM_INFINITY else hard
    return min(15_000, hard * 9 // 10 - 500)


def crowd(server, mode, *options):
    done = subprocess.run(
        [WSLOAD, mode, "--port", str(server.port), "--pid", str(server.pid), "--drain-ms", "60000",
         *map(str, options), *ROOMS],
        capture_output=True, text=True, timeout=600)
    assert done.stdout, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, (seen, done.stderr)
    return seen


@pytest.mark.crowd
@pytest.mark.parametrize("cores", [1, 2])
def test_a_crowd_loses_nothing_and_leaves_nothing(cores):
    count = size()
    with Carillon("--cores", str(cores)) as server:
        memory, descriptors, peaks = server.resident(), server.descriptors(), []
        for _ in range(2):
            seen = crowd(server, "fanout", "-n", count, "--size", 1024, "--messages", 100, "--window", 4,
                         "--warmup", 0)
            assert seen["published"] == 100
            assert seen["delivered"] == 100 * count
            assert seen["lost"] == seen["out_of_order"] == seen["unrecognised"] == seen["failed"] == 0
            peaks.append(seen["rss_end"])
            server.settles(ws_open=0, subscriptions=0, connections_open=1)
            eventually(server.descriptors, lambda seen: seen <= descriptors + 2)
        assert peaks[0] - memory < count * 4096 + bounded(64)
        assert peaks[1] < peaks[0] * 1.1 + bounded(8), "the second crowd costs no more than the first"
        with_nobody = json.loads(_info(server))
        assert with_nobody["response"] == {"connections": 1, "channels": {}}
        assert server.metrics().get("uring_cq_overflow_total", 0) == 0


def _info(server):
    from wire import TEXT, Peer, frame
    with Peer(server.address) as ws:
        ws.send(frame(TEXT, '{"id":"i","method":"server_info"}'))
        return ws.message()


@pytest.mark.crowd
@pytest.mark.parametrize("cores", [1, 2])
def test_many_rooms_keep_their_order(cores):
    with Carillon("--cores", str(cores)) as server:
        seen = crowd(server, "rooms", "-n", 2000, "--rooms", 500, "--size", 128, "--messages", 20_000,
                     "--window", 2000, "--pubs", 4)
        assert seen["lost"] == seen["out_of_order"] == seen["unrecognised"] == 0
        server.settles(ws_open=0, subscriptions=0)


@pytest.mark.crowd
def test_compressed_events_are_whole(start):
    server = start()
    seen = crowd(server, "fanout", "-n", 500, "--size", 512, "--messages", 500, "--window", 16, "--deflate",
                 "--inflate", "5")
    assert seen["ext"] == 1 and seen["inflated_bad"] == 0 and seen["inflated_ok"] >= 100 * 500
    assert seen["bytes_per_msg"] < 512, "it was compressed"


@pytest.mark.crowd
def test_connections_come_and_go_quickly(start):
    server = start()
    done = subprocess.run(
        [WSLOAD, "connect", "--messages", "20000", "--conc", "200", "--port", str(server.port),
         "--path", "/stream", "--pid", str(server.pid)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == 0
    server.settles(ws_open=0, connections_open=1)
