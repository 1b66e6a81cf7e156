# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What is not to be gets the status, or the silence, that its RFC gives it, is counted, and leaves nothing behind."""

from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from p4dmm.config import Network, Peer
from p4dmm.mobility.exchange import timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, IPv6Packet, NextHeader
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BaStatus,
    BindingAck,
    BindingError,
    BindingUpdate,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeLinkLayerIdentifier,
    MobilityOption,
    ProxyBindingUpdate,
    UnknownMessage,
    encode_mobility,
)
from tests.support.domain import MN, until
from tests.support.speakers import LMA_POOL, SpeakerDomain, moved, running_speakers, speaking

MN9 = MobileNodeId.nai("mn9@example.net")
ZERO = HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address(0))


def update(
    mn_id: MobileNodeId = MN9,
    *,
    dmm: bool = False,
    sequence: int = 1,
    lifetime: int = 100,
    without: tuple[type[MobilityOption], ...] = (),
    home: HomeNetworkPrefix = ZERO,
    stamp: float | None = None,
) -> ProxyBindingUpdate:
    options: list[MobilityOption] = [
        mn_id.option,
        home,
        HandoffIndicator(indicator=4),
        AccessTechnologyType(technology=3),
        MobileNodeLinkLayerIdentifier(identifier=bytes(MN)),
    ]
    if stamp is not None:
        options.append(timestamp_at(stamp))
    kept = tuple(option for option in options if type(option) not in without)
    return ProxyBindingUpdate(sequence=sequence, acknowledge=True, dmm=dmm, lifetime=lifetime, options=kept)


def inject(domain: SpeakerDomain, message: Any, source: str = "s1", destination: str = "c1") -> None:
    src, dst = domain.address(source), domain.address(destination)
    domain.inject(encode_mobility(message, src, dst), source=source, destination=destination)


async def answered(domain: SpeakerDomain, message: Any, source: str = "s1", destination: str = "c1") -> Any:
    domain.heard.clear()
    inject(domain, message, source, destination)
    heard = await domain.message("ProxyBindingAck", lambda h: h.destination == domain.address(source))
    return heard.message


def with_policy(network: Network, path: Path, text: str) -> Network:
    path.write_text(text)
    return network.model_copy(update={"mobility": network.mobility.model_copy(update={"policy": path})})


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (update(without=(type(MobileNodeId.nai("x").option),)), BaStatus.MISSING_MN_IDENTIFIER_OPTION),
        (update(MobileNodeId.nai("nobody@example.net")), BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE),
        (update(MobileNodeId.nai("denied@example.net")), BaStatus.PROXY_REG_NOT_ENABLED),
        (update(MobileNodeId.nai("only-s2@example.net")), BaStatus.MAG_NOT_AUTHORIZED_FOR_PROXY_REG),
        (update(without=(HomeNetworkPrefix,)), BaStatus.MISSING_HOME_NETWORK_PREFIX_OPTION),
        (update(without=(HandoffIndicator,)), BaStatus.MISSING_HANDOFF_INDICATOR_OPTION),
        (update(without=(AccessTechnologyType,)), BaStatus.MISSING_ACCESS_TECH_TYPE_OPTION),
        (update(stamp=1.0), BaStatus.TIMESTAMP_MISMATCH),
        (
            update(home=HomeNetworkPrefix(prefix_length=64, prefix=IPv6Address("2001:db8:dead::"))),
            BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX,
        ),
        (update(dmm=True), BaStatus.REASON_UNSPECIFIED),
    ],
    ids=lambda p: p.name if isinstance(p, BaStatus) else "",
)
async def test_the_anchor_says_why_not(message: ProxyBindingUpdate, status: BaStatus, tmp_path: Path) -> None:
    """RFC 5213 section 5.3.1, RFC 8885 section 4.1."""
    policy = """
        [[node]]
        mac = "02:00:5e:00:09:01"
        mn_id = "mn9@example.net"
        [[node]]
        mac = "02:00:5e:00:09:02"
        mn_id = "denied@example.net"
        allow = false
        [[node]]
        mac = "02:00:5e:00:09:03"
        mn_id = "only-s2@example.net"
        mags = ["s2"]
    """
    network = with_policy(speaking("pmip"), tmp_path / "policy.toml", policy)
    async with running_speakers(network, [("c1",)]) as (domain, _, _):
        before = domain.table_rows()
        ack = await answered(domain, message)
        assert (BaStatus(ack.status), ack.sequence, ack.lifetime) == (status, message.sequence, 0)
        assert domain.table_rows() == before


