# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The policy store (RFC 5213 section 6.1) as the roles ask for it; its file may be read again while they run."""

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import structlog

from p4dmm.config import ConfigError, Network, NodePolicy, Policy, load_policy
from p4dmm.mobility import Admission, AdmissionError
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import MnIdSubtype

log = structlog.get_logger(__name__)


class PolicyStore:
    """Nodes by the MAC address of an interface, at access ports, or by MN-ID, in signalling. Without a policy file the
    network file's [admission] decides."""

    def __init__(self, network: Network, admission: Admission) -> None:
        self._network = network
        self._admission = admission
        self._policy = self._load()

    def reload(self) -> None:
        """Read the file again; one that cannot be used changes nothing."""
        try:
            self._policy = self._load()
        except ConfigError as error:
            log.error("policy not reloaded", reason=str(error))
        else:
            log.info("policy reloaded")

    def kept_prefixes(self) -> dict[IPv6Network, str]:
        """Prefixes that are for one node alone, and for whom."""
        entries = () if self._policy is None else self._policy.nodes
        return {prefix: str(_name(entry)) for entry in entries for prefix in entry.prefixes}

    def profile(self, mac: MacAddress) -> NodeProfile:
        """Of the node with that interface. Raises AdmissionError if it may not attach."""
        policy = self._policy
        if policy is None:
            return NodeProfile(MobileNodeId.eui48(mac))
        entry = policy.node(mac)
        if entry is not None:
            return self._of_entries(_name(entry), [entry])
        if not policy.default.admit:
            raise AdmissionError(f"{mac} is not in the policy file")
        return self._of_default(MobileNodeId.eui48(mac), policy)

    def named(self, mn_id: MobileNodeId) -> NodeProfile | None:
        """Of the node with that identifier; None: it is not known."""
        policy = self._policy
        mac = (
            MacAddress(mn_id.identifier) if mn_id.subtype == MnIdSubtype.EUI_48 and len(mn_id.identifier) == 6 else None
        )
        if policy is None:
            is_admitted = self._admission.nodes is None or mac in self._admission.nodes
            return NodeProfile(mn_id) if is_admitted else None
        entries: Iterable[NodePolicy] = ()
        if mn_id.subtype == MnIdSubtype.NAI:
            entries = policy.named(mn_id.identifier.decode("utf-8", "replace"))
        elif mac is not None:
            entry = policy.node(mac)
            entries = () if entry is None or entry.mn_id is not None else (entry,)
        found = list(entries)
        if found:
            return self._of_entries(mn_id, found)
        return self._of_default(mn_id, policy) if policy.default.admit else None

    def _load(self) -> Policy | None:
        path: Path | None = self._network.mobility.policy
        return None if path is None else load_policy(path, self._network)

    def _of_entries(self, mn_id: MobileNodeId, entries: list[NodePolicy]) -> NodeProfile:
        first = entries[0]
        return NodeProfile(
            mn_id,
            proxy_registration=first.allow,
            mags=self._addresses(first.mags),
            prefixes=tuple(prefix for entry in entries for prefix in entry.prefixes),
            prefixes_per_interface=first.prefixes_per_interface,
            lma=self._address(first.lma),
        )

    def _of_default(self, mn_id: MobileNodeId, policy: Policy) -> NodeProfile:
        default = policy.default
        return NodeProfile(
            mn_id,
            mags=self._addresses(default.mags),
            prefixes_per_interface=default.prefixes_per_interface,
            lma=self._address(default.lma),
        )

    def _addresses(self, names: tuple[str, ...] | None) -> frozenset[IPv6Address] | None:
        return None if names is None else frozenset(filter(None, map(self._address, names)))

    def _address(self, name: str | None) -> IPv6Address | None:
        switch = None if name is None else self._network.switch(name)
        return None if switch is None else switch.loopback


def _name(entry: NodePolicy) -> MobileNodeId:
    return MobileNodeId.eui48(entry.mac) if entry.mn_id is None else MobileNodeId.nai(entry.mn_id)
