# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The lab's own end of every cable: veth pairs and bridges, through netlink."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from pyroute2 import AsyncIPRoute, NetlinkError

from .errors import LabError
from .host_setup import INTERFACE

_BR_STATE_FORWARDING = 3  # linux/if_bridge.h
_FORWARDING_TIMEOUT_S = 3.0
_SYSCTL = Path("/proc/sys/net/ipv6/conf/default/disable_ipv6")


class Fabric:
    """Makes interfaces in the namespace this process is in, and removes them on close."""

    def __init__(self) -> None:
        self._ip: Any = None
        self._indices: dict[str, int] = {}

    async def open(self) -> None:
        """Bring lo up, for gRPC, and keep the kernel from speaking on whatever is made from now on."""
        _keep_kernel_silent()
        self._ip = AsyncIPRoute()
        await self._ip.setup_endpoint()
        (lo,) = await self._ip.link_lookup(ifname="lo")
        await self._ip.link("set", index=lo, state="up")

    async def close(self) -> None:
        """Remove everything made."""
        if self._ip is None:
            return
        for index in self._indices.values():
            with contextlib.suppress(NetlinkError):  # the other end of a pair is gone with the first
                await self._ip.link("del", index=index)
        self._indices.clear()
        await self._close_endpoint()

    async def _close_endpoint(self) -> None:
        closing = self._ip.close()
        if closing is not None:
            await closing
        self._ip = None

    async def add_bridge(self, name: str) -> None:
        """A learning bridge that forwards at once, all multicast included, and speaks no protocol of its own."""
        await self._add(name, kind="bridge", br_stp_state=0, br_forward_delay=0, br_mcast_snooping=0)
        await self.set_up(name)

    async def add_pair(self, one: str, other: str, mtu: int) -> None:
        """A cable with both ends here, down."""
        await self._add(one, kind="veth", mtu=mtu, peer={"ifname": other, "mtu": mtu})
        await self._find(other)

    async def add_host_pair(self, name: str, pid: int, mac: str, mtu: int) -> None:
        """A cable whose other end is eth0 in the namespace of a process; down."""
        peer = {"ifname": INTERFACE, "address": mac, "mtu": mtu, "net_ns_pid": pid}
        await self._add(name, kind="veth", mtu=mtu, peer=peer)

    async def enslave(self, name: str, bridge: str) -> None:
        """Plug an interface into a bridge."""
        await self._set(name, master=self._indices[bridge])

    async def set_up(self, name: str) -> None:
        await self._set(name, state="up")

    async def set_down(self, name: str) -> None:
        await self._set(name, state="down")

    async def wait_forwarding(self, name: str) -> None:
        """Wait until a bridge forwards by this port: the kernel notices a new carrier some milliseconds late."""
        deadline = time.monotonic() + _FORWARDING_TIMEOUT_S
        while time.monotonic() < deadline:
            (link,) = await self._ip.link("get", index=self._indices[name])
            state = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_SLAVE_DATA", "IFLA_BRPORT_STATE")
            if state == _BR_STATE_FORWARDING:
                return
            await asyncio.sleep(0.001)
        raise LabError(f"bridge port {name} does not forward after {_FORWARDING_TIMEOUT_S:.0f} s")

    async def set_transmit(self, name: str, *, on: bool) -> None:
        """Say whether a bridge sends anything through this port of its; what comes in by it is forwarded anyway."""
        flags = {"unicast_flood": int(on), "mcast_flood": int(on), "bcast_flood": int(on), "learning": int(on)}
        await self._ip.brport("set", index=self._indices[name], flush=True, **flags)

    async def _add(self, name: str, **attributes: Any) -> None:
        try:
            await self._ip.link("add", ifname=name, **attributes)
        except NetlinkError as error:
            kind = attributes["kind"]
            raise LabError(f"interface {name} ({kind}) cannot be made: {error}; is the {kind} module there?") from error
        await self._find(name)

    async def _find(self, name: str) -> None:
        (self._indices[name],) = await self._ip.link_lookup(ifname=name)

    async def _set(self, name: str, **attributes: Any) -> None:
        await self._ip.link("set", index=self._indices[name], **attributes)


def _keep_kernel_silent() -> None:
    try:
        _SYSCTL.write_text("1\n")
    except OSError as error:
        raise LabError(f"{_SYSCTL} cannot be written ({error.strerror}): mount /proc/sys read-write") from error