async def test_an_exhausted_pool_and_a_full_table_are_status_130_and_nothing_is_half_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RFC 5213 section 5.3.2; nobody else loses by it."""
    network = speaking("pmip")
    small = tuple(
        s.model_copy(update={"pool": IPv6Network("2001:db8:4000::/63")}) if s.name == "c1" else s
        for s in network.switches
    )
    async with running_speakers(network.model_copy(update={"switches": small}), [("c1",)]) as (domain, _, _):
        statuses = []
        for number in range(3):
            mn_id = MobileNodeId.nai(f"mn{number}@example.net")
            statuses.append((await answered(domain, update(mn_id))).status)
        assert statuses == [BaStatus.ACCEPTED, BaStatus.ACCEPTED, BaStatus.INSUFFICIENT_RESOURCES]
        assert domain.counter("prefixes not to be had: pool exhausted")
        before = domain.table_rows()
    async with running_speakers(speaking("pmip"), [("c1",)]) as (domain, _, _):
        empty = domain.table_rows()
        fabric = domain.controller._fabric
        sizes = fabric._codec.size
        monkeypatch.setattr(fabric._codec, "size", lambda table: 0 if table == "prefix_bindings" else sizes(table))
        ack = await answered(domain, update())
        assert ack.status == BaStatus.INSUFFICIENT_RESOURCES
        assert domain.table_rows() == empty != before
        monkeypatch.undo()
        assert (await answered(domain, update(sequence=2))).status == BaStatus.ACCEPTED


async def test_a_replayed_or_older_update_changes_nothing() -> None:
    """RFC 5213 section 5.5."""
    async with running_speakers(speaking("pmip"), [("c1",)]) as (domain, _, _):
        now = domain.controller._services.now()
        first = update(stamp=now)
        assert (await answered(domain, first)).status == BaStatus.ACCEPTED
        held = domain.table_rows()
        assert (await answered(domain, first, "s2")).status == BaStatus.TIMESTAMP_MISMATCH
        older = await answered(domain, update(stamp=now - 0.1), "s2")
        assert older.status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
        assert domain.table_rows() == held
        later = await answered(domain, update(stamp=domain.controller._services.now()), "s2")
        assert later.status == BaStatus.ACCEPTED
        assert domain.table_rows() != held


async def test_what_nobody_here_understands_gets_its_answer() -> None:
    """RFC 6275 sections 9.2 and 9.5.1."""
    async with running_speakers(speaking("pmip"), [("c1",)]) as (domain, _, _):
        inject(domain, UnknownMessage(200, bytes(2)))
        error = (await domain.message("BindingError")).message
        assert isinstance(error, BindingError)
        assert error.status == 2
        inject(domain, BindingUpdate(sequence=7, acknowledge=True, home_registration=True, lifetime=10))
        ack = (await domain.message("BindingAck")).message
        assert isinstance(ack, BindingAck)
        assert (ack.status, ack.sequence) == (BaStatus.HOME_REGISTRATION_NOT_SUPPORTED, 7)
        # A node's prefix that makes no sense, an option nobody knows: skipped, not refused.
        assert (await answered(domain, update())).status == BaStatus.ACCEPTED


@pytest.mark.parametrize("break_it", [lambda d: d[:-8], lambda d: d[:4] + b"\0\0" + d[6:], lambda d: b"\x11" + d[1:]])
async def test_broken_messages_are_counted_and_change_nothing(break_it: Any) -> None:
    async with running_speakers(speaking("pmip"), [("c1",)]) as (domain, _, _):
        before = domain.table_rows()
        src, dst = domain.address("s1"), domain.address("c1")
        domain.inject(break_it(encode_mobility(update(), src, dst)), source="s1", destination="c1")
        await domain.counted("mobility messages refused: malformed", 1)
        assert not domain.heard
        assert domain.table_rows() == before


async def test_a_node_that_speaks_as_a_gateway_is_not_heard() -> None:
    async with running_speakers(speaking("pmip")) as (domain, mn, _):
        address = await moved(domain, mn, "s1:1", LMA_POOL)
        held = domain.table_rows()
        for destination in ("c1", "s1"):
            data = encode_mobility(update(), address, domain.address(destination))
            packet = IPv6Packet(address, domain.address(destination), NextHeader.MOBILITY, data)
            mn.send(Ethernet(PMIPV6_ROUTER.mac, mn.mac, ETHERTYPE_IPV6, packet.encode()).encode())
        await until(
            lambda: (
                domain.counter("mobility messages from outside") + domain.counter("mobility messages refused: stranger")
                == 2
            )
        )
        assert domain.table_rows() == held


async def test_a_peer_may_send_so_many_messages_and_register_so_many_nodes() -> None:
    network = speaking("pmip")
    peers = (Peer(name="s1", bindings=2), Peer(name="s2", messages_per_s=3))
    async with running_speakers(network.model_copy(update={"peers": peers}), [("c1",)]) as (domain, _, _):
        statuses = [(await answered(domain, update(MobileNodeId.nai(f"mn{n}")))).status for n in range(3)]
        assert statuses == [BaStatus.ACCEPTED, BaStatus.ACCEPTED, BaStatus.INSUFFICIENT_RESOURCES]
        # Those it has may go on, and others may register more.
        assert (await answered(domain, update(MobileNodeId.nai("mn1"), sequence=2))).status == BaStatus.ACCEPTED
        assert (await answered(domain, update(MobileNodeId.nai("mn2")), "s3")).status == BaStatus.ACCEPTED
        for number in range(10):
            inject(domain, update(MobileNodeId.nai("mn9"), sequence=number), "s2")
        await domain.counted("mobility messages refused: too many", 1)


async def test_policy_is_read_again_and_a_file_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    network = with_policy(speaking("pmip"), path, "")
    async with running_speakers(network) as (domain, mn, _):
        mn.plug(domain.wire("s1:1"))
        mn.announce()
        await domain.counted("not admitted", 1)
        path.write_text(f'[[node]]\nmac = "{MN}"\nmn_id = "mn1@example.net"\nprefixes = ["2001:db8:4000:7::/64"]\n')
        domain.controller.reload_policy()
        await moved(domain, mn, "s1:1", IPv6Network("2001:db8:4000:7::/64"))
        path.write_text("[[node]]\nmac = 1\n")
        domain.controller.reload_policy()
        await moved(domain, mn, "s2:1", IPv6Network("2001:db8:4000:7::/64"))
        # It is kept for its node, by name and when others are given one.
        path.write_text(
            f'[[node]]\nmac = "{MN}"\nmn_id = "mn1@example.net"\nprefixes = ["2001:db8:4000:7::/64"]\n'
            '[[node]]\nmac = "02:00:5e:00:09:01"\nmn_id = "mn9@example.net"\n'
        )
        domain.controller.reload_policy()
        home = HomeNetworkPrefix(prefix_length=64, prefix=IPv6Address("2001:db8:4000:7::"))
        ack = await answered(domain, update(home=home), "s3")
        assert ack.status == BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX
        assert (await answered(domain, update(sequence=2), "s3")).status == BaStatus.ACCEPTED
