"""Where io_uring is refused, the server says so in a sentence and leaves with status 78."""

import os
import pathlib

import pytest
from process import ROOT, Carillon

LAUNCHER = pathlib.Path(os.environ.get("REFUSE_URING") or ROOT / ".build/tools/refuse-uring")


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_a_refused_ring_is_explained(error):
    assert LAUNCHER.exists(), "Tools/test build-tools makes it"
    server = Carillon(prefix=(str(LAUNCHER), error), wait=False)
    assert server.wait() == 78
    said = "\n".join(server.lines)
    assert "io_uring" in said, said
    for call in ("io_uring_setup", "io_uring_enter", "io_uring_register"):
        assert call in said or error == "ENOSYS", f"names what to allow: {said}"
    assert not server.addresses, "nothing listens"
