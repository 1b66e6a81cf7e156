# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""All switches of a controller as speakers of mobility protocols: Proxy Mobile IPv6 or its distributed form."""

import asyncio
from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Any

import structlog

from p4dmm.config import MAX_LOCAL_PREFIXES, Mobility, Network, PortRef, Switch, is_authenticated, load_keys
from p4dmm.controller.events import NodeView
from p4dmm.controller.icmp import Icmp
from p4dmm.controller.journal import Journal
from p4dmm.controller.services import Services
from p4dmm.controller.sighting import Sighting
from p4dmm.forwarding import EXTERNAL_PATH, MAX_NODE_ID, TopologyError
from p4dmm.mobility import Admission, HandoverRefusedError, IdPool, PrefixPool
from p4dmm.mobility.dmm.cmd import Cmd
from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdNode, CmdParameters
from p4dmm.mobility.dmm.maar import Maar
from p4dmm.mobility.dmm.maar_state import MaarNode, MaarParameters
from p4dmm.mobility.exchange import Received
from p4dmm.mobility.peers import Peering, Peers, SecurityAssociation
from p4dmm.mobility.pmipv6.binding import LmaNode
from p4dmm.mobility.pmipv6.lma import Lma
from p4dmm.mobility.pmipv6.lma_parameters import LmaParameters
from p4dmm.mobility.pmipv6.mag import Mag
from p4dmm.mobility.pmipv6.mag_binding import MagNode, MagParameters
from p4dmm.mobility.pmipv6.revocation import RevocationTimers
from p4dmm.mobility.router import RouterIdentity
from p4dmm.store import Contents
from p4dmm.wire import Frame, MacAddress

from .access import AccessRouter
from .anchors import CmdHooks, LmaHooks
from .host import AdoptionError
from .policy import PolicyStore
from .site import Site
from .speaker import Speaker
from .transport import Transport

log = structlog.get_logger(__name__)

KINDS: Mapping[str, Any] = {"lma": LmaNode, "mag": MagNode, "cmd": CmdNode, "maar": MaarNode}
"""The class of what each role stores of a node."""


class Speakers:
    """Of one controller."""

    def __init__(
        self, network: Network, services: Services, icmp: Icmp, admission: Admission, journal: Journal
    ) -> None:
        self._network = network
        self._services = services
        self._policy = PolicyStore(network, admission)
        self._site = Site(
            services=services,
            mobility=network.mobility,
            journal=journal,
            transport=Transport(services, icmp, _peers(network, services), self._received),
            node_ids=IdPool("node id", MAX_NODE_ID),
            path_ids=IdPool("path id", EXTERNAL_PATH - 1),
            pools={s.name: PrefixPool(s.pool) for s in network.controlled_switches if s.pool is not None},
        )
        self._keep_prefixes()
        self._speakers: dict[str, Speaker] = {}
        for switch in network.controlled_switches:
            access = AccessRouter(switch.name, self._site, self._policy, admission) if switch.serves_nodes else None
            self._speakers[switch.name] = Speaker(switch.name, self._site, access)
            self._give_roles(self._speakers[switch.name])

    def adopt(self, contents: Contents) -> None:
        """Take over what was stored."""
        for prefix, stored in contents.prefixes.items():
            pool = self._site.pools.get(stored.switch)
            if pool is None or not pool.covers(prefix):
                log.warning("stored prefix is of no pool", prefix=str(prefix), switch=stored.switch)
            elif stored.quarantined_until is None:
                pool.claim(prefix, str(stored.owner))
            else:
                pool.rest(prefix, str(stored.owner), stored.quarantined_until)
        for (role, switch, mn_id), state in contents.nodes.items():
            speaker = self._speakers.get(switch)
            if speaker is None or role not in speaker.hosts:
                log.warning("stored binding is of no role here", role=role, switch=switch, mn_id=str(mn_id))
                continue
            try:
                speaker.adopt(role, mn_id, state)
            except (TopologyError, AdoptionError) as error:
                # The network file is another one than when it was stored. The node registers anew.
                log.warning("not adopted", role=role, switch=switch, mn_id=str(mn_id), reason=str(error))
        self._services.fabric.adopt(self._site.rows.adopted())

    def start(self) -> None:
        for speaker in self._speakers.values():
            speaker.resume()
            if speaker.access is not None:
                speaker.access.start()

    async def stop(self) -> None:
        for speaker in self._speakers.values():
            if speaker.access is not None:
                await speaker.access.stop()
        await asyncio.gather(*(speaker.stop() for speaker in self._speakers.values()))

    def reload_policy(self) -> None:
        """Read the policy file again; one that cannot be used changes nothing. Who has service goes on having it until
        the next registration."""
        self._policy.reload()
        self._keep_prefixes()

    def _keep_prefixes(self) -> None:
        for pool in self._site.pools.values():
            pool.keep(self._policy.kept_prefixes())

    def sighted(self, mac: MacAddress, sighting: Sighting) -> None:
        """A frame of that MAC came in at an access port."""
        access = self._speakers[sighting.at.switch].access
        assert access is not None
        access.sighted(mac, sighting)

    def solicited(self, mac: MacAddress, at: PortRef) -> None:
        """A Router Solicitation of that node."""
        access = self._speakers[at.switch].access
        assert access is not None
        access.solicited(mac)

    def signalled(self, at: PortRef, frame: Frame) -> None:
        """A Mobility Header came in."""
        self._site.transport.heard(at, frame)

    async def prepare(self, mac: MacAddress, to: PortRef) -> None:
        """Refused: what is expected is nothing these protocols tell. Raises HandoverRefusedError."""
        mode = self._network.mobility.mode
        raise HandoverRefusedError(
            f'{mac} cannot be expected at {to}: planned handovers need mode "sdn", this is {mode}'
        )

    def views(self) -> tuple[NodeView, ...]:
        return tuple(v for s in self._speakers.values() if s.access is not None for v in s.access.views())

    def _received(self, switch: str, received: Received) -> None:
        self._speakers[switch].received(received)

    def _give_roles(self, speaker: Speaker) -> None:
        mobility, topology = self._network.mobility, self._services.topology
        switch = topology.switches[speaker.switch]
        if switch.pool is not None:
            lma = Lma(_lma_parameters(self._network, switch.loopback, speaker.switch))
            speaker.add_anchor("lma", lma, LmaHooks(speaker.switch, self._site, self._policy, lma))
        if mobility.mode == "dmm" and switch.name == mobility.cmd:
            cmd = Cmd(_cmd_parameters(self._network, switch.loopback))
            speaker.add_anchor("cmd", cmd, CmdHooks(speaker.switch, self._site, self._policy))
        if not switch.serves_nodes:
            return
        speaker.add_access("mag", Mag(_mag_parameters(self._network, switch.loopback)), draws_prefix=False)
        if mobility.mode == "dmm":
            maar = Maar(_maar_parameters(self._network, speaker.switch))
            speaker.add_access("maar", maar, draws_prefix=True)


