# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Real interfaces: a veth pair in a network namespace that lasts as long as the test's process for it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from p4dmm.softswitch.service.ports import PortError
from p4dmm.softswitch.service.ports.af_packet import AfPacketPort

RUNTIME = Path(__file__).parents[2]
SCENARIO = [sys.executable, "-m", "tests.softswitch_service.af_packet_scenario"]
ENTER = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]


def permitted() -> bool:
    probe = [*ENTER, "ip", "link", "add", "p0", "type", "veth", "peer", "name", "p1"]
    try:
        return subprocess.run(probe, check=False, capture_output=True, timeout=20).returncode == 0
    except FileNotFoundError:
        return False


in_namespace = pytest.mark.skipif(
    not permitted(), reason="no network namespaces here (root, unshare and ip are needed)"
)


@pytest.fixture(scope="module")
def results():
    """All scenarios run in one namespace; each leaves its observations under its name."""
    done = subprocess.run([*ENTER, *SCENARIO], cwd=RUNTIME, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.netns
@in_namespace
@pytest.mark.parametrize(
    "name",
    [
        "both ways",
        "own frames are not received",
        "VLAN tag is kept",
        "other interfaces stay out",
        "down and up again",
        "frame above the MTU is a drop",
        "overload drops at the receive queue",
        "interface disappears",
        "unknown interface",
        "closed port",
        "a switch forwards between two interfaces",
    ],
)
def test_scenario(results, name):
    assert results[name] == "ok"


async def test_without_permission_the_remedy_is_named(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(PortError, match="interface veth1: no permission for raw sockets; run as root, or give python"):
        AfPacketPort("veth1").open(lambda _: None)
