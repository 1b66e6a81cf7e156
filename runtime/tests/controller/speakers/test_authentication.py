# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Signalling with RFC 4285 authentication and replay protection between controllers that share a key."""

from ipaddress import IPv6Address
from pathlib import Path

import pytest

from p4dmm.config import Network, Peer
from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.wire import IPv6Packet, NextHeader
from p4dmm.wire.checksum import upper_layer_checksum
from p4dmm.wire.mobility import BaStatus, MessageAuthentication, MessageReplayProtection
from tests.support.domain import until
from tests.support.speakers import LMA_POOL, Heard, SpeakerDomain, moved, running_speakers, speaking, talks

from .test_dmm import pool
from .test_refusals import inject, update


async def until_counted(domain: SpeakerDomain, reason: str, times: int = 1) -> None:
    await until(lambda: domain.counter(f"mobility messages refused: {reason}") >= times)


def with_checksum(data: bytes, heard: Heard, source: IPv6Address | None = None) -> bytes:
    """The changed message, as an attacker sends it."""
    cleared = data[:4] + bytes(2) + data[6:]
    checksum = upper_layer_checksum(source or heard.source, heard.destination, NextHeader.MOBILITY, cleared)
    return data[:4] + checksum.to_bytes(2, "big") + data[6:]


KEY = bytes(range(16))


def authenticated(mode: str, path: Path) -> Network:
    """c1, the LMA or CMD, asks for it; the key is for every switch."""
    path.write_text(f'[[key]]\npeers = ["s1", "s2", "s3", "c1"]\nspi = 300\nkey = "{KEY.hex()}"\n')
    path.chmod(0o600)
    network = speaking(mode)
    return network.model_copy(
        update={
            "peers": (Peer(name="c1", authentication="rfc4285"),),
            "mobility": network.mobility.model_copy(update={"keys": path}),
        }
    )


@pytest.mark.parametrize("mode", ["pmip", "dmm"])
async def test_every_message_is_authentic_and_stamped(mode: str, tmp_path: Path) -> None:
    network = authenticated(mode, tmp_path / "keys.toml")
    async with running_speakers(network, [("c1",), ("s1", "s2", "s3")]) as (domain, mn, cn):
        for at in ("s1:1", "s2:1"):
            where = LMA_POOL if mode == "pmip" else pool(domain, at[:2])
            address = await moved(domain, mn, at, where)
            await talks(domain, mn, cn, address, PMIPV6_ROUTER.mac if mode == "pmip" else domain.mac(at[:2]))
        assert domain.heard
        for heard in domain.heard:
            for kind in (MessageAuthentication, MessageReplayProtection):
                assert heard.message.option(kind) is not None, heard.message  # type: ignore[union-attr]


async def test_what_is_not_authentic_or_not_new_changes_nothing(tmp_path: Path) -> None:
    """RFC 4285 sections 5, 5.1 and 6."""
    async with running_speakers(authenticated("pmip", tmp_path / "keys.toml"), [("c1",), ("s1",)]) as (domain, mn, _):
        await moved(domain, mn, "s1:1", LMA_POOL)
        (genuine,) = domain.messages("ProxyBindingUpdate")
        held = domain.table_rows()
        # Without the option: silence.
        inject(domain, update())
        await until_counted(domain, "unauthenticated")
        # One bit of what it covers is another: 146.
        data = IPv6Packet.decode(genuine.frame[14:]).payload
        lifetime = data[:11] + bytes((data[11] ^ 1,)) + data[12:]
        domain.heard.clear()
        domain.inject(with_checksum(lifetime, genuine), source="s1", destination="c1")
        refused = await domain.message("ProxyBindingAck")
        assert refused.message.status == BaStatus.MIPV6_AUTH_FAIL  # type: ignore[union-attr]
        # The same again: 144, with the clock of the anchor.
        domain.heard.clear()
        domain.inject(data, source="s1", destination="c1")
        replayed = await domain.message("ProxyBindingAck")
        assert replayed.message.status == BaStatus.MIPV6_ID_MISMATCH  # type: ignore[union-attr]
        # Taken to another gateway's name it is not authentic.
        domain.inject(with_checksum(data, genuine, source=domain.address("s2")), source="s2", destination="c1")
        await until_counted(domain, "forged", 2)
        assert domain.table_rows() == held
