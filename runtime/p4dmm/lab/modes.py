# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The modes of mobility as a lab sees them: which there are, and what each promises a node that moves."""

from p4dmm.config import ConfigError, Mobility, Network, Node, Switch, load_policy

ALL_MODES = ("sdn", "pmip", "dmm relay", "dmm locator", "dmm proxy")


def mode_name(network: Network) -> str:
    """One of ALL_MODES."""
    mobility = network.mobility
    return f"{mobility.mode} {mobility.cmd_mode}" if mobility.mode == "dmm" else mobility.mode


def in_mode(network: Network, mode: str | None = None, cmd_mode: str | None = None) -> Network:
    """The network in another mode; None leaves what its file says. Raises ConfigError if the file lacks what the mode
    needs, or where a `cmd_mode` has no meaning."""
    wanted = {"mode": mode, "cmd_mode": cmd_mode}
    fields = network.mobility.model_dump() | {name: value for name, value in wanted.items() if value is not None}
    mobility = Mobility.model_validate(fields)
    if cmd_mode is not None and mobility.mode != "dmm":
        raise ConfigError(None, f'a CMD that is {cmd_mode} needs mode "dmm", this is {mobility.mode}')
    return network.model_copy(update={"mobility": mobility}).in_mode(mobility.mode)


def in_every_mode(network: Network) -> tuple[Network, ...]:
    """In the order of ALL_MODES. Raises ConfigError if the file lacks what one of them needs."""
    cmd_modes = ("relay", "locator", "proxy")
    return in_mode(network, "sdn"), in_mode(network, "pmip"), *(in_mode(network, "dmm", cmd) for cmd in cmd_modes)


def plans_handovers(network: Network) -> bool:
    """Whether a node can be expected somewhere: PMIPv6 and RFC 8885 have no message for that."""
    return network.mobility.mode == "sdn"


def anchor_of(network: Network, node: Node, at: Switch) -> Switch:
    """The switch from whose pool the node gets the address for new connections while it is attached there: that very
    switch (RFC 8885 section 3.7), or the local mobility anchor of a node that has one, the same wherever it is
    (RFC 5213). Raises ConfigError if the policy file cannot be used."""
    mobility = network.mobility
    if mobility.mode == "sdn":
        return at
    lma = mobility.lma if mobility.mode == "pmip" else None
    if mobility.policy is not None:
        policy = load_policy(mobility.policy, network)
        lma = (policy.node(node.mac) or policy.default).lma or lma
    anchor = at if lma is None else network.switch(lma)
    assert anchor is not None, f"{lma} was accepted and is no switch"
    return anchor
