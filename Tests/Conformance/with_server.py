"""Runs a command against a fresh server, and stops the server afterwards.

    with_server.py [--set SECTION.KEY=VALUE]... serve [OPTIONS] -- COMMAND...

`{address}`, `{control}` and `{pid}` in COMMAND become those of the server. The status is COMMAND's.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))
from process import Carillon  # noqa: E402


def main(arguments):
    settings = {}
    while arguments and arguments[0] == "--set":
        key, _, value = arguments[1].partition("=")
        settings[key] = value
        arguments = arguments[2:]
    if not arguments or arguments[0] != "serve" or "--" not in arguments:
        sys.exit(__doc__)
    split = arguments.index("--")
    with Carillon(*arguments[1:split], settings=settings) as server:
        places = {
            "{address}": server.address, "{pid}": str(server.pid),
            "{control}": f"127.0.0.1:{server.control_port}",
        }
        command = arguments[split + 1:]
        for place, value in places.items():
            command = [word.replace(place, value) for word in command]
        status = subprocess.run(command).returncode
        if not server.alive:
            print("\n".join(server.lines[-40:]))
            print("the server died")
            return 1
        return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
