# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How many Proxy Binding Updates are decoded and acknowledgements encoded a second, by one core, checksums included.

    python runtime/bench/mobility_codec.py

The processor's time counts, so that what else runs on the machine does not. The options are those of a new mobile node
(RFC 5213 s6.9.1.5): identifier, prefix, handoff indicator, access technology, link-layer identifier, timestamp.
"""

import timeit
from collections.abc import Callable
from ipaddress import IPv6Address
from time import process_time

from p4dmm.wire import mobility

MAG, LMA = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
GOAL = 50_000


def options() -> tuple[mobility.MobilityOption, ...]:
    """Options of a registration."""
    return (
        mobility.MobileNodeIdentifier(identifier=b"node1@example.com"),
        mobility.HomeNetworkPrefix(prefix=IPv6Address("2001:db8:1::"), prefix_length=64),
        mobility.HandoffIndicator(indicator=1),
        mobility.AccessTechnologyType(technology=4),
        mobility.MobileNodeLinkLayerIdentifier(identifier=bytes.fromhex("020000000001")),
        mobility.Timestamp(seconds=1_700_000_000, fraction=5),
    )


def seconds_each(function: Callable[[], object], number: int = 2_000, rounds: int = 30) -> float:
    """Return the time of the fastest round, per call."""
    return min(timeit.repeat(function, number=number, repeat=rounds, timer=process_time)) / number


def measure() -> dict[str, float]:
    """Return seconds per call of decode, encode (of a message that exists) and build (of the message)."""
    pbu = mobility.encode_mobility(
        mobility.ProxyBindingUpdate(sequence=1, acknowledge=True, dmm=True, lifetime=75, options=options()), MAG, LMA
    )
    pba = mobility.ProxyBindingAck(sequence=1, dmm=True, lifetime=75, options=options())
    return {
        "decode": seconds_each(lambda: mobility.decode_mobility(pbu, MAG, LMA)),
        "encode": seconds_each(lambda: mobility.encode_mobility(pba, LMA, MAG)),
        "build": seconds_each(lambda: mobility.ProxyBindingAck(sequence=1, dmm=True, lifetime=75, options=pba.options)),
    }


if __name__ == "__main__":
    found = measure()
    for name, each in found.items():
        print(f"{name}: {each * 1e6:.2f} us, {1 / each:,.0f} a second")
    print(f"decode, build and encode: {1 / sum(found.values()):,.0f} a second (goal {GOAL:,})")
