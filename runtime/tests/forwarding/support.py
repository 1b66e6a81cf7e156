# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Topologies, and a node whose rows are kept as a map."""

import itertools
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

from p4dmm.config import Network, load_network
from p4dmm.forwarding import Change, Row, RowKey, Topology, Write, diff, entries_for
from p4dmm.mobility import (
    Attachment,
    BindingCacheEntry,
    DrainExpired,
    Event,
    Forward,
    HandoverRefusedError,
    HomePrefix,
    Lifetimes,
    NodeSeen,
    step,
)
from p4dmm.wire import MacAddress

TOPO = Path(__file__).parents[3] / "topo"
TRIANGLE = Topology(load_network(TOPO / "triangle.toml"))
LIFETIMES = Lifetimes(
    drain_s=1, hold_down_s=0, planned_timeout_s=10, detached_s=60, valid_lifetime_s=7200, deprecated_s=86400
)
MAC = MacAddress.parse("02:00:5e:00:01:01")
PLACES = [(s.name, p.number) for s in TRIANGLE.network.switches for p in s.ports_of_role("access")]

Rows = dict[RowKey, Row]


def make_network(
    switches: dict[str, dict[int, str]], links: Iterable[tuple[str, str, int]] = (), mtu: int = 1500
) -> Network:
    """Switches as {port: role}; links as (end, end, metric). Those with access ports get pools."""
    listed: list[dict[str, Any]] = []
    for number, (name, ports) in enumerate(switches.items(), start=1):
        switch: dict[str, Any] = {
            "name": name,
            "device_id": number,
            "address": f"127.0.0.1:{50000 + number}",
            "loopback": f"2001:db8:0:{number:x}::1",
            "ports": [{"number": n, "role": role, "mtu": mtu} for n, role in ports.items()],
        }
        if "access" in ports.values():
            switch["pool"] = f"2001:db9:{number:x}::/48"
        listed.append(switch)
    return Network.model_validate(
        {
            "domain": {"name": "d"},
            "admission": {"open": True},
            "switch": listed,
            "link": [{"ends": [a, b], "metric": metric} for a, b, metric in links],
        }
    )


def apply(rows: Rows, writes: Iterable[Write]) -> None:
    """As a switch would, strictly."""
    for write in writes:
        key = write.row.at
        match write.change:
            case Change.INSERT:
                assert key not in rows, f"inserted twice: {write}"
                rows[key] = write.row
            case Change.MODIFY:
                assert key in rows, f"modified, not there: {write}"
                rows[key] = write.row
            case Change.DELETE:
                assert key in rows, f"deleted, not there: {write}"
                del rows[key]


class Walk:
    """A node walking over the triangle."""

    def __init__(self, mac: MacAddress = MAC, node_id: int = 1, first_path: int = 1, *, reverse: bool = False) -> None:
        self.bce = BindingCacheEntry(mn_id=str(mac), mac=mac, node_id=node_id)
        self.rows: Rows = {}
        self.now = 0.0
        self._reverse = reverse
        self._paths = itertools.count(first_path)

    def attachment(self, place: tuple[str, int]) -> Attachment:
        return Attachment(*place, next(self._paths))

    def prefix(self, maar: str) -> IPv6Network:
        return IPv6Network((int(TRIANGLE.pools[maar].network_address) + (self.bce.node_id << 64), 64))

    def seen(self, place: tuple[str, int]) -> NodeSeen:
        return NodeSeen(self.attachment(place), HomePrefix(self.prefix(place[0]), place[0]))

    def event(self, event: Event) -> Iterator[Write]:
        """Carry out what the event asks; yields after every write."""
        self.now += 1
        try:
            new, effects = step(self.bce, event, self.now, LIFETIMES)
        except HandoverRefusedError:
            return
        assert new is not None
        self.bce = new
        for effect in effects:
            if isinstance(effect, Forward):
                plan = diff(entries_for(effect.old, TRIANGLE), entries_for(effect.new, TRIANGLE))
                for step_ in plan.steps:
                    for write in reversed(step_) if self._reverse else step_:
                        if write.row.at.table == "multicast_groups" and write.row.at in self.rows:
                            continue  # shared and kept
                        apply(self.rows, [write])
                        yield write

    def do(self, event: Event) -> None:
        for _ in self.event(event):
            pass

    def drain(self) -> None:
        while self.bce.draining:
            self.do(DrainExpired(self.bce.draining[0].attachment.path_id))
