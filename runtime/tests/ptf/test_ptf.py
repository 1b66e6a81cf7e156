# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The packet tests of ptf-tests/, in their own environment, on every target that is installed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PYTHON = PROJECT / ".venv-ptf" / "bin" / "python"
RUN = PROJECT / "ptf-tests" / "run.py"


TARGETS = ["embedded", "bmv2"]
TIMEOUT_S = 900


def unavailable(target: str) -> str | None:
    """Why there can be no run on that target."""
    if not PYTHON.exists():
        return "the packet tests' environment .venv-ptf is missing: make .venv-ptf/.ready"
    if target == "bmv2" and not shutil.which("simple_switch_grpc"):
        return "simple_switch_grpc is not on PATH"
    return None


@pytest.fixture(scope="module")
def runs(tmp_path_factory, request):
    """The targets at the same time: for most of it each waits for packets that must not come."""
    started = {}
    chosen = {item.callspec.params["target"] for item in request.session.items if item.path == request.path}
    for target in TARGETS:
        if target in chosen and unavailable(target) is None:
            output = tmp_path_factory.mktemp("ptf") / target
            command = [PYTHON, RUN, "--target", target, "--p4dmm", Path(sys.executable).with_name("p4dmm")]
            with output.open("w") as file:
                started[target] = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT), output
    yield started
    for process, _ in started.values():
        process.kill()
        process.wait()


@pytest.mark.timeout(TIMEOUT_S + 60)
@pytest.mark.parametrize("target", ["embedded", pytest.param("bmv2", marks=pytest.mark.bmv2)])
def test_packet_tests_pass(target, runs):
    if reason := unavailable(target):
        pytest.skip(reason)
    process, output = runs[target]
    process.wait(TIMEOUT_S)
    assert process.returncode == 0, output.read_text()
    assert "\nOK" in output.read_text(), output.read_text()
