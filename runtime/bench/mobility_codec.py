# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How many Proxy Binding Updates are decoded and acknowledgements encoded a second, by one core, checksums included.

The processor's time counts, so that what else runs on the machine does so only by sharing a core's insides. The options
are those of a new mobile node (RFC 5213 s6.9.1.5): identifier, prefix, handoff indicator, access technology, link-layer
identifier, timestamp; those of the acknowledgement are built anew for each, as an anchor does.
"""

import timeit
from collections.abc import Callable
from ipaddress import IPv6Address
from time import process_time

from p4dmm.wire import mobility

MAG, LMA = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
PREFIX, LINK_LAYER = IPv6Address("2001:db8:1::"), bytes.fromhex("020000000001")
CALLS = 500


def options() -> tuple[mobility.MobilityOption, ...]:
    """Options of a registration."""
    return (
        mobility.MobileNodeIdentifier(identifier=b"node1@example.com"),
        mobility.HomeNetworkPrefix(prefix=PREFIX, prefix_length=64),
        mobility.HandoffIndicator(indicator=1),
        mobility.AccessTechnologyType(technology=4),
        mobility.MobileNodeLinkLayerIdentifier(identifier=LINK_LAYER),
        mobility.Timestamp(seconds=1_700_000_000, fraction=5),
    )


def update() -> bytes:
    """The registration."""
    pbu = mobility.ProxyBindingUpdate(sequence=1, acknowledge=True, dmm=True, lifetime=75, options=options())
    return mobility.encode_mobility(pbu, MAG, LMA)


def acknowledgement() -> mobility.ProxyBindingAck:
    """The answer, before it is octets."""
    return mobility.ProxyBindingAck(sequence=1, dmm=True, lifetime=75, options=options())


def rates(rounds: int) -> dict[str, float]:
    """Return how many a second: updates decoded, acknowledgements encoded, built, and these together.

    The fastest round of each counts. They take turns, so that a slow second of the machine falls on all of them.
    """
    octets, answer = update(), acknowledgement()
    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: mobility.decode_mobility(octets, MAG, LMA),
        "encode": lambda: mobility.encode_mobility(answer, LMA, MAG),
        "build": acknowledgement,
    }
    seconds = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            seconds[name] = min(seconds[name], timeit.timeit(step, number=CALLS, timer=process_time) / CALLS)
    both = seconds["decode"] + seconds["encode"]
    return {name: 1 / each for name, each in (*seconds.items(), ("both", both), ("all", both + seconds["build"]))}
