# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Whether controllers and switches have come to rest with what they should have.

What a switch should hold follows here from where the nodes are and from what the one place says that knows all of a
node (LMA, CMD, or the controller's own binding), by the function that says it for a whole domain: not from what each
switch's own role believes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from itertools import combinations
from typing import Any

from p4dmm.config import PortRef
from p4dmm.controller import Controller
from p4dmm.controller.nodes import NodeRegistry
from p4dmm.controller.speakers.host import RoleHost
from p4dmm.forwarding import METERS, Row, RowKey, entries_for
from p4dmm.mobility import Attachment, BindingCacheEntry, HomePrefix
from p4dmm.mobility.dmm.cmd_state import CmdNode
from p4dmm.mobility.dmm.maar_state import MaarNode
from p4dmm.mobility.dmm.maar_state import Phase as MaarPhase
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.binding import LmaNode
from p4dmm.mobility.pmipv6.binding import Phase as LmaPhase
from p4dmm.mobility.pmipv6.mag_binding import MagNode, MagPhase
from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.switches import difference
from p4dmm.wire import MacAddress

Places = Mapping[MacAddress, PortRef]
"""Where each node is plugged in."""

_OF_NODES = ("access_nodes", "prefix_sources", "prefix_bindings", "path_bindings")


@dataclass(frozen=True)
class Rest:
    """What is not as it should be, and the bindings of all nodes for which it is."""

    problems: tuple[str, ...]
    bindings: tuple[BindingCacheEntry, ...]

    def prefixes(self, mac: MacAddress) -> dict[IPv6Network, str]:
        """Of a node, each with its anchor."""
        return {h.prefix: h.anchor for bce in self.bindings if bce.mac == mac for h in bce.hnps}


async def rest(controllers: list[Controller], places: Places) -> Rest:
    """As it is now. Nodes that are plugged in nowhere are left out, with what is left of them."""
    if isinstance(controllers[0]._nodes, NodeRegistry):
        problems, bindings = _of_domain(controllers[0]._nodes, places)
    else:
        problems, bindings = _Speaking(controllers).look(places)
    for one, other in combinations(bindings, 2):
        both = {h.prefix for h in one.hnps} & {h.prefix for h in other.hnps}
        problems += [f"{prefix} is {one.mn_id}'s and {other.mn_id}'s" for prefix in both]
    if not problems:
        for controller in controllers:
            problems += _rows(controller, bindings)
    if not problems:
        for controller in controllers:
            problems += await _held(controller)
    return Rest(tuple(problems), tuple(bindings))


def failures(controllers: list[Controller]) -> dict[str, int]:
    """Counters of what must never happen."""
    names = ("events failed", "events lost", "refused")
    return {
        name: count
        for controller in controllers
        for name, count in controller.counters.items()
        if count and name.rpartition(": ")[2] in names
    }


def _of_domain(nodes: NodeRegistry, places: Places) -> tuple[list[str], list[BindingCacheEntry]]:
    problems, bindings = [], []
    for mac, place in places.items():
        agent = nodes._agents.get(mac)
        bce = None if agent is None else agent.bce
        if bce is None or bce.serving is None or bce.serving.place != (place.switch, place.port):
            problems.append(f"{mac} is at {place}, its binding is {bce}")
        elif bce.draining or bce.target is not None:
            problems.append(f"{mac}: its handover is under way: {bce}")
        else:
            bindings.append(bce)
    bindings += [a.bce for mac, a in nodes._agents.items() if mac not in places and a.bce.serving is not None]
    return problems, bindings


class _Speaking:
    """The roles of all controllers."""

    def __init__(self, controllers: list[Controller]) -> None:
        self._speakers = {name: s for c in controllers for name, s in c._nodes._speakers.items()}  # type: ignore[union-attr]
        self._topology = controllers[0]._topology
        self._loopbacks = {self._topology.switches[name].loopback: name for name in self._speakers}

    def look(self, places: Places) -> tuple[list[str], list[BindingCacheEntry]]:
        problems, bindings = [], []
        nodes = {MobileNodeId.eui48(mac): (mac, place) for mac, place in places.items()}
        for name in ("cmd", "maar", "lma", "mag"):
            strangers = {mn_id for _, mn_id, _ in self._states(name) if mn_id not in nodes}
            problems += [f"{name} knows {mn_id}, which is nowhere" for mn_id in strangers]
        for mn_id, (mac, place) in nodes.items():
            look = self._distributed if any("cmd" in s.hosts for s in self._speakers.values()) else self._proxied
            found = look(mn_id, mac, place)
            if isinstance(found, BindingCacheEntry):
                bindings.append(found)
            else:
                problems.append(f"{mn_id}, at {place}: {found}")
        return problems, bindings

    def _states(self, role: str, mn_id: MobileNodeId | None = None) -> Iterator[tuple[str, MobileNodeId, Any]]:
        for switch, speaker in self._speakers.items():
            host: RoleHost[Any] | None = speaker.hosts.get(role)
            for key, state in () if host is None else host.states():
                if mn_id is None or key.mn_id == mn_id:
                    yield switch, key.mn_id, state

    def _proxied(self, mn_id: MobileNodeId, mac: MacAddress, place: PortRef) -> BindingCacheEntry | str:
        anchors: list[LmaNode] = [state for _, _, state in self._states("lma", mn_id)]
        if len(anchors) != 1 or len(anchors[0].bindings) != 1 or anchors[0].waiting or anchors[0].revocations:
            return f"the LMA has {anchors}"
        (binding,) = anchors[0].bindings
        if self._loopbacks[binding.proxy_coa] != place.switch or binding.phase is not LmaPhase.REGISTERED:
            return f"the LMA has {binding}"
        if binding.former:
            return f"it is drained: {binding}"
        gateways: dict[str, MagNode] = {switch: state for switch, _, state in self._states("mag", mn_id)}
        gateway = gateways.pop(place.switch, None)
        if gateways or gateway is None or gateway.phase is not MagPhase.REGISTERED:
            return f"there the MAG has {gateway}, elsewhere {gateways}"
        if gateway.pending is not None or gateway.left is not None or gateway.withdrawn:
            return f"the MAG has {gateway}"
        if gateway.prefixes != binding.prefixes:
            return f"the MAG has {gateway.prefixes}, the LMA {binding.prefixes}"
        anchor = self._loopbacks[binding.anchor]
        prefixes = tuple(HomePrefix(prefix, anchor, router=PMIPV6_ROUTER) for prefix in binding.prefixes)
        return _binding(mn_id, mac, place, gateway.attachment, gateway.node_id, prefixes)

    def _distributed(self, mn_id: MobileNodeId, mac: MacAddress, place: PortRef) -> BindingCacheEntry | str:
        bases: list[CmdNode] = [state for _, _, state in self._states("cmd", mn_id)]
        if len(bases) != 1 or bases[0].serving is None or self._loopbacks[bases[0].serving.address] != place.switch:
            return f"the CMD has {bases}"
        (base,) = bases
        is_busy = base.revocations or any(anchor.pending for anchor in base.previous)
        if is_busy or base.registration is None or base.registration.answer_at is not None or base.is_deregistered:
            return f"the CMD has {base}"
        routers: dict[str, MaarNode] = {switch: state for switch, _, state in self._states("maar", mn_id)}
        for switch, state in routers.items():
            if state.pending is not None or state.retiring is not None or state.left is not None or state.previous:
                return f"{switch} has {state}"
        anchored = {prefix: self._loopbacks[maar.address] for maar in base.maars for prefix in maar.prefixes}
        held = {state.own_prefix: switch for switch, state in routers.items()}
        if held != anchored:
            return f"the CMD says {anchored}, MAARs hold {held}"
        serving = routers.pop(place.switch)
        if serving.phase is not MaarPhase.SERVING:
            return f"the MAAR has {serving}"
        others = {anchor.prefix: self._loopbacks[anchor.address] for anchor in serving.anchors}
        if {**others, serving.own_prefix: place.switch} != anchored:
            return f"the CMD says {anchored}, the S-MAAR {others} and {serving.own_prefix}"
        for switch, state in routers.items():
            if state.phase is not MaarPhase.PREVIOUS or self._loopbacks.get(_address(state.serving)) != place.switch:
                return f"{switch} has {state}"
        prefixes = tuple(HomePrefix(prefix, anchor) for prefix, anchor in anchored.items())
        return _binding(mn_id, mac, place, serving.attachment, serving.node_id, prefixes)


def _address(address: IPv6Address | None) -> IPv6Address:
    return IPv6Address(0) if address is None else address


def _binding(
    mn_id: MobileNodeId,
    mac: MacAddress,
    place: PortRef,
    attachment: Attachment | None,
    node_id: int,
    prefixes: tuple[HomePrefix, ...],
) -> BindingCacheEntry | str:
    if attachment is None or attachment.place != (place.switch, place.port):
        return f"it is served at {attachment}"
    return BindingCacheEntry(mn_id=str(mn_id), mac=mac, node_id=node_id, serving=attachment, hnps=prefixes)


def _rows(controller: Controller, bindings: list[BindingCacheEntry]) -> Iterator[str]:
    """What the switches are wanted to hold for nodes, and what they should hold."""
    fabric = controller._fabric
    should: dict[RowKey, Row] = {}
    for binding in bindings:
        should |= entries_for(binding, controller._topology)
    for switch, wanted in fabric.wanted.items():
        base = fabric._base[switch]
        for key in {*wanted, *(key for key in should if key.switch == switch)}:
            if key.table in _OF_NODES and key not in base and wanted.get(key) != should.get(key):
                yield f"{key}: wanted is {wanted.get(key)}, the nodes need {should.get(key)}"


async def _held(controller: Controller) -> list[str]:
    fabric = controller._fabric
    found = []
    for switch, connection in fabric.connections.items():
        writes = difference(await connection.read_rows(), fabric.wanted[switch].values())
        # Meters are not read: they are no entries.
        left = [write for write in writes.writes if write.row.at.table not in METERS]
        if left:
            found.append(f"{switch} differs from what is wanted: {left}")
    return found
