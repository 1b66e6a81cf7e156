# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Network files: what is wrong with one is said in one line: file, key, value and what is allowed."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from p4dmm.config import ConfigError, PortRef, load_network, load_scenario
from p4dmm.config.load import MAX_FILE_SIZE
from p4dmm.wire import MacAddress
from tests.config.network_errors import EDITS, GOOD

TOPO = Path(__file__).parents[3] / "topo"


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[str | bytes], str]:
    """What load_network says of a file with that content, without the file's name."""

    def load(content: str | bytes) -> str:
        path = tmp_path / "net.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ConfigError) as error:
            load_network(path)
        text = str(error.value)
        assert "\n" not in text
        assert text == f"{path}: {error.value.problem}"
        assert error.value.path == path
        return error.value.problem

    return load


@pytest.mark.parametrize("name", EDITS)
def test_what_is_wrong_is_said_in_one_line(refused: Callable[[str], str], name: str) -> None:
    old, new, expected = EDITS[name]
    assert GOOD.count(old) >= 1
    assert refused(GOOD.replace(old, new, 1)) == expected


WHOLE = {
    "empty": (b"", "missing key domain (and 2 more)"),
    "no-switches": (
        b'switch = []\n[domain]\nname = "d"\n[admission]\n',
        "switch = []: Tuple should have at least 1 item after validation, not 0",
    ),
    "switch-no-list": (b'switch = 3\n[domain]\nname = "d"\n[admission]\n', "switch = 3: Input should be a valid tuple"),
    "no-toml": (b"a = = 1", "is no TOML: Invalid value (at line 1, column 5)"),
    "key-twice": (b"a = 1\na = 1", "is no TOML: Cannot overwrite a value (at end of document)"),
    "no-utf-8": (b"\xff", "is no TOML: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    "deep": (b"a = " + b"[" * 100_000, "is no TOML of ours: it nests too deeply"),
    "large": (b"#" * (MAX_FILE_SIZE + 1), f"has {MAX_FILE_SIZE + 1} octets, at most {MAX_FILE_SIZE} are allowed"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_no_network_file(refused: Callable[[bytes], str], name: str) -> None:
    content, expected = WHOLE[name]
    assert refused(content) == expected


def test_a_number_of_thousands_of_digits(refused: Callable[[bytes], str]) -> None:
    assert refused(b"a = " + b"9" * 5000).startswith("is no TOML: Exceeds the limit")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, expected in (
        (tmp_path / "none.toml", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "a\0b", "cannot be read: embedded null byte"),
    ):
        with pytest.raises(ConfigError) as error:
            load_network(path)
        assert error.value.problem == expected


def test_the_good_file_is_good(tmp_path: Path) -> None:
    """Or the tests above would prove nothing."""
    path = tmp_path / "net.toml"
    path.write_text(GOOD)
    network = load_network(path)
    s1, c1 = network.switches
    assert s1.router_mac == MacAddress.parse("02:00:00:00:00:01")
    assert [port.number for port in s1.ports_of_role("core")] == [11, 12]
    assert network.switch("c1") is c1
    assert network.switch("c2") is None
    assert (network.nodes[0].at, str(network.nodes[0].at)) == (PortRef(switch="s1", port=1), "s1:1")


def test_rates_and_probes(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    rates = "cir = 1000\ncburst = 100\npir = 2000\npburst = 200\n"
    tables = f"[admission.uplink]\n{rates}[admission.downlink]\n{rates}yellow = 10\nred = 0\n"
    path.write_text(f"[link_probes]\nlosses = 5\n[punt_rates]\nnd = 7\n{GOOD}\n{tables}")
    network = load_network(path)
    uplink, downlink = network.admission.uplink, network.admission.downlink
    assert uplink is not None
    assert downlink is not None
    assert (uplink.cir, uplink.cburst, uplink.pir, uplink.pburst) == (1000, 100, 2000, 200)
    assert (uplink.yellow, uplink.red) == ("pass", "discard")
    assert (downlink.yellow, downlink.red) == (10, 0)
    assert (network.punt_rates.nd, network.link_probes.losses) == (7, 5)
    assert hash(network.admission) == hash(copy.deepcopy(network.admission))


@pytest.mark.parametrize("path", sorted({*TOPO.glob("*.toml")} - {TOPO / "policy.toml"}), ids=lambda path: path.name)
def test_every_file_of_the_project_loads(path: Path) -> None:
    if "[[move]]" in path.read_text():
        scenario, network = load_scenario(path)
        assert scenario.moves
        assert network == load_network(TOPO / scenario.network)
    else:
        assert load_network(path).switches


def test_objects_are_frozen_all_the_way_down() -> None:
    network = load_network(TOPO / "triangle.toml")
    for holder, name in (
        (network, "domain"),
        (network.domain, "drain_s"),
        (network.admission, "open"),
        (network.punt_rates, "nd"),
        (network.link_probes, "losses"),
        (network.mobility, "mode"),
        (network.switches[0], "pool"),
        (network.switches[0].ports[0], "mtu"),
        (network.links[0], "metric"),
        (network.links[0].ends[0], "port"),
        (network.nodes[0], "mac"),
        (network.correspondents[0], "address"),
    ):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(holder, name, None)
    assert isinstance(network.switches, tuple)
    assert isinstance(network.links[0].ends, tuple)
    assert hash(network.switches[0]) == hash(copy.deepcopy(network.switches[0]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_gets_past_config_error(tmp_path: Path, data: st.DataObject) -> None:
    """Cut, doubled or replaced anywhere: the file loads, or one line says why not; nothing else is raised."""
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    scraps = st.sampled_from(
        [
            "",
            "0",
            "-1",
            '"',
            "[",
            "]",
            "{}",
            "[[",
            "true",
            "1e999",
            "\n",
            '""',
            '"::"',
            "1979-05-27",
            GOOD[start:end] * 2,
        ]
    )
    content = GOOD[:start] + data.draw(scraps | st.text(max_size=6)) + GOOD[end:]
    path = tmp_path / "net.toml"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    said = ""
    try:
        load_network(path)
    except ConfigError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1, repr(said)
