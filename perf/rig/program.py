"""Cases that are no server: a program that measures something by itself and prints JSON lines.

`Benchmarks --json` (Benchmarks/) is the one there is. A case names the line it is about:

    {"scenario": "program", "benchmark": "IndexMatch", "parameters": "exact, remembered",
     "figure": "nanoseconds"}

`"figure": "octets"` is not of the line but said beside it: `PARAMETERS: N octets per …`.
"""

import functools
import json
import pathlib
import re
import shlex
import subprocess


def run(case, options):
    """The result of one run; `cost` is the figure that the case names."""
    program = pathlib.Path(options.benchmarks)
    if not program.exists():
        return {"status": 0, "error": f"{program.name} is not built: swift build -c release --product {program.name}"}
    words = (str(program), "--json", "--filter", case["benchmark"], *case.get("words", ()))
    done = output(words)
    result = {"status": done.returncode, "command": shlex.join([program.name, *words[1:]])}
    for line in done.stdout.splitlines():
        seen = json.loads(line)
        if seen["benchmark"] != case["benchmark"] or seen["parameters"] != case["parameters"]:
            continue
        cost = seen.get(case["figure"])
        if case["figure"] == "octets":
            said = re.search(rf"^{re.escape(case['parameters'])}: (\d+) octets", done.stderr, re.M)
            cost = float(said[1]) if said else None
        if cost is not None:
            return {**result, "cost": cost, "units": seen["items"], "wrong": 0}
    return {**result, "error": f"no {case['figure']} of {case['benchmark']}, {case['parameters']}"}


@functools.cache
def output(words):
    """What the program said. It takes the fastest of many passes, so once is enough for all cases."""
    return subprocess.run(["taskset", "-c", "0", *words], capture_output=True, text=True)
