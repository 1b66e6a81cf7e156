# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled test program belongs to its source."""

import json
import shutil
import subprocess

import pytest
from finsy.proto import p4i
from google.protobuf import text_format

from .raw_client import DEVICE_CONFIG, P4INFO, PROGRAMS


def _without_positions(node):
    """Compiled JSON without what depends on where and when it was compiled."""
    if isinstance(node, dict):
        return {key: _without_positions(value) for key, value in node.items() if key not in {"source_info", "program"}}
    return [_without_positions(each) for each in node] if isinstance(node, list) else node


@pytest.mark.p4c
@pytest.mark.skipif(shutil.which("p4c-bm2-ss") is None, reason="p4c-bm2-ss is not on PATH")
def test_recompiling_gives_the_same(tmp_path):
    info, config = tmp_path / "info.txtpb", tmp_path / "config.json"
    command = ["p4c-bm2-ss", "--std", "p4-16", "-o", str(config), "--p4runtime-files", str(info), "service.p4"]
    subprocess.run(command, cwd=PROGRAMS, check=True, timeout=60)
    assert text_format.Parse(info.read_text(), p4i.P4Info()) == P4INFO
    assert _without_positions(json.loads(config.read_text())) == _without_positions(json.loads(DEVICE_CONFIG))
