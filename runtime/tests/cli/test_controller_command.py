# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The signals that `p4dmm controller` takes, as its help says."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from p4dmm.cli.controller import print_state
from tests.support.domain import MN, TRIANGLE, Station, attached, running_domain

P4DMM = Path(sys.executable).with_name("p4dmm")


def test_hup_reads_policy_again_usr1_prints_what_there_is_term_ends_it(tmp_path: Path) -> None:
    # Nothing listens there: it goes on trying, and takes signals meanwhile.
    network = tmp_path / "network.toml"
    network.write_text(re.sub(r"127.0.0.1:5005(\d)", r"127.0.0.1:\1", TRIANGLE.read_text()))
    options = ["--config", network, "--mode", "dmm", "--store", tmp_path / "bindings.db", "--log-level", "debug"]
    command = [P4DMM, "controller", *map(str, options), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert running.stderr is not None
            assert json.loads(running.stderr.readline())["event"] == "switch not reached"
            running.send_signal(signal.SIGHUP)
            assert any("policy reloaded" in line for line in running.stderr)
            running.send_signal(signal.SIGUSR1)
            state = json.loads(running.stdout.readline())
            assert state["nodes"] == []
            assert set(state) == {"nodes", "counters"}
            running.send_signal(signal.SIGTERM)
            assert running.wait(20) == 0
        finally:
            running.kill()
    assert (tmp_path / "bindings.db").stat().st_mode & 0o777 == 0o600


async def test_what_there_is_can_be_read_by_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    async with running_domain() as domain:
        first = await attached(domain, "s1:1", mn := Station(MN))
        await attached(domain, "s2:1", mn)
        print_state(domain.controller, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    (node,) = [line for line in lines if line.startswith(str(MN))]
    assert re.fullmatch(rf"{MN} +s2:1 +2001:db8:1000:\w+::/64 by s1, deprecated, 2001:db8:2000:\w+::/64 native", node)
    assert str(first).startswith(node.split()[2].partition("::")[0])
    assert any(re.fullmatch(r" +\d+  punts: NODE_UNKNOWN", line) for line in lines)
