# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The binding cache entry existence test (RFC 5213 section 5.4.1), rule by rule."""

import pytest

from p4dmm.mobility.exchange import Received
from p4dmm.mobility.pmipv6.binding import NO_LINK_LAYER_ID, ProxyBinding
from p4dmm.mobility.pmipv6.existence import OUTCOMES, Finding, Outcome, Rule, find
from p4dmm.mobility.pmipv6.request import Holding, Request

from .lma_support import LLI_A, LLI_B, LMAA, LTE, MAG1, MAG2, MN, OTHER, WLAN, home, on_the_wire, update

P, Q, R, S = (home(n) for n in range(4))


def session(prefixes=(P,), *, lli=LLI_A, att=WLAN, coa=MAG1):
    return ProxyBinding(
        prefixes=tuple(prefixes),
        proxy_coa=coa,
        peer=coa,
        anchor=LMAA,
        link_layer_id=lli,
        technology=att,
        link_local=LMAA,
        sequence=0,
        ends_at=0.0,
    )


ONE = session()
TWO = session((Q,), lli=LLI_B)
BARE = session(lli=NO_LINK_LAYER_ID)
WIDE = session((P, Q))

# Rule, sender, fields of the update, bindings, the one that is found.
CASES = [
    pytest.param(Rule.PREFIX_UNKNOWN, MAG1, {"hnps": (S,)}, [ONE], None, id="hnp-unknown"),
    pytest.param(Rule.PREFIX_UNKNOWN, MAG1, {"hnps": (S,), "lifetime": 0}, [ONE], None, id="hnp-unknown-end"),
    pytest.param(Rule.PREFIX_UNKNOWN, MAG1, {"hnps": (P,)}, [], None, id="hnp-no-binding"),
    pytest.param(Rule.PREFIX_OF_ANOTHER_NODE, MAG1, {"hnps": (R,)}, [ONE], None, id="hnp-another-node"),
    pytest.param(Rule.PREFIX_OF_ANOTHER_NODE, MAG1, {"hnps": (P, R)}, [ONE], None, id="hnp-own-and-another-node"),
    pytest.param(Rule.PREFIX_SETS_DIFFER, MAG1, {"hnps": (P, Q)}, [ONE], ONE, id="hnp-more"),
    pytest.param(Rule.PREFIX_SETS_DIFFER, MAG1, {"hnps": (P,)}, [WIDE], WIDE, id="hnp-fewer"),
    pytest.param(Rule.PREFIX_SETS_DIFFER, MAG1, {"hnps": (P, P)}, [ONE], ONE, id="hnp-count"),
    pytest.param(Rule.PREFIX_SETS_DIFFER, MAG1, {"hnps": (P, P)}, [WIDE], WIDE, id="hnp-twice"),
    pytest.param(Rule.PREFIX_SETS_DIFFER, MAG1, {"hnps": (P, None)}, [ONE], ONE, id="hnp-and-all-zero"),
    pytest.param(Rule.PREFIX_SETS_DIFFER, MAG1, {"hnps": (P, Q)}, [ONE, TWO], ONE, id="hnp-of-two-sessions"),
    pytest.param(Rule.PREFIXES_AND_INTERFACE, MAG2, {"hnps": (P,), "hi": 3}, [ONE, TWO], ONE, id="hnp-interface"),
    pytest.param(Rule.PREFIXES_AND_INTERFACE, MAG2, {"hnps": (P,), "hi": 1}, [ONE], ONE, id="hnp-interface-any-hi"),
    pytest.param(Rule.PREFIXES_AND_INTERFACE, MAG2, {"hnps": (Q, P)}, [WIDE], WIDE, id="hnp-order"),
    pytest.param(
        Rule.PREFIXES_BETWEEN_INTERFACES,
        MAG2,
        {"hnps": (P,), "hi": 2, "lli": LLI_B, "att": LTE},
        [ONE],
        ONE,
        id="hnp-hi2",
    ),
    pytest.param(
        Rule.PREFIXES_SAME_INTERFACE_UNNAMED,
        MAG2,
        {"hnps": (P,), "hi": 3, "lli": None},
        [BARE],
        BARE,
        id="hnp-unnamed-hi3",
    ),
    pytest.param(
        Rule.PREFIXES_SAME_INTERFACE_UNNAMED,
        MAG2,
        {"hnps": (P,), "hi": 3, "lli": bytes(6)},
        [BARE],
        BARE,
        id="hnp-all-zero-lli-hi3",
    ),
    pytest.param(
        Rule.PREFIXES_SAME_GATEWAY, MAG1, {"hnps": (P,), "hi": 5, "lli": LLI_B}, [ONE], ONE, id="hnp-same-gateway"
    ),
    pytest.param(
        Rule.PREFIXES_SAME_GATEWAY,
        MAG2,
        {"hnps": (P,), "hi": 5, "lli": None, "alternate": MAG1},
        [ONE],
        ONE,
        id="hnp-same-alternate-coa",
    ),
    pytest.param(
        Rule.PREFIXES_OTHERWISE,
        MAG1,
        {"hnps": (P,), "hi": 5, "lli": None, "alternate": MAG2},
        [ONE],
        None,
        id="hnp-other-alternate-coa",
    ),
    pytest.param(Rule.PREFIXES_OTHERWISE, MAG2, {"hnps": (P,), "lli": LLI_B}, [ONE], None, id="hnp-otherwise-lli"),
    pytest.param(
        Rule.PREFIXES_OTHERWISE, MAG2, {"hnps": (P,), "hi": 3, "lli": None}, [ONE], None, id="hnp-otherwise-named"
    ),
    pytest.param(
        Rule.PREFIXES_OTHERWISE, MAG2, {"hnps": (P,), "hi": 4, "lli": None}, [BARE], None, id="hnp-otherwise-hi4"
    ),
    pytest.param(
        Rule.PREFIXES_OTHERWISE,
        MAG2,
        {"hnps": (P,), "hi": 3, "lli": None, "att": LTE},
        [BARE],
        None,
        id="hnp-otherwise-att",
    ),
    pytest.param(
        Rule.PREFIXES_OTHERWISE, MAG1, {"hnps": (P,), "hi": 5, "att": LTE}, [ONE], None, id="hnp-same-gateway-att"
    ),
    pytest.param(Rule.INTERFACE_KNOWN, MAG2, {"hi": 4}, [TWO, ONE], ONE, id="lli-known"),
    pytest.param(Rule.INTERFACE_KNOWN, MAG2, {"hi": 1}, [ONE], ONE, id="lli-known-any-hi"),
    pytest.param(
        Rule.INTERFACE_NEW_BETWEEN_INTERFACES, MAG2, {"hi": 2, "lli": LLI_B}, [ONE], ONE, id="lli-new-hi2-one"
    ),
    pytest.param(
        Rule.INTERFACE_NEW_BETWEEN_INTERFACES, MAG2, {"hi": 2, "att": LTE}, [ONE], ONE, id="lli-other-att-hi2-one"
    ),
    pytest.param(Rule.INTERFACE_NEW_UNKNOWN_HANDOFF, MAG2, {"hi": 4, "lli": LLI_B}, [ONE], ONE, id="lli-new-hi4-one"),
    pytest.param(
        Rule.INTERFACE_OTHERWISE, MAG2, {"hi": 2, "lli": LLI_B, "att": LTE}, [ONE, TWO], None, id="lli-new-hi2-two"
    ),
    pytest.param(
        Rule.INTERFACE_OTHERWISE, MAG2, {"hi": 4, "lli": LLI_B, "att": LTE}, [ONE, TWO], None, id="lli-new-hi4-two"
    ),
    pytest.param(Rule.INTERFACE_OTHERWISE, MAG2, {"hi": 3, "lli": LLI_B}, [ONE], None, id="lli-new-hi3"),
    pytest.param(Rule.INTERFACE_OTHERWISE, MAG1, {"hi": 1, "lli": LLI_B}, [ONE], None, id="lli-new-hi1"),
    pytest.param(Rule.INTERFACE_OTHERWISE, MAG1, {"hi": 4}, [], None, id="lli-no-binding"),
    pytest.param(Rule.NODE_HANDOFF, MAG2, {"hi": 2, "lli": None}, [ONE], ONE, id="node-hi2"),
    pytest.param(Rule.NODE_HANDOFF, MAG2, {"hi": 3, "lli": None, "att": LTE}, [ONE], ONE, id="node-hi3"),
    pytest.param(Rule.NODE_HANDOFF, MAG2, {"hi": 3, "lli": bytes(6)}, [ONE], ONE, id="node-all-zero-lli"),
    pytest.param(Rule.NODE_UNKNOWN_HANDOFF, MAG2, {"hi": 4, "lli": None}, [BARE], BARE, id="node-hi4"),
    pytest.param(Rule.NODE_OTHERWISE, MAG2, {"hi": 3, "lli": None}, [ONE, TWO], None, id="node-hi3-two"),
    pytest.param(Rule.NODE_OTHERWISE, MAG2, {"hi": 4, "lli": None}, [ONE, TWO], None, id="node-hi4-two"),
    pytest.param(Rule.NODE_OTHERWISE, MAG1, {"hi": 1, "lli": None}, [BARE], None, id="node-hi1"),
    pytest.param(Rule.NODE_OTHERWISE, MAG1, {"hi": 5, "lli": None}, [BARE], None, id="node-hi5"),
    pytest.param(Rule.NODE_OTHERWISE, MAG1, {"hi": 3, "lli": None}, [], None, id="node-no-binding"),
]


@pytest.mark.parametrize(("rule", "source", "fields", "bindings", "found"), CASES)
def test_rule(rule, source, fields, bindings, found):
    message = on_the_wire(update(**fields), source, LMAA)
    holdings = [Holding(P, MN), Holding(Q, MN), Holding(R, OTHER), Holding(S, None, is_available=True)]
    request = Request.of(Received(message, source, LMAA))
    assert find(request, MN, tuple(bindings), tuple(holdings)) == Finding(rule, found)


def test_every_rule_has_a_case():
    assert {case.values[0] for case in CASES} == set(Rule) == set(OUTCOMES)


def test_every_outcome_has_a_rule():
    assert set(OUTCOMES.values()) == set(Outcome)


def test_bits_behind_the_prefix_length_mean_nothing():
    message = update(hnps=(P,))
    noisy = message.options[1].__class__(prefix_length=64, prefix=P.network_address + 5)
    message = update(hnps=()).__class__(
        sequence=1, lifetime=1, options=(message.options[0], noisy, *message.options[2:])
    )
    request = Request.of(Received(on_the_wire(message, MAG1, LMAA), MAG1, LMAA))
    assert find(request, MN, (ONE,), ()) == Finding(Rule.PREFIXES_AND_INTERFACE, ONE)
