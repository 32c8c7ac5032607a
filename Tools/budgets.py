"""Compares what was counted with perf/budgets; called by Tools/budgets.

    budgets.py BUDGETS FOLDER [--write | --calls]

FOLDER holds `items`, the JSON lines of the benchmarks, and `counts.1`, `counts.2`…, the dumps of
callgrind, each with the name of its benchmark in its `desc:` line.

An entry of a budget has `measured`, in the unit that its file names: instructions per item, or what
the benchmark itself found. It may also have
- `allocations`: calls of malloc and its kin per publication;
- `delivery`: what one more delivery costs, from the run with twice the subscribers less the run
  itself, so that what a publication or a turn costs does not come in: `instructions`,
  `allocations`, and the `calls` into runtime and allocator and through witnesses, by callee.
"""

import glob
import json
import re
import sys

TOLERANCE = 0.10
# Rounding of what is counted exactly.
EXACT = 0.002
TWIN = ", twice the subscribers"
# What a hot loop has no business calling: the runtime, the allocator, …
WATCHED = re.compile(
    r"^(swift_\w+|malloc|calloc|realloc|free|posix_memalign|memalign|aligned_alloc)(@\S*)?$")
# … witnesses of protocols and of values, thunks, outlined copies (Swift's docs/ABI/Mangling.rst).
WITNESS = re.compile(r"^\$s\w+(TW|Tj|TA|TR|w[a-z]{2}|WO[a-z])(Tm)?$")


def is_watched(callee):
    return WATCHED.match(callee) or WITNESS.match(callee)


def read_dump(path):
    """The name, the number of instructions and the number of calls by callee of one dump."""
    name = total = None
    calls, caller, callee = {}, None, None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("desc: Trigger: Client Request:"):
                name = line.split("Client Request:", 1)[1].strip()
            elif line.startswith(("summary:", "totals:")):
                total = int(line.split()[1])
            elif line.startswith("fn="):
                caller = line[3:].strip()
            elif line.startswith("cfn="):
                callee = line[4:].strip()
            elif line.startswith("calls=") and callee != caller:
                # Our malloc calls the C library's, which has the same name: one allocation.
                base = callee.split("'")[0]
                calls[base] = calls.get(base, 0) + int(line[6:].split()[0])
    return name, total, calls


def per_delivery(row, twin):
    """What the deliveries cost that `twin` has more than `row`, each."""
    deliveries = twin["deliveries"] - row["deliveries"]
    callees = filter(is_watched, set(row["calls"]) | set(twin["calls"]))
    calls = {
        callee: round((twin["calls"].get(callee, 0) - row["calls"].get(callee, 0)) / deliveries, 3)
        for callee in callees}
    return {
        "instructions": round((twin["instructions"] - row["instructions"]) / deliveries, 1),
        "allocations": round((twin["allocationCount"] - row["allocationCount"]) / deliveries, 3),
        "calls": {callee: count for callee, count in sorted(calls.items()) if count >= 0.001}}


def figures(row, rows):
    """What an entry of a budget can hold, for one row."""
    if "value" in row:
        return {"measured": round(row["value"], 1)}
    found = {"measured": row["instructions"] / row["items"]}
    if row["publications"]:
        found["allocations"] = round(row["allocationCount"] / row["publications"], 2)
    twin = rows.get(row["name"] + TWIN)
    if twin:
        found["delivery"] = per_delivery(row, twin)
    return found


def check(entry, found, tolerance):
    """Sentences about what is over its budget."""
    over = []
    if found["measured"] > entry["measured"] * (1 + tolerance) + EXACT:
        over.append("OVER BUDGET")
    if "allocations" in entry and found["allocations"] > entry["allocations"] + EXACT:
        over.append(f"{found['allocations']} ALLOCATIONS, {entry['allocations']} allowed")
    if "delivery" in entry:
        allowed, delivery = entry["delivery"], found["delivery"]
        if delivery["instructions"] > allowed["instructions"] * (1 + tolerance):
            over.append(f"{delivery['instructions']} INSTRUCTIONS PER DELIVERY,"
                        f" {allowed['instructions']} allowed")
        if delivery["allocations"] > allowed["allocations"] + EXACT:
            over.append(f"{delivery['allocations']} ALLOCATIONS PER DELIVERY")
        for callee, count in delivery["calls"].items():
            if count > allowed["calls"].get(callee, 0) + EXACT:
                over.append(f"{count} CALLS PER DELIVERY of {callee}")
    return over


def describe(found):
    text = ""
    if "allocations" in found:
        text += f"  allocations {found['allocations']:g}"
    if "delivery" in found:
        delivery = found["delivery"]
        text += (f"  a delivery: {delivery['instructions']:g} instructions,"
                 f" {delivery['allocations']:g} allocations")
    return text


def read_rows(folder):
    rows = {}
    with open(f"{folder}/items", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            row["name"] = f"{row['benchmark']}/{row['parameters']}"
            rows[row["name"]] = row
    for path in glob.glob(f"{folder}/counts.*"):
        name, total, calls = read_dump(path)
        if name in rows and total:
            rows[name]["instructions"] = total
            rows[name]["calls"] = calls
    if not any("instructions" in row for row in rows.values()):
        sys.exit("budgets: callgrind counted nothing; were the benchmarks built without valgrind's"
                 " header? Touch Benchmarks/CCounters/CCounters.c and try again.")
    return {name: row for name, row in rows.items() if "value" in row or "instructions" in row}


def main(budgets, folder, option):
    rows = read_rows(folder)
    unknown = {name for name in rows if not name.endswith(TWIN)}
    failures = 0
    for path in sorted(glob.glob(f"{budgets}/*.json")):
        with open(path, encoding="utf-8") as file:
            budget = json.load(file)
        for parameters, entry in budget["counts"].items():
            name = f"{budget['benchmark']}/{parameters}"
            unknown.discard(name)
            row = rows.get(name)
            found = figures(row, rows) if row else {"measured": 0}
            over = []
            if not row:
                verdict, failures = "NOT MEASURED", failures + 1
            elif option == "--write":
                # Only what the budget holds already: what is worth holding is decided by hand.
                entry.update({key: found[key] for key in entry if key in found})
                if row.get("items"):
                    entry["measured"] = round(found["measured"])
                verdict = "written"
            else:
                over = check(entry, found, budget.get("tolerance", TOLERANCE))
                failures += bool(over)
                is_below = found["measured"] < entry["measured"] * (1 - TOLERANCE)
                verdict = "; ".join(over) or ("below; lower the budget" if is_below else "ok")
            print(f"{name:46} sketch {entry['sketch']:6}  budget {entry['measured']:6}"
                  f"  found {found['measured']:8.1f}{describe(found)}  {verdict}")
            if option == "--calls" and row:
                for callee, count in found.get("delivery", {}).get("calls", {}).items():
                    print(f"{'':8}{count:8.3f} per delivery  {callee}")
                for callee, count in sorted(row.get("calls", {}).items()):
                    if WATCHED.match(callee) and count / row["items"] >= 0.05:
                        print(f"{'':8}{count / row['items']:8.2f} per item  {callee}")
        if option == "--write":
            with open(path, "w", encoding="utf-8") as file:
                json.dump(budget, file, indent=2, ensure_ascii=False)
                file.write("\n")
    for name in sorted(unknown):
        print(f"{name:46} has no budget")
        failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
