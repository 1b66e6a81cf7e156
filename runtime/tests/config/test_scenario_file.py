# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Scenario files, and what they refer to in their network file."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from p4dmm.config import ConfigError, PortRef, load_scenario

TRIANGLE = (Path(__file__).parents[3] / "topo" / "triangle.toml").read_text()
GOOD = """\
network = "net/triangle.toml"
node = "mn1"
correspondent = "cn"

[[move]]
to = "s2:1"
planned = true
"""

EDITS = {
    "unknown": (
        'node = "mn1"',
        'node = "mn1"\nspeed = 3',
        "unknown key speed; allowed: correspondent, move, network, node, settle_s",
    ),
    "unknown-in-move": ("planned = true", "plan = true", "unknown key move[0].plan; allowed: dwell_s, planned, to"),
    "missing": ('node = "mn1"\n', "", "missing key node"),
    "no-moves": (
        '[[move]]\nto = "s2:1"\nplanned = true\n',
        "move = []\n",
        "move = []: Tuple should have at least 1 item after validation, not 0",
    ),
    "planned": ("planned = true", 'planned = "yes"', "move[0].planned = 'yes': Input should be a valid boolean"),
    "dwell": ("planned = true", "dwell_s = 0", "move[0].dwell_s = 0: Input should be greater than 0"),
    "no-port": ('"s2:1"', '"s2"', "move[0].to: 's2' is no port; write it as switch and number, \"s1:12\""),
    "node": ('"mn1"', '"mn9"', "node 'mn9' is not in net/triangle.toml; there are mn1, mn2"),
    "correspondent": ('"cn"', '"mn1"', "correspondent 'mn1' is not in net/triangle.toml; there are cn"),
    "switch": ('"s2:1"', '"s9:1"', "move names switch 's9'; there are s1, s2, s3, c1"),
    "core-port": ('"s2:1"', '"s2:11"', "move names port s2:11; access ports of s2: 1, 2"),
    "number-for-network": (
        'network = "net/triangle.toml"',
        "network = 5",
        "network = 5: Input is not a valid path for <class 'pathlib.Path'>",
    ),
}


def write(tmp_path: Path, scenario: str) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "triangle.toml").write_text(TRIANGLE)
    path = tmp_path / "roam.toml"
    path.write_text(scenario)
    return path


@pytest.mark.parametrize("name", EDITS)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    old, new, expected = EDITS[name]
    assert GOOD.count(old) == 1
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    assert str(error.value) == f"{path}: {expected}"


def test_an_error_in_the_network_file_names_that_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    network = tmp_path / "net" / "triangle.toml"
    network.write_text(TRIANGLE.replace('loopback = "2001:db8:0:1::1"\n', ""))
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    assert str(error.value) == f"{network}: missing key switch[0].loopback"


def test_a_network_file_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("triangle", "square"))
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    assert str(error.value) == f"{tmp_path / 'net' / 'square.toml'}: cannot be read: No such file or directory"


def test_the_network_file_is_sought_beside_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, GOOD)
    monkeypatch.chdir("/")
    scenario, network = load_scenario(path)
    assert network.domain.name == "triangle"
    assert scenario.moves[0].to == PortRef(switch="s2", port=1)
    assert scenario.moves[0].planned
    with pytest.raises(ValidationError, match="frozen"):
        scenario.moves[0].planned = False  # type: ignore[misc]
