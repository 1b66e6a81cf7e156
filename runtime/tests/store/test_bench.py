# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of the store measures what it says."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "bench" / "store_commits.py"


def test_commits_are_shared(tmp_path):
    command = [sys.executable, SCRIPT, "--directory", tmp_path, "--seconds", "0.05"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = json.loads(done.stdout)
    assert found["states"]["written_per_s"] > 0
    assert found["saves"]["1"]["commits_per_save"] == 1
    assert found["saves"]["256"]["commits_per_save"] < 1 / 16
    assert list(tmp_path.iterdir()) == []
