# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Flow bindings of the model: RFC 6089 s4.3 with the selectors of RFC 6088 s3."""

from .encapsulate import ports_of
from .outcome import Drop, dropped
from .packets import AH, ESP, IPv6Header, Packet
from .state import FlowAction, FlowSelector, Switch


def flow_action(switch: Switch, flow_set: int, packet: Packet) -> FlowAction:
    """Of the first selector, by priority, that the packet matches; the larger number is first."""
    selectors = switch.flow_selectors if packet.is_ipv6 else switch.ipv4_flow_selectors
    hits = [row for row in selectors if row.flow_set == flow_set and _matches(row, packet)]
    if not hits:
        raise dropped(Drop.FLOW_UNMATCHED)
    return max(hits, key=lambda row: row.priority).action


def _matches(row: FlowSelector, packet: Packet) -> bool:
    header = packet.header
    source_port, destination_port = ports_of(packet)
    masked = (
        (row.source, int(header.src)),
        (row.destination, int(header.dst)),
        (row.spi, security_parameters_index(packet)),
    )
    ranged = [
        (row.source_port, source_port),
        (row.destination_port, destination_port),
        (row.dscp, header.dscp),
        (row.protocol, packet.protocol),
    ]
    if isinstance(header, IPv6Header) and row.flow_label is not None:
        ranged.append((row.flow_label, header.flow_label))
    return all(seen & mask == value for (value, mask), seen in masked) and all(
        low <= seen <= high for (low, high), seen in ranged
    )


def security_parameters_index(packet: Packet) -> int:
    """Of an ESP (RFC 4303 s2) or AH (RFC 4302 s2) header next to the base header, else 0."""
    offset = {ESP: 0, AH: 4}.get(packet.protocol)
    if offset is None or len(packet.payload) < offset + 4:
        return 0
    return int.from_bytes(packet.payload[offset : offset + 4], "big")
