# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Frames for the tables with an action profile or an idle timeout, and where they go."""

import asyncio
import random

from .conftest import Host

INDIRECTLY, SPREADING, SPREADING_TOO, PICKING, AGED = 0x0901, 0x0902, 0x0903, 0x0904, 0x0905


def frame(kind: int, dst: int = 9, src: int = 1) -> bytes:
    """A frame that the table of this Ethernet type handles; src tells flows apart."""
    return dst.to_bytes(6, "big") + src.to_bytes(6, "big") + kind.to_bytes(2, "big") + bytes(46)


async def split(hosts: dict[int, Host], kind: int, dst: int = 9, flows: int = 60) -> dict[int, int]:
    """Frames of so many flows, sent from port 1: how many leave on the other ports."""
    sources = random.Random(1)  # CRCs of consecutive numbers have too much in common
    for _ in range(flows):
        hosts[1].send(frame(kind, dst, sources.getrandbits(48)))
    inboxes = {port: host.inbox for port, host in hosts.items() if port != 1}
    async with asyncio.timeout(10):
        while sum(inbox.qsize() for inbox in inboxes.values()) < flows:
            await asyncio.sleep(0)
    found = {port: inbox.qsize() for port, inbox in inboxes.items() if not inbox.empty()}
    for port, count in found.items():
        for _ in range(count):
            inboxes[port].get_nowait()
    return found
