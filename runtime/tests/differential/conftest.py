# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The program under test, and how much of it is asked."""

import os
from pathlib import Path

import pytest
from finsy.proto import p4i
from google.protobuf import text_format

COMPILED = Path(__file__).parents[3] / "p4src" / "compiled"
DEFAULT_SEEDS = range(16)
SEEDS = range(200) if os.environ.get("P4DMM_SOAK") else DEFAULT_SEEDS


@pytest.fixture(scope="session")
def info():
    return text_format.Parse((COMPILED / "dmm_v1model.p4info.txtpb").read_text(encoding="utf-8"), p4i.P4Info())


@pytest.fixture(scope="session")
def program():
    return (COMPILED / "dmm_v1model.json").read_bytes()
