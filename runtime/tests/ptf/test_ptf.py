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


@pytest.mark.timeout(700)
@pytest.mark.parametrize("target", ["embedded", pytest.param("bmv2", marks=pytest.mark.bmv2)])
def test_packet_tests_pass(target):
    if not PYTHON.exists():
        pytest.skip("the packet tests' environment .venv-ptf is missing: make .venv-ptf/.ready")
    if target == "bmv2" and not shutil.which("simple_switch_grpc"):
        pytest.skip("simple_switch_grpc is not on PATH")
    command = [PYTHON, RUN, "--target", target, "--p4dmm", Path(sys.executable).with_name("p4dmm")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    assert "\nOK" in run.stderr, run.stderr
