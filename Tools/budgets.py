"""Compares what callgrind counted with perf/budgets; called by Tools/budgets.

    budgets.py BUDGETS FOLDER [--write | --calls]

FOLDER holds `items`, the JSON lines of the benchmarks, and `counts.1`, `counts.2`…, the dumps of
callgrind, each with the name of its benchmark in its `desc:` line.
"""

import glob
import json
import re
import sys

TOLERANCE = 0.10
# What a hot loop has no business calling.
WATCHED = re.compile(
    r"^(swift_\w*(retain|release|Retain|Release)\w*|swift_alloc\w*|swift_dealloc\w*"
    r"|swift_slow\w+|swift_beginAccess|swift_endAccess|swift_isUniquely\w*"
    r"|malloc|calloc|realloc|free|posix_memalign)(@\S*)?$")


def read_dump(path):
    """The name, the number of instructions and the number of calls by callee of one dump."""
    name = total = None
    calls, callee = {}, None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("desc: Trigger: Client Request:"):
                name = line.split("Client Request:", 1)[1].strip()
            elif line.startswith(("summary:", "totals:")):
                total = int(line.split()[1])
            elif line.startswith("cfn="):
                callee = line[4:].strip()
            elif line.startswith("calls="):
                base = callee.split("'")[0]
                calls[base] = calls.get(base, 0) + int(line[6:].split()[0])
    return name, total, calls


def main(budgets, folder, option):
    items = {}
    with open(f"{folder}/items", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            items[f"{row['benchmark']}/{row['parameters']}"] = row["items"]
    measured, calls = {}, {}
    for path in glob.glob(f"{folder}/counts.*"):
        name, total, called = read_dump(path)
        if name in items and total:
            measured[name] = total / items[name]
            calls[name] = {
                callee: count / items[name] for callee, count in called.items()
                if WATCHED.match(callee) and count / items[name] >= 0.05}
    if not measured:
        sys.exit("budgets: callgrind counted nothing; were the benchmarks built without valgrind's"
                 " header? Touch Benchmarks/CCounters/CCounters.c and try again.")

    failures = 0
    for path in sorted(glob.glob(f"{budgets}/*.json")):
        with open(path, encoding="utf-8") as file:
            budget = json.load(file)
        for parameters, entry in budget["counts"].items():
            name = f"{budget['benchmark']}/{parameters}"
            found = measured.pop(name, None)
            if found is None:
                verdict, failures = "NOT MEASURED", failures + 1
            elif option == "--write":
                entry["measured"] = round(found)
                verdict = "written"
            elif found > entry["measured"] * (1 + TOLERANCE):
                verdict, failures = "OVER BUDGET", failures + 1
            elif found < entry["measured"] * (1 - TOLERANCE):
                verdict = "below; lower the budget"
            else:
                verdict = "ok"
            print(f"{name:44} sketch {entry['sketch']:6}  budget {entry['measured']:6}"
                  f"  found {found or 0:8.1f}  {verdict}")
            if option == "--calls":
                for callee, count in sorted(calls.get(name, {}).items()):
                    print(f"{'':8}{count:8.2f}  {callee}")
        if option == "--write":
            with open(path, "w", encoding="utf-8") as file:
                json.dump(budget, file, indent=2, ensure_ascii=False)
                file.write("\n")
    for name in sorted(measured):
        print(f"{name:44} has no budget")
        failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
