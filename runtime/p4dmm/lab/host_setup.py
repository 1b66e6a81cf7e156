# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A host's own configuration, done from inside its network namespace; and what its kernel made of it."""

from ipaddress import IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any

from .ethtool import disable_offloads

INTERFACE = "eth0"

_IFA_F_NODAD = 0x02
_IFA_F_DEPRECATED = 0x20
_IFA_F_TENTATIVE = 0x40
_RTF_GATEWAY = 0x0002
_RTF_UP = 0x0001

# The kernel's defaults, spelled out because distributions change them: SLAAC from any router, duplicate address
# detection with one probe. Addresses are EUI-64 ones, so that a reader of the output recognises a host by them.
_NODE = {
    "forwarding": 0,
    "accept_ra": 1,
    "autoconf": 1,
    "addr_gen_mode": 0,
    "use_tempaddr": 0,
    "accept_dad": 1,
    "dad_transmits": 1,
}
# A server with a static address.
_CORRESPONDENT = {
    "forwarding": 0,
    "accept_ra": 0,
    "autoconf": 0,
    "addr_gen_mode": 0,
    "use_tempaddr": 0,
    "accept_dad": 0,
}


async def configure(address: str | None, gateway: str | None) -> None:
    """Set sysctls and offloads, bring eth0 and lo up; with an address also that and the default route."""
    from pyroute2 import AsyncIPRoute  # noqa: PLC0415 a third of a second that agents in tests do not need

    _set_sysctls(_CORRESPONDENT if address else _NODE)
    disable_offloads(INTERFACE)
    async with AsyncIPRoute() as ip:
        for name in ("lo", INTERFACE):
            (index,) = await ip.link_lookup(ifname=name)
            await ip.link("set", index=index, state="up")
        if address:
            static = IPv6Interface(address)
            prefix = static.network.prefixlen
            await ip.addr("add", index=index, address=str(static.ip), prefixlen=prefix, flags=_IFA_F_NODAD)
        if gateway:
            await ip.route("add", dst="::/0", gateway=gateway, oif=index, family=10)


def addresses() -> list[dict[str, Any]]:
    """Return the addresses of eth0."""
    found = []
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        digits, _index, prefix_length, _scope, flags, name = line.split()
        if name == INTERFACE:
            found.append(
                {
                    "address": str(IPv6Address(bytes.fromhex(digits))),
                    "prefix_length": int(prefix_length, 16),
                    "deprecated": bool(int(flags, 16) & _IFA_F_DEPRECATED),
                    "tentative": bool(int(flags, 16) & _IFA_F_TENTATIVE),
                }
            )
    return found


def default_routers() -> list[str]:
    """Return the gateways of the default routes, best metric first."""
    found = []
    for line in Path("/proc/net/ipv6_route").read_text().splitlines():
        dst, dst_length, _src, _src_length, gateway, metric, _refs, _use, flags, name = line.split()
        default = int(dst, 16) == 0 and int(dst_length, 16) == 0
        if name == INTERFACE and default and int(flags, 16) & (_RTF_GATEWAY | _RTF_UP) == _RTF_GATEWAY | _RTF_UP:
            found.append((int(metric, 16), str(IPv6Address(bytes.fromhex(gateway)))))
    return [gateway for _, gateway in sorted(found)]


def _set_sysctls(values: dict[str, int]) -> None:
    for key, value in values.items():
        Path(f"/proc/sys/net/ipv6/conf/{INTERFACE}/{key}").write_text(f"{value}\n")