def _lma_parameters(network: Network, address: IPv6Address, name: str) -> LmaParameters:
    mobility, pool = network.mobility, _switch(network, name).pool
    assert pool is not None
    return LmaParameters(
        address=address,
        pool=pool,
        min_delay_before_bce_delete_s=mobility.min_delay_before_bce_delete_s,
        max_delay_before_new_bce_assign_s=mobility.max_delay_before_new_bce_assign_s,
        timestamp_validity_window_s=mobility.timestamp_validity_window_s,
        max_lifetime_s=mobility.lifetime_s,
        drain_s=network.domain.drain_s,
        revokes_at_handover=True,
        revocation=_revocation(mobility),
    )


def _mag_parameters(network: Network, address: IPv6Address) -> MagParameters:
    mobility = network.mobility
    lma = None if mobility.lma is None else _switch(network, mobility.lma).loopback
    return MagParameters(
        address=address, lma=lma, lifetime_s=mobility.lifetime_s // 4 * 4, drain_s=network.domain.drain_s
    )


def _cmd_parameters(network: Network, address: IPv6Address) -> CmdParameters:
    mobility = network.mobility
    return CmdParameters(
        address=address,
        mode=CmdMode(mobility.cmd_mode),
        max_lifetime_s=mobility.lifetime_s,
        previous_maars_max=mobility.anchors_per_node,
        local_prefixes_max=MAX_LOCAL_PREFIXES,
        answer_timeout_s=mobility.answer_timeout_s,
        timestamp_validity_window_s=mobility.timestamp_validity_window_s,
        min_delay_before_bce_delete_s=mobility.min_delay_before_bce_delete_s,
        revocation=_revocation(mobility),
        pools={s.loopback: (s.pool,) for s in network.switches if s.pool is not None},
    )


def _maar_parameters(network: Network, name: str) -> MaarParameters:
    mobility = network.mobility
    assert mobility.cmd is not None
    switch = _switch(network, name)
    return MaarParameters(
        address=switch.loopback,
        cmd=_switch(network, mobility.cmd).loopback,
        router=RouterIdentity.of(switch.router_mac),
        max_lifetime_s=mobility.lifetime_s // 4 * 4,
        drain_s=network.domain.drain_s,
        anchor_max_lifetime_s=mobility.anchor_max_lifetime_s,
        anchors_max=mobility.anchors_per_node,
        window_s=mobility.timestamp_validity_window_s,
        dlif_of={s.loopback: RouterIdentity.of(s.router_mac) for s in network.switches},
        local_prefixes=switch.local_prefixes,
        local_prefixes_max=MAX_LOCAL_PREFIXES,
        locator=mobility.cmd_mode == "locator",
    )


def _peers(network: Network, services: Services) -> Peers:
    keys = None if network.mobility.keys is None else load_keys(network.mobility.keys, network)

    def peering(own: IPv6Address, other: IPv6Address) -> Peering | None:
        here, there = services.topology.switch_at(own), services.topology.switch_at(other)
        if here is None or there is None:
            return None
        peer = network.peer(there)
        associations: tuple[SecurityAssociation, ...] = ()
        # What a switch says to itself does not leave it.
        is_required = here != there and is_authenticated(network, here, there)
        if keys is not None and is_required:
            associations = tuple(SecurityAssociation(key.spi, key.key) for key in keys.between(here, there))
        return Peering(peer.messages_per_s, associations, peer.replay_window_s, requires_authentication=is_required)

    # What was stamped before this process began may have been accepted by one before it.
    return Peers(peering, since=services.now())


def _revocation(mobility: Mobility) -> RevocationTimers:
    return RevocationTimers(
        initial_s=mobility.revocation_timeout_s,
        maximum_s=mobility.revocation_timeout_max_s,
        retries=mobility.revocation_retries,
    )


def _switch(network: Network, name: str) -> Switch:
    switch = network.switch(name)
    assert switch is not None, f"{name} was accepted and is no switch"
    return switch
