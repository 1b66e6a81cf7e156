# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Key files: for their owner alone, a key for every two switches that will need one, and no key in any message."""

import os
import traceback
from pathlib import Path

import pytest

from p4dmm.config import ConfigError, Mobility, Network, Peer, is_authenticated, load_keys

from .triangle import TRIANGLE

SECRET = "00112233445566778899aabbccddeeff"
GOOD = f"""\
[[key]]
peers = ["s1", "s2", "s3", "c1"]
spi = 256
key = "{SECRET}"

[[key]]
peers = ["s1", "s2"]
spi = 257
key = "{SECRET[::-1]}"
"""


def with_peers(mode: str, *names: str) -> Network:
    mobility = Mobility(mode=mode, lma="s1", cmd="c1", keys=Path("keys.toml"))  # type: ignore[arg-type]
    peers = tuple(Peer(name=name, authentication="rfc4285") for name in names)
    return TRIANGLE.model_copy(update={"mobility": mobility, "peers": peers})


NETWORK = with_peers("dmm", "s2")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    path.touch(mode=0o600)
    path.write_text(GOOD)
    return path


def said(path: Path, network: Network = NETWORK) -> str:
    with pytest.raises(ConfigError) as error:
        load_keys(path, network)
    assert str(error.value) == f"{path}: {error.value.problem}"
    assert "\n" not in error.value.problem
    return error.value.problem


def test_the_first_key_of_two_switches_is_for_sending(keys: Path) -> None:
    loaded = load_keys(keys, NETWORK)
    assert [key.spi for key in loaded.between("s1", "s2")] == [256, 257]
    assert loaded.between("s2", "s1") == loaded.between("s1", "s2")
    assert [key.spi for key in loaded.between("s3", "c1")] == [256]
    assert loaded.between("s1", "s1x") == ()
    assert loaded.keys[0].key == bytes.fromhex(SECRET)
    assert repr(loaded.keys[0]) == "Key(peers=('s1', 's2', 's3', 'c1'), spi=256)"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_file_that_others_may_touch(keys: Path, mode: int) -> None:
    keys.chmod(mode)
    assert said(keys) == f"has mode {mode:04o}: keys are for their owner alone, chmod 0600 keys.toml"
    keys.chmod(0o600)
    assert load_keys(keys, NETWORK)
    keys.chmod(0o400)
    assert load_keys(keys, NETWORK)


def test_a_file_of_somebody_else(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = keys.stat().st_uid
    if owner == 0:
        os.chown(keys, 4321, -1)
        owner = 4321
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    user = os.geteuid()
    assert said(keys) == f"belongs to user {owner}: keys have to be root's or user {user}'s own"


REFUSED = {
    "spi-reserved": ("spi = 256", "spi = 255", "key[0].spi = 255: Input should be greater than or equal to 256"),
    "short": (SECRET, SECRET[:-2], "key[0].key: is no key: 16 to 64 octets in hexadecimal digits"),
    "long": (SECRET, "00" * 65, "key[0].key: is no key: 16 to 64 octets in hexadecimal digits"),
    "no-hex": (SECRET, SECRET[:-1] + "x", "key[0].key: is no key: 16 to 64 octets in hexadecimal digits"),
    "number": (f'"{SECRET}"', "12345678", "key[0].key: is no key: 16 to 64 octets in hexadecimal digits"),
    "one-peer": (
        '["s1", "s2"]',
        '["s1"]',
        "key[1].peers = ['s1']: Tuple should have at least 2 items after validation, not 1",
    ),
    "peer-twice": ('["s1", "s2"]', '["s1", "s1"]', "key[1]: peer of the key with spi 257 used twice: s1"),
    "spi-twice": ("spi = 257", "spi = 256", "spi 256 used twice between s1 and s2"),
    "stranger": ('["s1", "s2"]', '["s1", "s9"]', "key with spi 257 names switch 's9'; there are s1, s2, s3, c1"),
    "unknown": ("spi = 257", "spi = 257\nkind = 1", "unknown key key[1].kind; allowed: key, peers, spi"),
    "missing": (
        '["s1", "s2", "s3", "c1"]',
        '["s1", "s3", "c1"]',
        ('no key for s2 and s3, whose signalling has authentication "rfc4285": add one with peers = ["s2", "s3"]'),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_without_the_key(keys: Path, name: str) -> None:
    old, new, expected = REFUSED[name]
    assert GOOD.count(old) == 1
    keys.write_text(GOOD.replace(old, new))
    assert said(keys) == expected
    with pytest.raises(ConfigError) as error:
        load_keys(keys, NETWORK)
    told = "".join(traceback.format_exception(error.value))
    assert SECRET[:-2] not in told


@pytest.mark.parametrize(
    ("network", "needed"),
    [
        (with_peers("dmm", "c1"), {("s1", "c1"), ("s2", "c1"), ("s3", "c1")}),
        (with_peers("dmm", "s2"), {("s1", "s2"), ("s2", "s3"), ("s2", "c1")}),
        (with_peers("dmm", "s2").controlled(["s2"]), {("s1", "s2"), ("s2", "s3"), ("s2", "c1")}),
        (with_peers("dmm", "s2").controlled(["s3"]), {("s2", "s3")}),
        (with_peers("pmip", "s2"), {("s1", "s2"), ("s2", "s3")}),
        (with_peers("pmip", "c1"), set()),
        (with_peers("sdn", "s2"), set()),
    ],
    ids=["database", "maar", "its-own", "from-elsewhere", "gateway", "no-gateway", "sdn"],
)
def test_which_keys_are_needed(keys: Path, network: Network, needed: set[tuple[str, str]]) -> None:
    """Just those will do, and without any of them the file is refused."""
    rows = [f'[[key]]\npeers = ["{a}", "{b}"]\nspi = 256\nkey = "{SECRET}"\n' for a, b in sorted(needed)]
    other = f'[[key]]\npeers = ["s1", "s3"]\nspi = 999\nkey = "{SECRET}"\n'
    keys.write_text("".join(rows) + other)
    load_keys(keys, network)
    for left_out, (a, b) in zip(rows, sorted(needed), strict=True):
        keys.write_text("".join(row for row in rows if row != left_out) + other)
        assert said(keys, network).startswith(f"no key for {a} and {b}, ")


def test_either_end_can_ask_for_authentication() -> None:
    assert is_authenticated(NETWORK, "s1", "s2")
    assert is_authenticated(NETWORK, "s2", "s1")
    assert not is_authenticated(NETWORK, "s1", "s3")
