# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Local mobility anchors, each on a cable with every mobile access gateway; the gateways are somebody else's.

g1 === s1 ... sN === g2
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from p4dmm.config import Network

GATEWAYS = ("g1", "g2")
NO_LIMIT = 1_000_000
"""A second: what keeps an anchor from being flooded would be all that is measured."""


def anchors(count: int) -> list[str]:
    """The names of the switches."""
    return [f"s{number}" for number in range(1, count + 1)]


def network(addresses: Sequence[str], store: Path | None = None) -> Network:
    """One anchor for each address of a P4Runtime service."""
    switches = [_anchor(number, address) for number, address in enumerate(addresses, 1)]
    switches += [_gateway(number, len(addresses)) for number in range(1, len(GATEWAYS) + 1)]
    links = [
        {"ends": [f"{anchor}:{port}", f"{gateway}:{number}"]}
        for number, anchor in enumerate(anchors(len(addresses)), 1)
        for port, gateway in enumerate(GATEWAYS, 1)
    ]
    given: dict[str, Any] = {
        "domain": {"name": "signalling"},
        "admission": {"open": True},
        "punt_rates": {"local": NO_LIMIT},
        # An update that waits for others here is not too old.
        "mobility": {"mode": "pmip", "lma": "s1", "timestamp_validity_window_s": 60.0},
        "switch": switches,
        "link": links,
        "peer": [{"name": name, "messages_per_s": NO_LIMIT, "bindings": NO_LIMIT} for name in GATEWAYS],
    }
    if store is not None:
        given["store"] = {"path": str(store)}
    return Network.model_validate(given)


def _anchor(number: int, address: str) -> Mapping[str, Any]:
    return {
        "name": f"s{number}",
        "device_id": number,
        "address": address,
        "loopback": f"2001:db8:0:{number:x}::1",
        "pool": f"2001:db8:{0x1000 + number:x}::/48",
        "ports": [{"number": port, "role": "core"} for port in range(1, len(GATEWAYS) + 1)],
    }


def _gateway(number: int, cables: int) -> Mapping[str, Any]:
    return {
        "name": f"g{number}",
        "controlled": False,
        "mac": f"02:00:01:00:00:{number:02x}",
        "loopback": f"2001:db8:0:{0x1000 + number:x}::1",
        "ports": [{"number": port, "role": "core"} for port in range(1, cables + 1)],
    }
