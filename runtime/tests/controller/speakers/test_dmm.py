# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""RFC 8885 between embedded switches: every message and packet goes through them."""

from ipaddress import IPv6Network

import pytest

from p4dmm.config import Network
from p4dmm.wire.mobility import PreviousMaar, ProxyBindingAck, ProxyBindingUpdate, ServingMaar
from tests.support.domain import CN_ADDRESS, until
from tests.support.speakers import ALL, SpeakerDomain, moved, running_speakers, speaking, talks

GROUPS = {"one controller": [ALL], "two": [("c1", "s1"), ("s2", "s3")], "one each": [(name,) for name in ALL]}
MODES = ("relay", "locator", "proxy")


def pool(domain: SpeakerDomain, switch: str) -> IPv6Network:
    found = domain.network.switch(switch)
    assert found is not None
    assert found.pool is not None
    return found.pool


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("mode", MODES)
async def test_every_prefix_goes_on_and_the_new_one_is_native(mode: str, groups: list[tuple[str, ...]]) -> None:
    """RFC 8885 sections 3.1 to 3.4 and 3.7."""
    async with running_speakers(speaking("dmm", cmd_mode=mode), groups) as (domain, mn, cn):
        addresses: dict[str, object] = {}
        for at in ("s1:1", "s2:1", "s3:2", "s1:1"):
            switch = at.partition(":")[0]
            address = await moved(domain, mn, at, pool(domain, switch))
            # The same prefix again at its anchor, and the others' are still announced, for what has them.
            assert addresses.setdefault(switch, address) == address
            await mn.until(lambda s: len(s.prefixes()) == len(addresses), f"{len(addresses)} prefixes")
            for anchor, known in addresses.items():
                await talks(domain, mn, cn, known, domain.mac(anchor))
        assert sum(1 for preferred in mn.prefixes().values() if preferred) == 1


@pytest.mark.parametrize("mode", MODES)
async def test_who_says_what_to_whom(mode: str) -> None:
    """Figures 3, 4 and 5 of RFC 8885."""
    async with running_speakers(speaking("dmm", cmd_mode=mode)) as (domain, mn, _):
        await moved(domain, mn, "s1:1", pool(domain, "s1"))
        assert [(h.kind, h.source, h.destination) for h in domain.heard] == [
            ("ProxyBindingUpdate", domain.address("s1"), domain.address("c1")),
            ("ProxyBindingAck", domain.address("c1"), domain.address("s1")),
        ]
        domain.heard.clear()
        await moved(domain, mn, "s2:1", pool(domain, "s2"))
        await mn.until(lambda s: len(s.prefixes()) == 2, "both prefixes")
        s1, s2, c1 = (domain.address(name) for name in ("s1", "s2", "c1"))
        told = await domain.message("ProxyBindingUpdate", lambda h: h.source == c1)
        assert isinstance(told.message, ProxyBindingUpdate)
        serving = told.message.option(ServingMaar)
        assert serving is not None
        assert (told.destination, serving.address) == (s1, s2)
        assert told.message.dmm
        answered = await domain.message("ProxyBindingAck", lambda h: h.source == s1 and h.destination == c1)
        direct = [h for h in domain.heard if (h.source, h.destination) == (s1, s2)]
        assert bool(direct) is (mode == "locator")
        told_s2 = await domain.message(
            "ProxyBindingAck",
            lambda h: (
                h.source == c1 and isinstance(h.message, ProxyBindingAck) and bool(h.message.option(PreviousMaar))
            ),
        )
        previous = told_s2.message.option(PreviousMaar) if isinstance(told_s2.message, ProxyBindingAck) else None
        assert previous is not None
        assert previous.address == s1
        assert IPv6Network((previous.prefix, previous.prefix_length)).subnet_of(pool(domain, "s1"))
        if mode != "locator":
            assert (domain.heard.index(told_s2) > domain.heard.index(answered)) is (mode == "relay")


async def test_a_prefix_that_nobody_uses_is_revoked_at_its_anchor() -> None:
    """And the one that is used stays."""
    network = speaking("dmm", prefix_idle_s=1.0, idle_poll_s=0.2)
    async with running_speakers(network) as (domain, mn, cn):
        first = await moved(domain, mn, "s1:1", pool(domain, "s1"))
        second = await moved(domain, mn, "s2:1", pool(domain, "s2"))
        await moved(domain, mn, "s3:1", pool(domain, "s3"))
        await mn.until(lambda s: len(s.prefixes()) == 3, "three prefixes")
        used = 0

        def used_again() -> bool:
            nonlocal used
            used += 1
            cn.send_udp(domain.mac("c1"), CN_ADDRESS, second, b"use %d" % used)
            return bool(domain.messages("BindingRevocationAck"))

        await until(used_again)
        (indication,) = {h.frame: h for h in domain.messages("BindingRevocationIndication")}.values()
        assert (indication.source, indication.destination) == (domain.address("c1"), domain.address("s1"))
        await until(lambda: len(domain.controller.nodes()[-1].prefixes) == 2)
        prefixes = {p.prefix for node in domain.controller.nodes() if node.at for p in node.prefixes}
        assert not any(first in prefix for prefix in prefixes)
        assert any(second in prefix for prefix in prefixes)
        await talks(domain, mn, cn, second, domain.mac("s2"))
        await moved(domain, mn, "s1:1", pool(domain, "s1"))


async def test_two_domains_that_know_of_each_other_only_the_way_there() -> None:
    """Each has a file of its own; the other's switches are in it with their loopback, router MAC, pool and subnets."""
    whole = speaking("dmm")
    async with running_speakers(whole, [("c1", "s1"), ("s2", "s3")]) as (domain, mn, cn):
        await domain.stop_controllers()
        for own in (("c1", "s1"), ("s2", "s3")):
            await domain.start_domain(_file_of(domain.network, own))
        addresses = {}
        for at in ("s1:1", "s2:1", "s1:1", "s3:1"):
            switch = at[:2]
            addresses[switch] = await moved(domain, mn, at, pool(domain, switch))
            await mn.until(lambda s: len(s.prefixes()) == len(addresses), f"{len(addresses)} prefixes")
            for anchor, address in addresses.items():
                await talks(domain, mn, cn, address, domain.mac(anchor))


def _file_of(network: Network, own: tuple[str, ...]) -> Network:
    """What one of the domains writes down."""
    switches = []
    for switch in network.switches:
        if switch.name in own:
            switches.append(switch.model_dump(mode="json", exclude_none=True))
            continue
        known = [port.model_dump(mode="json", exclude_none=True) for port in switch.ports if port.role != "access"]
        foreign = {
            "name": switch.name,
            "controlled": False,
            "loopback": str(switch.loopback),
            "mac": str(switch.router_mac),
            "ports": known,
        }
        if switch.pool is not None:
            foreign["pool"] = str(switch.pool)
        switches.append(foreign)
    return Network.model_validate(
        {
            "domain": {"name": "-".join(own)},
            "admission": {"open": True},
            "mobility": {"mode": "dmm", "cmd": "c1"},
            "switch": switches,
            "link": [link.model_dump(mode="json") for link in network.links],
        }
    )
