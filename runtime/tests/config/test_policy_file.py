# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Policy files: which node may do what (RFC 5213 section 6.1)."""

from ipaddress import IPv6Network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p4dmm.config import ConfigError, Mobility, load_policy
from p4dmm.wire import MacAddress

from .triangle import TOPO
from .triangle import TRIANGLE as NETWORK

PMIP = NETWORK.model_copy(update={"mobility": Mobility(mode="pmip", lma="s1")})

GOOD = """\
[default]
admit = true

[[node]]
mac = "02:00:5e:00:01:01"
mn_id = "mn1@example.net"
prefixes = ["2001:db8:1000:1::/64"]

[[node]]
mac = "02:00:5e:00:01:02"
mn_id = "mn1@example.net"
prefixes = ["2001:db8:1000:2::/64", "2001:db8:1000:3::/64"]

[[node]]
mac = "02:00:5e:00:01:03"
mags = ["s2"]
"""

# id: (text of GOOD, what to put there, what is said)
REFUSED = {
    "unknown-key": (
        "mags =",
        "mag =",
        "unknown key node[2].mag; allowed: allow, lma, mac, mags, mn_id, prefixes, prefixes_per_interface",
    ),
    "unknown-in-default": (
        "admit",
        "allow",
        "unknown key default.allow; allowed: admit, lma, mags, prefixes_per_interface",
    ),
    "missing-mac": ('mac = "02:00:5e:00:01:03"\n', "", "missing key node[2].mac"),
    "mac-twice": ('"02:00:5e:00:01:03"', '"02:00:5e:00:01:01"', "mac used twice: 02:00:5e:00:01:01"),
    "prefix-of-two": ('"2001:db8:1000:2::/64"', '"2001:db8:1000:1::/64"', "prefix used twice: 2001:db8:1000:1::/64"),
    "prefix-twice": ('"2001:db8:1000:3::/64"', '"2001:db8:1000:2::/64"', "prefix used twice: 2001:db8:1000:2::/64"),
    "prefix-length": (
        '"2001:db8:1000:1::/64"',
        '"2001:db8:1000::/56"',
        "node[0].prefixes[0]: home network prefix 2001:db8:1000::/56 is no /64",
    ),
    "prefix-elsewhere": (
        '"2001:db8:1000:1::/64"',
        '"2001:db8:2000:1::/64"',
        (
            "node 02:00:5e:00:01:01: prefix 2001:db8:2000:1::/64 is not in the pool of its anchor: "
            "2001:db8:1000::/48 of s1"
        ),
    ),
    "no-prefix-to-give": (
        'mags = ["s2"]',
        "prefixes_per_interface = 0",
        "node[2].prefixes_per_interface = 0: Input should be greater than or equal to 1",
    ),
    "nai": (
        'mn_id = "mn1@example.net"\nprefixes = ["2001:db8:1000:1',
        'mn_id = "mn 1"\nprefixes = ["2001:db8:1000:1',
        "node[0].mn_id: 'mn 1' is no network access identifier: 1 to 253 octets without spaces (RFC 7542)",
    ),
    "mag": (
        'mags = ["s2"]',
        'mags = ["s2", "s9"]',
        "node 02:00:5e:00:01:03: mags names switch 's9'; there are s1, s2, s3, c1",
    ),
    "default-mag": ("admit = true", 'mags = ["s9"]', "default: mags names switch 's9'; there are s1, s2, s3, c1"),
    "lma": (
        'mags = ["s2"]',
        'lma = "s9"',
        "node 02:00:5e:00:01:03: lma names switch 's9'; there are s1, s2, s3, c1",
    ),
    "lma-without-pool": (
        'mags = ["s2"]',
        'lma = "c1"',
        "node 02:00:5e:00:01:03: lma c1 has no pool, so it cannot be an anchor",
    ),
    "interfaces-differ": (
        'prefixes = ["2001:db8:1000:1::/64"]',
        "allow = false",
        (
            "node mn1@example.net has a different allow at 02:00:5e:00:01:01 and 02:00:5e:00:01:02: interfaces of one "
            "node may differ in their prefixes only"
        ),
    ),
    "no-toml": (
        "[default]",
        "[default",
        "is no TOML: Expected ']' at the end of a table declaration (at line 1, column 9)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    old, new, expected = REFUSED[name]
    assert GOOD.count(old) == 1
    path = tmp_path / "policy.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_policy(path, PMIP)
    assert str(error.value) == f"{path}: {expected}"


def test_who_is_found_how(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(GOOD)
    policy = load_policy(path, PMIP)
    first, second, third = policy.nodes
    assert policy.default.admit
    assert policy.node(MacAddress.parse("02:00:5e:00:01:02")) is second
    assert policy.node(MacAddress.parse("02:00:5e:00:01:09")) is None
    assert policy.named("mn1@example.net") == (first, second)
    assert policy.named("MN1@example.net") == ()
    assert policy.owner_of(IPv6Network("2001:db8:1000:3::/64")) is second
    assert policy.owner_of(IPv6Network("2001:db8:1000:4::/64")) is None
    assert (third.mn_id, third.allow, third.mags, third.lma, third.prefixes_per_interface) == (
        None,
        True,
        ("s2",),
        None,
        1,
    )


def test_what_is_not_said_is_denied(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("")
    assert not load_policy(path, NETWORK).default.admit


def test_prefixes_of_an_anchor_of_another_domain_are_its_own_affair(tmp_path: Path) -> None:
    """The file need not say what that anchor's pool is."""
    switches = tuple(
        s.model_copy(update={"controlled": False, "pool": None}) if s.name == "s3" else s for s in PMIP.switches
    )
    path = tmp_path / "policy.toml"
    path.write_text(GOOD.replace('mags = ["s2"]', 'lma = "s3"\nprefixes = ["2001:db8:abcd:1::/64"]'))
    assert load_policy(path, PMIP.model_copy(update={"switches": switches})).nodes[2].lma == "s3"


def test_the_example_of_the_project() -> None:
    policy = load_policy(TOPO / "policy.toml", NETWORK)
    assert [node.allow for node in policy.nodes] == [True, True, False]
    assert policy.named("mn1@example.net")[0].mac == NETWORK.nodes[0].mac


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_gets_past_config_error(tmp_path: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    path = tmp_path / "policy.toml"
    content = (
        GOOD[:start] + data.draw(st.sampled_from(["", '"', "[", "0", "true", "\n"]) | st.text(max_size=6)) + GOOD[end:]
    )
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    said = ""
    try:
        load_policy(path, NETWORK)
    except ConfigError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1, repr(said)
