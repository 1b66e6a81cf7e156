# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The fuzz target, from the octets of the rows on: briefly, and long with P4DMM_SOAK."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .mobility_option_rows import OPTION_ROWS
from .mobility_rows import MESSAGE_ROWS
from .test_mobility_other_decoders import in_message

TARGET = Path(__file__).with_name("fuzz_mobility.py")
LIMIT = ["-max_total_time=600"] if os.environ.get("P4DMM_SOAK") else ["-runs=20000", "-seed=1", "-max_total_time=8"]


def test_no_octets_break_the_codec(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: it has wheels for x86-64 Linux and Python up to 3.13")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, octets in enumerate([row.octets for row in MESSAGE_ROWS] + [in_message(r.option) for r in OPTION_ROWS]):
        (corpus / f"row{number}").write_bytes(octets)
    runtime = str(TARGET.parents[2])
    command = [sys.executable, str(TARGET), str(corpus), *LIMIT, "-max_len=600", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, env={**os.environ, "PYTHONPATH": runtime}
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done " in done.stderr
