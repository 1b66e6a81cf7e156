# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One switch as peers see it: an address, and the roles that answer there."""

from ipaddress import IPv6Address
from typing import Any

from p4dmm.mobility.dmm.cmd_messages import acknowledgement
from p4dmm.mobility.exchange import Received, Send
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.mag import Reregister
from p4dmm.mobility.pmipv6.mag_binding import MagNode
from p4dmm.wire.mobility import (
    BaStatus,
    BindingAck,
    BindingError,
    BindingRevocationAck,
    BindingRevocationIndication,
    BindingUpdate,
    MobileNodeIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    RevocationStatus,
    RevocationTrigger,
    ServingMaar,
)
from p4dmm.wire.mobility.status import BindingErrorStatus

from .access import AccessRouter
from .agent import Hooks
from .anchors import AnchorHooks, CmdHooks, LmaHooks
from .host import RoleHost
from .roles import NodeKey, Role
from .site import Site

ACCESS_ROLES = ("mag", "maar")

_HANDOVERS = (
    RevocationTrigger.INTER_MAG_HANDOVER_SAME_ACCESS_TYPE,
    RevocationTrigger.INTER_MAG_HANDOVER_DIFFERENT_ACCESS_TYPE,
    RevocationTrigger.INTER_MAG_HANDOVER_UNKNOWN,
)


