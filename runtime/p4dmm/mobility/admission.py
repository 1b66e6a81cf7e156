# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Who may attach."""

from dataclasses import dataclass

from p4dmm.wire import MacAddress


class AdmissionError(Exception):
    """A node that may not attach: names it and the rule."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The policy of a domain. `nodes` None: anybody."""

    nodes: frozenset[MacAddress] | None
    nodes_per_port: int

    def check(self, mac: MacAddress, place: tuple[str, int], others_there: int) -> None:
        """Raises AdmissionError if the node may not attach there; `others_there` counts the nodes the port has
        already."""
        if mac.is_group or not int(mac):
            raise AdmissionError(f"{mac} is no unicast MAC address")
        if self.nodes is not None and mac not in self.nodes:
            raise AdmissionError(f"{mac} is not in the list of admitted nodes")
        if others_there >= self.nodes_per_port:
            raise AdmissionError(f"port {place[0]}:{place[1]} has {others_there} nodes, at most {self.nodes_per_port}")
