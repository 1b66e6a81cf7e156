# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What can be said of the lab from outside a namespace."""

import shutil

import pytest

from p4dmm.config import load_network
from p4dmm.lab import namespaces
from p4dmm.lab.errors import LabError
from p4dmm.lab.netns_lab import NetnsLab
from p4dmm.lab.switch_process import require_target, switch_process

from .test_roam import TOPO


@pytest.fixture
def outside(monkeypatch):
    monkeypatch.delenv("P4DMM_LAB_NAMESPACE", raising=False)


async def test_a_lab_does_not_touch_the_machines_network(outside, tmp_path):
    with pytest.raises(LabError, match="machine's own network"):
        await NetnsLab(load_network(TOPO / "triangle.toml"), log_dir=tmp_path).start()


def test_root_needs_no_user_namespace(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert namespaces.command(["x"])[:3] == ["unshare", "--net", "--"]
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert namespaces.command(["x"])[:3] == ["unshare", "--user", "--map-root-user"]


def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "install util-linux" in namespaces.unavailable()
    with pytest.raises(LabError, match="util-linux"):
        namespaces.enter()
    with pytest.raises(LabError, match="simple_switch_grpc is not on PATH"):
        require_target("bmv2")


@pytest.mark.parametrize("target", ["embedded", "bmv2"])
def test_both_targets_get_the_same_flags(target, tmp_path):
    switch = load_network(TOPO / "triangle.toml").switches[0]
    process = switch_process(switch, {1: "s1-1", 11: "s1-11"}, target, tmp_path / "log")
    words = " ".join(process._command)
    assert words.endswith(
        "-i 1@s1-1 -i 11@s1-11 --device-id 1 --no-p4 -- --grpc-server-addr 127.0.0.1:50051 --cpu-port 510"
    )
    assert ("simple_switch_grpc" in words) == (target == "bmv2")
