# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The key file: shared keys of RFC 4285 security associations. What it says is for its owner alone."""

from itertools import combinations
from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, StrictInt, model_validator

from .fields import Name, unique
from .model import ConfigModel
from .network import Network
from .switch import Switch

KEY_OCTETS = (16, 64)
"""RFC 4285 section 5.1 has 16; HMAC-SHA1 has no use for more than a block of 64 (RFC 2104 section 2)."""


def _key(value: object) -> bytes:
    # The messages do not repeat the value.
    if isinstance(value, bytes):
        return value
    least, most = KEY_OCTETS
    try:
        key = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        key = b""
    if not least <= len(key) <= most:
        raise ValueError(f"is no key: {least} to {most} octets in hexadecimal digits")
    return key


class Key(ConfigModel):
    """One key, for any two of its peers."""

    model_config = ConfigDict(hide_input_in_errors=True)

    peers: Annotated[tuple[Name, ...], Field(min_length=2)]
    """Switches of the network file."""
    spi: Annotated[StrictInt, Field(ge=256, lt=2**32)]
    """By which the receiver finds the key; up to 255 they are reserved (RFC 4285 section 5.1)."""
    key: Annotated[bytes, BeforeValidator(_key), Field(repr=False)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unique(self.peers, f"peer of the key with spi {self.spi}")
        return self


class Keys(ConfigModel):
    """The whole file."""

    model_config = ConfigDict(hide_input_in_errors=True)

    keys: Annotated[tuple[Key, ...], Field(alias="key", min_length=1)]

    @model_validator(mode="after")
    def _one_key_per_spi(self) -> Self:
        for one, other in combinations(self.keys, 2):
            both = sorted({*one.peers} & {*other.peers})
            if one.spi == other.spi and len(both) > 1:
                raise ValueError(f"spi {one.spi} used twice between {both[0]} and {both[1]}")
        return self

    def between(self, one: str, other: str) -> tuple[Key, ...]:
        """Those that the two share. The first is the one to send with; any is good to receive with, so that a key
        can be replaced without a gap."""
        return tuple(key for key in self.keys if one in key.peers and other in key.peers)

    def check(self, network: Network) -> None:
        """Raise ValueError if a name is no switch of the network, or if a key is missing for two switches that will
        signal to each other, one of which this controller runs."""
        names = [switch.name for switch in network.switches]
        for key in self.keys:
            for name in key.peers:
                if name not in names:
                    raise ValueError(f"key with spi {key.spi} names switch {name!r}; there are {', '.join(names)}")
        for one, other in combinations(network.switches, 2):
            needed = is_authenticated(network, one.name, other.name) and _signal(network, one, other)
            if needed and not self.between(one.name, other.name):
                raise ValueError(
                    f'no key for {one.name} and {other.name}, whose signalling has authentication "rfc4285": '
                    f'add one with peers = ["{one.name}", "{other.name}"]'
                )


def is_authenticated(network: Network, one: str, other: str) -> bool:
    """Whether signalling between the two is to be authentic: if either of them is such a peer."""
    return any(network.peer(name).authentication != "none" for name in (one, other))


def _signal(network: Network, one: Switch, other: Switch) -> bool:
    mobility = network.mobility
    if not (one.controlled or other.controlled):
        return False
    if mobility.mode == "pmip":  # gateways and anchors
        return (one.pool is not None and other.serves_nodes) or (other.pool is not None and one.serves_nodes)
    # MAARs with each other and with the CMD.
    return mobility.mode == "dmm" and all(s.serves_nodes or s.name == mobility.cmd for s in (one, other))
