# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The example network, in mode sdn, as one whose core switch anchors nothing: s1, s2, s3 with pools, c1 without."""

from pathlib import Path

from p4dmm.config import Mobility, load_network

TOPO = Path(__file__).parents[3] / "topo"

_FILE = load_network(TOPO / "triangle.toml")
TRIANGLE = _FILE.model_copy(
    update={
        "mobility": Mobility(),
        "switches": tuple(s.model_copy(update={"pool": None}) if s.name == "c1" else s for s in _FILE.switches),
    }
)
