"""Cases that are no server: a program that measures something by itself and prints JSON lines.

`Benchmarks --json` (Benchmarks/) is the one there is. A case names the line it is about:

    {"scenario": "program", "benchmark": "IndexMatch", "parameters": "exact, remembered",
     "figure": "nanoseconds"}
"""

import json
import os
import pathlib
import shlex
import subprocess


def run(case, options):
    """The result of one run; `cost` is the figure that the case names."""
    program = pathlib.Path(options.benchmarks)
    if not program.exists():
        return {"status": 0, "error": f"{program.name} is not built: swift build -c release --product {program.name}"}
    words = [str(program), "--json", "--filter", case["benchmark"], *case.get("words", ())]
    done = subprocess.run(["taskset", "-c", "0", *words], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"})
    result = {"status": done.returncode, "command": shlex.join(words)}
    for line in done.stdout.splitlines():
        seen = json.loads(line)
        if seen["benchmark"] == case["benchmark"] and seen["parameters"] == case["parameters"]:
            return {**result, "cost": seen[case["figure"]], "units": seen["items"], "wrong": 0}
    return {**result, "error": done.stderr.strip()[-200:] or f"no line about {case['parameters']}"}
