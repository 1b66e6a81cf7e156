# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What ``p4dmm demo`` says when it cannot run."""

import shutil

import pytest
from typer.testing import CliRunner

from p4dmm.cli import demo as command
from p4dmm.cli.main import app
from p4dmm.lab import namespaces

from .test_roam import TOPO


def run(*arguments):
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.fixture
def nowhere(monkeypatch):
    monkeypatch.setattr(namespaces, "unavailable", lambda: "no namespaces here: be root")
    monkeypatch.setattr(namespaces, "inside", lambda: False)


def test_a_missing_target_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    code, output = run("demo", "--scenario", str(TOPO / "roam.toml"), "--target", "bmv2")
    assert code == command.CANNOT_RUN
    assert output == ("p4dmm demo: simple_switch_grpc is not on PATH: install BMv2, or use --target embedded\n")


def test_a_missing_scenario_is_named(tmp_path):
    code, output = run("demo", "--scenario", str(tmp_path / "none.toml"))
    assert code == command.CANNOT_RUN
    assert output.count("\n") == 1
    assert "none.toml: cannot be read" in output


def test_without_namespaces_real_hosts_are_refused(nowhere):
    for arguments in (("demo", "--mode", "netns", "--scenario"), ("lab", "up", "--network")):
        file = TOPO / ("roam.toml" if arguments[0] == "demo" else "triangle.toml")
        code, output = run(*arguments, str(file))
        assert code == command.CANNOT_RUN
        assert output.endswith(": no namespaces here: be root\n")


def test_without_namespaces_hosts_are_simulated_and_it_says_so(nowhere, monkeypatch, tmp_path):
    started = []

    async def pretend(lab, scenario, out):
        started.append(lab.claim)
        return 0

    monkeypatch.setattr(command, "_demo", pretend)
    code, output = run("demo", "--scenario", str(TOPO / "roam.toml"), "--out", str(tmp_path))
    assert code == 0
    assert output == "no namespaces here: be root; going on with simulated hosts\n"
    assert "SIMULATED HOSTS" in started[0]


def test_bmv2_has_no_simulated_hosts(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    code, output = run("demo", "--scenario", str(TOPO / "roam.toml"), "--target", "bmv2", "--mode", "simulated")
    assert code == command.CANNOT_RUN
    assert "simulated hosts have no wire to BMv2" in output
