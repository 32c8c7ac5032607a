"""Prints the instructions that are executed for every delivery; called by Tools/budgets --loop.

    hot_loop.py BINARY FOLDER CASE

FOLDER holds `items` and callgrind's dumps by instruction (--dump-instr=yes --compress-pos=no). What
is executed for at least half of the items of CASE is its loop: a publication or a turn has many.
"""

import glob
import json
import re
import subprocess
import sys


def read_dump(folder, case):
    """Executions by function and address, and calls by address of the call."""
    for path in glob.glob(f"{folder}/counts.*"):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        if f"Client Request: {case}\n" in text:
            break
    else:
        sys.exit(f"hot_loop: {case} was not counted")
    counts, calls = {}, {}
    function = callee = calling = None
    for line in text.splitlines():
        if line.startswith("fn="):
            function = line[3:]
        elif line.startswith("cfn="):
            callee = line[4:]
        elif line.startswith("calls="):
            calling = int(line[6:].split()[0])
        elif line.startswith("0x"):
            parts = line.split()
            address = int(parts[0], 16)
            if calling is not None:
                calls.setdefault(address, []).append((callee, calling))
                calling = None
            else:
                place = counts.setdefault(function, {})
                place[address] = place.get(address, 0) + int(parts[-1])
    return counts, calls


def disassemble(binary, first, last):
    """The instructions between two addresses, without the symbols that jumps are relative to."""
    lines = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", f"--start-address={first}",
         f"--stop-address={last + 16}", binary],
        check=True, capture_output=True, text=True).stdout.splitlines()
    found = {}
    for line in lines:
        match = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
        if match:
            found[int(match[1], 16)] = re.sub(r"\s+<.*>", "", match[2]).strip()
    return found


def main(binary, folder, case):
    items = None
    with open(f"{folder}/items", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if f"{row['benchmark']}/{row['parameters']}" == case:
                items = row["items"]
    counts, calls = read_dump(folder, case)
    executed = 0
    for function, places in counts.items():
        hot = {address: count for address, count in places.items() if count * 2 >= items}
        if not hot:
            continue
        executed += sum(hot.values())
        # Functions of other objects, the runtime's, have addresses but no text here.
        text = disassemble(binary, min(hot), max(hot))
        print(f"{function}: {len(hot)} instructions, executed so often for {items} items:")
        for address, count in sorted(hot.items()):
            called = "".join(f"   calls {name} {n}" for name, n in calls.get(address, []))
            print(f"{count:9}  {address:x}  {text.get(address, '')}{called}")
    print(f"{executed / items:.1f} instructions per item in loops")


if __name__ == "__main__":
    main(*sys.argv[1:])
