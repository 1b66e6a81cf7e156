# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm demo``: what it runs, and what it says when it cannot."""

import re
import shutil

import pytest
from typer.testing import CliRunner

from p4dmm.cli import demo as command
from p4dmm.cli.main import app
from p4dmm.lab import namespaces
from p4dmm.lab.modes import ALL_MODES, mode_name

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
    for arguments in (("demo", "--hosts", "netns", "--scenario"), ("lab", "up", "--network")):
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
    code, output = run("demo", "--scenario", str(TOPO / "roam.toml"), "--target", "bmv2", "--hosts", "simulated")
    assert code == command.CANNOT_RUN
    assert "simulated hosts have no wire to BMv2" in output


@pytest.fixture
def labs(monkeypatch):
    """The networks that would have been run, one list for each call."""
    asked = []

    async def one(lab, scenario, out):
        asked.append([lab.network])
        return 0

    async def several(make_lab, networks, scenario, out):
        asked.append([make_lab(network, out).network for network in networks])
        return 0

    monkeypatch.setattr(command, "_demo", one)
    monkeypatch.setattr(command, "_compare", several)
    return asked


@pytest.mark.parametrize(
    ("options", "modes"),
    [
        ([], ["sdn"]),
        (["--mode", "pmip"], ["pmip"]),
        (["--mode", "dmm"], ["dmm relay"]),
        (["--mode", "dmm", "--cmd-mode", "locator"], ["dmm locator"]),
        (["--mode", "all"], list(ALL_MODES)),
    ],
)
def test_the_mode_is_chosen(labs, options, modes):
    code, output = run("demo", "--scenario", str(TOPO / "roam.toml"), "--hosts", "simulated", *options)
    assert (code, output) == (0, "")
    assert [[mode_name(network) for network in networks] for networks in labs] == [modes]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mode", "pmip", "--cmd-mode", "proxy"], 'a CMD that is proxy needs mode "dmm", this is pmip'),
        (["--cmd-mode", "proxy"], 'a CMD that is proxy needs mode "dmm", this is sdn'),
        (["--mode", "all", "--cmd-mode", "proxy"], "--mode all has every --cmd-mode: leave it out"),
    ],
)
def test_a_database_that_no_mode_asks_for_is_refused(labs, options, said):
    code, output = run("demo", "--scenario", str(TOPO / "roam.toml"), "--hosts", "simulated", *options)
    assert code == command.CANNOT_RUN
    assert output == f"p4dmm demo: {said}\n"
    assert labs == []


def test_a_network_without_an_anchor_says_what_mode_pmip_needs(labs, tmp_path):
    network = (TOPO / "triangle.toml").read_text().replace('lma = "c1"', "")
    network = re.sub(r'^pool = "2001:db8:4000::/48".*$', "", network, flags=re.MULTILINE)
    (tmp_path / "triangle.toml").write_text(network)
    shutil.copy(TOPO / "roam.toml", tmp_path)
    code, output = run("demo", "--scenario", str(tmp_path / "roam.toml"), "--mode", "pmip", "--hosts", "simulated")
    assert code == command.CANNOT_RUN
    assert 'mobility.mode "pmip" needs mobility.lma, the name of a switch: s1, s2, s3, c1' in output


SCENARIO = """
network = "{network}"
node = "mn1"
correspondent = "cn"
settle_s = 0.5
move = [{{ to = "s2:1", dwell_s = 0.5, planned = true }}]
"""


def test_all_modes_side_by_side(tmp_path):
    """Embedded switches, a controller, simulated hosts: five times the same journey."""
    scenario = tmp_path / "short.toml"
    scenario.write_text(SCENARIO.format(network=TOPO / "triangle.toml"))
    out = tmp_path / "out"
    code, output = run("demo", "--mode", "all", "--hosts", "simulated", "--scenario", str(scenario), "--out", str(out))
    assert code == 0, output
    rows = [line.split() for line in output.splitlines()]
    assert ["handover", *" ".join(ALL_MODES).split()] in rows
    assert ["connections", "survived", *["all"] * len(ALL_MODES)] in rows
    assert ["1.", "s1:1", "->", "s2:1", "planned", *["reactive"] * (len(ALL_MODES) - 1)] in rows
    times = [row[-len(ALL_MODES) :] for row in rows if row[:4] == ["first", "frame", "->", "installed"]]
    assert [float(time) >= 0 for row in times for time in row] == [True] * len(ALL_MODES)
    ((sdn, *others),) = (map(int, row[2:]) for row in rows if row[:2] == ["mobility", "messages"])
    assert sdn == 0
    assert min(others) >= 2
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["controller.log", "handovers.png", *(mode.replace(" ", "-") for mode in ALL_MODES)]
    )
