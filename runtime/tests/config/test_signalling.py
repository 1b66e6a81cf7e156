# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility, store and peers in network files, and networks that several controllers share."""

from pathlib import Path

import pytest

from p4dmm.config import ConfigError, Mobility, Network, Peer, load_network
from p4dmm.wire import MacAddress
from tests.config.network_errors import GOOD

from .triangle import TRIANGLE

DMM = '[mobility]\nmode = "dmm"\ncmd = "c1"\n'
PMIP = '[mobility]\nmode = "pmip"\nlma = "s1"\n'
FOREIGN = 'device_id = 2\naddress = "127.0.0.1:50052"\n'
MOBILITY_KEYS = ", ".join(sorted(Mobility.model_fields))
PEER_KEYS = ", ".join(sorted(Peer.model_fields))
POOL = 'pool = "2001:db8:1000::/48"\n'
SEVERAL = 'several understand each other in mode "pmip" or "dmm"'


def load(tmp_path: Path, text: str) -> Network:
    path = tmp_path / "net.toml"
    path.write_text(text)
    return load_network(path)


# id: (before GOOD, text of GOOD, what to put there, what is said)
REFUSED = {
    "mode": ('[mobility]\nmode = "mip"\n', "", "", "mobility.mode = 'mip': Input should be 'sdn', 'pmip' or 'dmm'"),
    "unknown-key": ("[mobility]\nrole = 1\n", "", "", f"unknown key mobility.role; allowed: {MOBILITY_KEYS}"),
    "unknown-peer-key": (
        '[[peer]]\nname = "s1"\nkey = "1"\n',
        "",
        "",
        f"unknown key peer[0].key; allowed: {PEER_KEYS}",
    ),
    "pmip-without-lma": (
        '[mobility]\nmode = "pmip"\n',
        "",
        "",
        'mobility.mode "pmip" needs mobility.lma, the name of a switch: s1, c1',
    ),
    "dmm-without-cmd": (
        '[mobility]\nmode = "dmm"\nlma = "s1"\n',
        "",
        "",
        'mobility.mode "dmm" needs mobility.cmd, the name of a switch: s1, c1',
    ),
    "no-such-lma": ('[mobility]\nlma = "s9"\n', "", "", "mobility.lma names switch 's9'; there are s1, c1"),
    "no-such-cmd": ('[mobility]\ncmd = "s9"\n', "", "", "mobility.cmd names switch 's9'; there are s1, c1"),
    "lma-without-pool": (
        PMIP.replace("s1", "c1"),
        "",
        "",
        (
            "switch c1 is mobility.lma and has no pool: the nodes' prefixes come from it, such as "
            'pool = "2001:db8:1000::/48"'
        ),
    ),
    "maar-without-pool": (
        DMM,
        POOL,
        "",
        (
            "switch s1 has access ports and no pool: a switch with access ports needs one such as "
            'pool = "2001:db8:1000::/48", others have none, unless they are mobility.lma'
        ),
    ),
    "lifetime": (
        "[mobility]\nlifetime_s = 262144\n",
        "",
        "",
        "mobility.lifetime_s = 262144: Input should be less than or equal to 262140",
    ),
    "lifetime-units": (
        "[mobility]\nlifetime_s = 6\n",
        "",
        "",
        "mobility.lifetime_s = 6: Input should be a multiple of 4",
    ),
    "revocation-timeouts": (
        "[mobility]\nrevocation_timeout_s = 3.0\n",
        "",
        "",
        "mobility: revocation_timeout_max_s 2.0 is less than revocation_timeout_s 3.0",
    ),
    "path": ("[store]\npath = 5\n", "", "", 'store.path: 5 is no path; write it as a string such as "policy.toml"'),
    "no-path": (
        '[store]\npath = ""\n',
        "",
        "",
        "store.path: '' is no path; write it as a string such as \"policy.toml\"",
    ),
    "peer-twice": ('[[peer]]\nname = "s1"\n' * 2, "", "", "peer name used twice: s1"),
    "no-such-peer": ('[[peer]]\nname = "s9"\n', "", "", "peer names switch 's9'; there are s1, c1"),
    "authentication-without-keys": (
        '[[peer]]\nname = "s1"\nauthentication = "rfc4285"\n',
        "",
        "",
        'peer s1 has authentication "rfc4285": mobility.keys has to name the key file',
    ),
    "replay-window": (
        '[[peer]]\nname = "s1"\nreplay_window_s = 3.0\n',
        "",
        "",
        "peer[0].replay_window_s = 3.0: Input should be greater than 3",
    ),
    "foreign-without-mac": (
        DMM,
        FOREIGN,
        "controlled = false\n",
        "switch[1]: switch c1 has neither mac nor device_id: the address of its router comes from one of them",
    ),
    "foreign-in-sdn": (
        "",
        "device_id = 1\n",
        "device_id = 1\ncontrolled = false\n",
        (
            'switch s1 is not controlled and has access ports or a pool: mobility.mode "sdn" needs one controller for '
            f"all such; {SEVERAL}"
        ),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    before, old, new, expected = REFUSED[name]
    with pytest.raises(ConfigError) as error:
        load(tmp_path, before + GOOD.replace(old, new, 1))
    assert error.value.problem == expected


def test_without_new_tables_all_is_as_before(tmp_path: Path) -> None:
    network = load(tmp_path, GOOD)
    assert network.mobility == Mobility()
    assert network.mobility.mode == "sdn"
    assert network.store is None
    assert network.peer("s1") == Peer(name="s1")
    assert network.peer("s1").authentication == "none"
    assert network.controlled_switches == network.switches


def test_paths_are_sought_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "net").mkdir()
    tables = '[mobility]\npolicy = "p.toml"\nkeys = "/etc/k.toml"\n[store]\npath = "../state.db"\n'
    network = load(tmp_path / "net", tables + GOOD)
    assert network.mobility.policy == tmp_path / "net" / "p.toml"
    assert network.mobility.keys == Path("/etc/k.toml")
    assert network.store is not None
    assert network.store.path == tmp_path / "net" / ".." / "state.db"


def test_a_gateway_needs_no_pool_and_an_anchor_no_access_ports(tmp_path: Path) -> None:
    text = GOOD.replace(POOL, "").replace("device_id = 2\n", f"device_id = 2\n{POOL}")
    network = load(tmp_path, PMIP.replace("s1", "c1") + text)
    s1, c1 = network.switches
    assert (s1.pool, s1.serves_nodes) == (None, True)
    assert c1.pool is not None
    assert not c1.serves_nodes


@pytest.mark.parametrize("mode", ["sdn", "pmip", "dmm"])
def test_one_file_for_every_mode(tmp_path: Path, mode: str) -> None:
    """A demo compares them: the LMA at the core has a pool also where nobody is LMA."""
    text = GOOD.replace("device_id = 2\n", 'device_id = 2\npool = "2001:db8:2000::/48"\n')
    network = load(tmp_path, '[mobility]\nlma = "c1"\ncmd = "c1"\n' + text)
    assert network.in_mode(mode).mobility == network.mobility.model_copy(update={"mode": mode})  # type: ignore[arg-type]
    assert network.in_mode(mode).switches == network.switches  # type: ignore[arg-type]


def test_a_mode_that_the_file_is_not_made_for(tmp_path: Path) -> None:
    network = load(tmp_path, GOOD)
    with pytest.raises(ConfigError, match=r'^mobility\.mode "dmm" needs mobility\.cmd, the name of a switch: s1, c1$'):
        network.in_mode("dmm")


def test_a_switch_of_another_domain_needs_no_service(tmp_path: Path) -> None:
    foreign = GOOD.replace(FOREIGN, 'controlled = false\nmac = "02:00:00:00:00:09"\n')
    network = load(tmp_path, DMM + foreign)
    s1, c1 = network.switches
    assert network.controlled_switches == (s1,)
    assert s1.p4runtime == ("127.0.0.1:50051", 1)
    assert (c1.address, c1.device_id) == (None, None)
    assert c1.router_mac == MacAddress.parse("02:00:00:00:00:09")
    with pytest.raises(AssertionError, match="switch c1 is not controlled"):
        c1.p4runtime  # noqa: B018


def test_two_controllers_share_a_file() -> None:
    """Each has its part; together they have every switch once, and all they see of each other is the same."""
    whole = TRIANGLE.model_copy(update={"mobility": Mobility(mode="dmm", cmd="c1")})
    one, other = whole.controlled(["s1", "c1"]), whole.controlled({"s2", "s3"})
    assert [s.name for s in one.controlled_switches] == ["s1", "c1"]
    assert [s.name for s in other.controlled_switches] == ["s2", "s3"]
    for part in (one, other):
        assert [s.model_copy(update={"controlled": True}) for s in part.switches] == list(whole.switches)
        assert part.model_copy(update={"switches": whole.switches}) == whole


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["s1", "s9"], "switch 's9' is not in the file; there are s1"),
        (["c1"], "switch 'c1' has controlled = false; there are s1"),
    ],
)
def test_controlling_what_cannot_be_controlled(tmp_path: Path, names: list[str], said: str) -> None:
    network = load(tmp_path, DMM + GOOD.replace("device_id = 2", "device_id = 2\ncontrolled = false"))
    with pytest.raises(ConfigError) as error:
        network.controlled(names)
    assert str(error.value) == said


def test_a_part_is_not_enough_in_mode_sdn() -> None:
    with pytest.raises(ConfigError, match=SEVERAL):
        TRIANGLE.controlled(["s1", "c1"])
