"""A network of our own: loopback in a private namespace, with cubic.

Nobody else's packets, ports, firewall rules or congestion control take part then, and the whole
range of outgoing ports is free, on every address of 127.0.0.0/8 that the generators connect from.
It takes root; without it servers and generators share the machine's network, and the facts of a
recorded run say so. Nothing outside of the namespace is changed: cubic is an attribute of its
routes, because a namespace may not choose what the machine does not offer to everybody.
"""

import ctypes
import os
import shutil
import socket
import subprocess

CLONE_NEWNET = 0x40000000


def enter(wanted=True):
    """Moves this process, and so all it starts, into a namespace of its own where it may.

    Returns words for the facts: where the runs take place, and with which congestion control.
    """
    where = _private() if wanted else "the machine's, as was asked"
    return {"network": where, "congestion": congestion()}


def _private():
    ip = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin")
    if os.geteuid() != 0:
        return "the machine's: a private namespace takes root"
    if ip is None:
        return "the machine's: a private namespace takes ip (iproute2)"
    # A child tries first: there is no way back from a namespace whose loopback may not be set up.
    if subprocess.run(["unshare", "-n", ip, "link", "set", "lo", "up"], capture_output=True).returncode:
        return "the machine's: a private namespace is not allowed here"
    ctypes.CDLL(None).unshare(CLONE_NEWNET)
    subprocess.run([ip, "link", "set", "lo", "up"], check=True)
    for destination in ("127.0.0.0/8", "127.0.0.1"):
        # Without the module they keep what the machine has; the facts tell.
        subprocess.run([ip, "route", "replace", "table", "local", "local", destination, "dev", "lo",
                        "proto", "kernel", "scope", "host", "src", "127.0.0.1", "congctl", "cubic"],
                       stderr=subprocess.DEVNULL)
    return "private namespace"


def congestion():
    """The congestion control that a connection here has, asked of one."""
    with socket.create_server(("127.0.0.1", 0)) as listener, \
            socket.create_connection(listener.getsockname()) as client:
        name = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
        return name.rstrip(b"\0").decode()
