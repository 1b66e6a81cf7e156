# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What each mode of mobility promises a node that moves."""

import pytest

from p4dmm.config import ConfigError, load_network
from p4dmm.lab.modes import ALL_MODES, anchor_of, in_every_mode, in_mode, mode_name, plans_handovers

from .test_roam import TOPO

TRIANGLE = load_network(TOPO / "triangle.toml")
S2 = TRIANGLE.switch("s2")
POLICY = """
[[node]]
mac = "02:00:5e:00:01:01"
lma = "s1"
[default]
admit = true
"""


def anchors(network):
    return [anchor_of(network, node, S2).name for node in network.nodes]


def test_every_mode_of_the_network_file():
    networks = in_every_mode(TRIANGLE)
    assert tuple(map(mode_name, networks)) == ALL_MODES
    assert [plans_handovers(network) for network in networks] == [True, False, False, False, False]
    assert [anchors(network)[0] for network in networks] == ["s2", "c1", "s2", "s2", "s2"]
    assert all(network.switches == TRIANGLE.switches for network in networks)


def test_nothing_asked_for_changes_nothing():
    dmm = in_mode(TRIANGLE, "dmm", "proxy")
    assert in_mode(dmm) == dmm
    assert mode_name(in_mode(dmm, cmd_mode="locator")) == "dmm locator"


def test_a_database_is_of_mode_dmm():
    with pytest.raises(ConfigError, match='a CMD that is proxy needs mode "dmm", this is pmip'):
        in_mode(TRIANGLE, "pmip", "proxy")


def test_a_file_without_an_anchor_has_no_mode_pmip():
    network = TRIANGLE.model_copy(update={"mobility": TRIANGLE.mobility.model_copy(update={"lma": None})})
    switches = tuple(s if s.serves_nodes else s.model_copy(update={"pool": None}) for s in network.switches)
    network = network.model_copy(update={"switches": switches})
    with pytest.raises(ConfigError, match=r'"pmip" needs mobility\.lma'):
        in_every_mode(network)


def test_policy_names_the_anchor_of_a_node(tmp_path):
    (tmp_path / "policy.toml").write_text(POLICY)
    mobility = TRIANGLE.mobility.model_copy(update={"policy": tmp_path / "policy.toml"})
    network = TRIANGLE.model_copy(update={"mobility": mobility})
    assert anchors(in_mode(network, "pmip")) == ["s1", "c1"]
    assert anchors(in_mode(network, "dmm")) == ["s1", "s2"]
    assert anchors(in_mode(network, "sdn")) == ["s2", "s2"]