class Speaker:
    """Of one switch. `access` is None where it has no access ports."""

    def __init__(self, switch: str, site: Site, access: AccessRouter | None) -> None:
        self.switch = switch
        self.access = access
        self.hosts: dict[str, RoleHost[Any]] = {}
        self._site = site
        self._anchors: dict[str, AnchorHooks] = {}

    def add_anchor(self, name: str, role: Role[Any], anchor: LmaHooks | CmdHooks) -> None:
        """LMA or CMD."""
        self._anchors[name] = anchor
        self._add(name, role, anchor.hooks)

    def add_access(self, name: str, role: Role[Any], *, draws_prefix: bool) -> None:
        """MAG or MAAR."""
        assert self.access is not None
        self._add(name, role, self.access.hooks(name, draws_prefix=draws_prefix))
        self.access.serve({name: host for name, host in self.hosts.items() if name in ACCESS_ROLES})

    def adopt(self, name: str, mn_id: MobileNodeId, state: Any) -> None:
        """A node of the role whose state was stored."""
        host = self.hosts[name]
        key = NodeKey(state.mn_id, state.mac) if name == "mag" else NodeKey(mn_id)
        host.adopt(key, state)
        if name in self._anchors:
            self._anchors[name].adopt(key, state)
        elif self.access is not None:
            self.access.adopt(key, state, host)

    def resume(self) -> None:
        """Act on what was adopted."""
        for host in self.hosts.values():
            host.resume()

    async def stop(self) -> None:
        for host in self.hosts.values():
            await host.stop()

    def received(self, received: Received) -> None:
        """A message that its peer may send, for the role that it concerns."""
        match received.message:
            case ProxyBindingUpdate():
                self._update(received, received.message)
            case BindingUpdate():
                self._foreign_update(received, received.message)
            case ProxyBindingAck():
                self._to_all(received, ("maar", "mag", "cmd"))
            case BindingRevocationIndication():
                self._revocation(received, received.message)
            case BindingRevocationAck():
                self._to_all(received, ("lma", "cmd"))
            case BindingError(status=BindingErrorStatus.UNRECOGNIZED_MH_TYPE_VALUE):
                self._to_all(received, ACCESS_ROLES)
            case BindingAck() | BindingError():
                self._site.count("mobility messages that nobody waits for")
            case _:
                # As good as unknown: no role here has a part in it (RFC 6275 section 9.2).
                self._site.count("mobility messages of unknown type")
                status = BindingErrorStatus.UNRECOGNIZED_MH_TYPE_VALUE
                self._send(received, BindingError(status=status, home_address=IPv6Address(0)))

    def _update(self, received: Received, update: ProxyBindingUpdate) -> None:
        """With the D flag: from the CMD if it says where the node is, to the CMD if not (RFC 8885 section 4.1)."""
        name = "lma"
        if update.dmm and update.option(ServingMaar) is not None and "maar" in self.hosts:
            name = "maar"
        elif update.dmm and "cmd" in self.hosts:
            name = "cmd"
        host = self.hosts.get(name)
        if host is None:
            # RFC 5213 section 5.3.1 item 8: proxy registrations are not for this switch; RFC 8885 section 4.1: an
            # error for the D flag, for which there is no status of its own.
            status = BaStatus.REASON_UNSPECIFIED if update.dmm else BaStatus.PROXY_REG_NOT_ENABLED
            self._site.services.spawn(self._reject(received, status))
            return
        option = update.option(MobileNodeIdentifier)
        if option is None or not option.identifier:
            self._site.services.spawn(self._reject(received, BaStatus.MISSING_MN_IDENTIFIER_OPTION))
            return
        key = NodeKey(MobileNodeId.of(option))
        if name in self._anchors and not host.knows(key) and self._is_over_limit(name, received.source):
            self._site.count("registrations over the limit of the peer")
            self._site.services.spawn(self._reject(received, BaStatus.INSUFFICIENT_RESOURCES))
            return
        host.deliver(key, received)

    def _is_over_limit(self, name: str, source: IPv6Address) -> bool:
        peer = self._site.services.topology.switch_at(source)
        assert peer is not None, f"{source} was admitted and is no switch"
        limit = self._site.services.topology.network.peer(peer).bindings
        return self._anchors[name].registrations.of(source) >= limit

    def _foreign_update(self, received: Received, update: BindingUpdate) -> None:
        """A mobile node's own, or a mobile router's: this switch is no home agent (RFC 6275 section 9.5.1)."""
        self._site.count("binding updates of mobile nodes")
        if update.acknowledge:
            status = BaStatus.HOME_REGISTRATION_NOT_SUPPORTED
            self._send(received, BindingAck(status=status, sequence=update.sequence, lifetime=0))

    def _to_all(self, received: Received, names: tuple[str, ...]) -> None:
        """To whoever may have asked: each role knows its own requests. An answer may leave out whose it is (RFC 5846
        section 5.2, RFC 6275 section 6.1.9)."""
        option = received.message.option(MobileNodeIdentifier)
        delivered = False
        for name in names:
            host = self.hosts.get(name)
            if host is None:
                continue
            for key in host.waiting(received) if option is None else host.of(MobileNodeId.of(option)):
                host.deliver(key, received)
                delivered = True
        if not delivered:
            self._site.count("mobility messages that nobody waits for")

    def _revocation(self, received: Received, indication: BindingRevocationIndication) -> None:
        option = indication.option(MobileNodeIdentifier)
        delivered = False
        hosts = [self.hosts[name] for name in ACCESS_ROLES if name in self.hosts]
        for host in hosts:
            for key in [] if option is None else host.of(MobileNodeId.of(option)):
                self._deliver_revocation(host, key, received, indication)
                delivered = True
        if not delivered:
            status = (
                RevocationStatus.GLOBAL_REVOCATION_NOT_AUTHORIZED
                if indication.is_global
                else RevocationStatus.BINDING_DOES_NOT_EXIST
                if option is not None
                else RevocationStatus.REVOKED_MOBILE_NODES_IDENTITY_REQUIRED
            )
            answer = BindingRevocationAck(
                status=status,
                sequence=indication.sequence,
                proxy_binding=indication.proxy_binding,
                ipv4_only=indication.ipv4_only,
                is_global=indication.is_global,
                options=() if option is None else (option,),
            )
            self._send(received, answer)

    def _deliver_revocation(
        self, host: RoleHost[Any], key: NodeKey, received: Received, indication: BindingRevocationIndication
    ) -> None:
        """A gateway that is told by the node's anchor that it is elsewhere sees for itself first (RFC 5846 section
        9.1)."""
        state = host.state(key)
        is_of_anchor = isinstance(state, MagNode) and state.lma == received.source
        if is_of_anchor and indication.trigger in _HANDOVERS and self.access is not None:
            self._site.services.spawn(self._look_and_deliver(self.access, host, key, received))
        else:
            host.deliver(key, received)

    async def _look_and_deliver(
        self, access: AccessRouter, host: RoleHost[Any], key: NodeKey, received: Received
    ) -> None:
        is_here = await access.look_for(key)
        host.deliver(key, received)
        if is_here:
            # The anchor has it elsewhere, and is wrong, or was overtaken by the node's return.
            host.deliver(key, Reregister())

    async def _reject(self, received: Received, status: BaStatus) -> None:
        self._site.count(f"proxy binding updates rejected: {status.name}")
        await self._site.transport.send(self.switch, acknowledgement(received, status=status, now=self._site.now()))

    def _send(self, received: Received, message: Any) -> None:
        answer = Send(message, received.destination, received.source)
        self._site.services.spawn(self._site.transport.send(self.switch, answer))

    def _add(self, name: str, role: Role[Any], hooks: Hooks[Any]) -> None:
        self.hosts[name] = RoleHost(role, name, self.switch, self._site, hooks)
