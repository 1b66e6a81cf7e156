# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which binding a Proxy Binding Update is about (RFC 5213 section 5.4.1): the binding cache entry existence test."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto, unique

from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire.mobility import HandoffIndicatorValue

from .binding import NO_LINK_LAYER_ID, ProxyBinding
from .request import Holding, Request

_BETWEEN_INTERFACES = HandoffIndicatorValue.HANDOFF_BETWEEN_TWO_DIFFERENT_INTERFACES
_SAME_INTERFACE = HandoffIndicatorValue.HANDOFF_BETWEEN_MAGS_FOR_THE_SAME_INTERFACE
_UNKNOWN = HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN


class Outcome(Enum):
    """What a rule makes of the update."""

    NEW_SESSION = auto()
    UPDATE = auto()
    WAIT = auto()
    """An update of that binding if it is de-registered in time, a new session if not."""
    NOT_AUTHORIZED = auto()
    """Status 155."""
    PREFIX_SETS_DIFFER = auto()
    """Status 159."""


@unique
class Rule(Enum):
    """The rules, by section, number and, where it has them, bullet."""

    PREFIX_UNKNOWN = "5.4.1.1 (2)"
    PREFIX_OF_ANOTHER_NODE = "5.4.1.1 (3)"
    PREFIX_SETS_DIFFER = "5.4.1.1 (4)"
    PREFIXES_AND_INTERFACE = "5.4.1.1 (5) first"
    PREFIXES_BETWEEN_INTERFACES = "5.4.1.1 (5) second"
    PREFIXES_SAME_INTERFACE_UNNAMED = "5.4.1.1 (5) third"
    PREFIXES_SAME_GATEWAY = "5.4.1.1 (5) fourth"
    PREFIXES_OTHERWISE = "5.4.1.1 (6)"
    INTERFACE_KNOWN = "5.4.1.2 (2)"
    INTERFACE_NEW_BETWEEN_INTERFACES = "5.4.1.2 (3)"
    INTERFACE_NEW_UNKNOWN_HANDOFF = "5.4.1.2 (4)"
    INTERFACE_OTHERWISE = "5.4.1.2 (5)"
    NODE_HANDOFF = "5.4.1.3 (2)"
    NODE_UNKNOWN_HANDOFF = "5.4.1.3 (3)"
    NODE_OTHERWISE = "5.4.1.3 (4)"


OUTCOMES = {
    Rule.PREFIX_UNKNOWN: Outcome.NEW_SESSION,
    Rule.PREFIX_OF_ANOTHER_NODE: Outcome.NOT_AUTHORIZED,
    Rule.PREFIX_SETS_DIFFER: Outcome.PREFIX_SETS_DIFFER,
    Rule.PREFIXES_AND_INTERFACE: Outcome.UPDATE,
    Rule.PREFIXES_BETWEEN_INTERFACES: Outcome.UPDATE,
    Rule.PREFIXES_SAME_INTERFACE_UNNAMED: Outcome.UPDATE,
    Rule.PREFIXES_SAME_GATEWAY: Outcome.UPDATE,
    Rule.PREFIXES_OTHERWISE: Outcome.NEW_SESSION,
    Rule.INTERFACE_KNOWN: Outcome.UPDATE,
    Rule.INTERFACE_NEW_BETWEEN_INTERFACES: Outcome.UPDATE,
    Rule.INTERFACE_NEW_UNKNOWN_HANDOFF: Outcome.WAIT,
    Rule.INTERFACE_OTHERWISE: Outcome.NEW_SESSION,
    Rule.NODE_HANDOFF: Outcome.UPDATE,
    Rule.NODE_UNKNOWN_HANDOFF: Outcome.WAIT,
    Rule.NODE_OTHERWISE: Outcome.NEW_SESSION,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The rule that applies, and the binding it found."""

    rule: Rule
    binding: ProxyBinding | None = None

    @property
    def outcome(self) -> Outcome:
        return OUTCOMES[self.rule]


def find(
    request: Request, mn_id: MobileNodeId, bindings: tuple[ProxyBinding, ...], holdings: tuple[Holding, ...]
) -> Finding:
    """Apply the rules in their order. `bindings` are the node's own, `holdings` say who has the prefixes asked for."""
    if request.prefixes:
        return _by_prefix(request, mn_id, bindings, holdings)
    only = bindings[0] if len(bindings) == 1 else None
    if request.link_layer_id is not None:
        return _by_interface(request, bindings, only)
    return _by_node(request, only)


def _by_prefix(
    request: Request, mn_id: MobileNodeId, bindings: tuple[ProxyBinding, ...], holdings: tuple[Holding, ...]
) -> Finding:
    asked = set(request.prefixes)
    if any(holding.prefix in asked and holding.holder not in (None, mn_id) for holding in holdings):
        return Finding(Rule.PREFIX_OF_ANOTHER_NODE)
    binding = next((binding for binding in bindings if not asked.isdisjoint(binding.prefixes)), None)
    if binding is None:
        return Finding(Rule.PREFIX_UNKNOWN)
    count = len(request.prefixes) + request.wants_prefixes
    if asked != set(binding.prefixes) or count != len(binding.prefixes):
        return Finding(Rule.PREFIX_SETS_DIFFER, binding)
    for rule, holds in _SAME_SESSION.items():
        if holds(request, binding):
            return Finding(rule, binding)
    return Finding(Rule.PREFIXES_OTHERWISE)


_SAME_SESSION: dict[Rule, Callable[[Request, ProxyBinding], bool]] = {
    Rule.PREFIXES_AND_INTERFACE: lambda request, binding: (
        request.link_layer_id == binding.link_layer_id and request.technology == binding.technology
    ),
    Rule.PREFIXES_BETWEEN_INTERFACES: lambda request, _: request.handoff == _BETWEEN_INTERFACES,
    Rule.PREFIXES_SAME_INTERFACE_UNNAMED: lambda request, binding: (
        request.link_layer_id is None
        and binding.link_layer_id == NO_LINK_LAYER_ID
        and request.technology == binding.technology
        and request.handoff == _SAME_INTERFACE
    ),
    Rule.PREFIXES_SAME_GATEWAY: lambda request, binding: (
        request.proxy_coa == binding.proxy_coa and request.technology == binding.technology
    ),
}


def _by_interface(request: Request, bindings: tuple[ProxyBinding, ...], only: ProxyBinding | None) -> Finding:
    for binding in bindings:
        if (binding.technology, binding.link_layer_id) == (request.technology, request.link_layer_id):
            return Finding(Rule.INTERFACE_KNOWN, binding)
    if only is not None and request.handoff == _BETWEEN_INTERFACES:
        return Finding(Rule.INTERFACE_NEW_BETWEEN_INTERFACES, only)
    if only is not None and request.handoff == _UNKNOWN:
        return Finding(Rule.INTERFACE_NEW_UNKNOWN_HANDOFF, only)
    return Finding(Rule.INTERFACE_OTHERWISE)


def _by_node(request: Request, only: ProxyBinding | None) -> Finding:
    if only is not None and request.handoff in (_BETWEEN_INTERFACES, _SAME_INTERFACE):
        return Finding(Rule.NODE_HANDOFF, only)
    if only is not None and request.handoff == _UNKNOWN:
        return Finding(Rule.NODE_UNKNOWN_HANDOFF, only)
    return Finding(Rule.NODE_OTHERWISE)
