# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a Central Mobility Database owes others: the S-MAAR an answer, P-MAARs the place of the node or the end of a
prefix. Each function returns the node as it is then, and what is to be sent now.
"""

from collections.abc import Iterable
from dataclasses import replace

from p4dmm.mobility.exchange import Received, Send, begin
from p4dmm.mobility.pmipv6 import revocation
from p4dmm.mobility.pmipv6.revocation import PendingRevocation
from p4dmm.wire.mobility import RevocationTrigger, successor

from .cmd_messages import acknowledgement, location_update
from .cmd_state import AnchoringMaar, CmdMode, CmdNode, CmdParameters, PreviousAnchor

Step = tuple[CmdNode, tuple[Send, ...]]


def answered(parameters: CmdParameters, node: CmdNode, now: float) -> Step:
    """With the answer that is owed to the S-MAAR, if there is nothing to wait for."""
    owed, serving = node.registration, node.serving
    if owed is None or owed.answer_at is None or serving is None:
        return node, ()
    if owed.answer_at > now and any(anchor.pending is not None for anchor in node.previous):
        return node, ()
    is_proxy = parameters.mode is CmdMode.PROXY
    told = [anchor.maar for anchor in node.previous if is_proxy or anchor.pending is None]
    # What comes later is told once and not acknowledged: where it is lost, the next extension brings it, which is soon.
    longest = owed.lifetime if len(told) == len(node.previous) else parameters.incomplete_lifetime_s // 4
    answer = acknowledgement(
        Received(owed.update, owed.source, parameters.address),
        lifetime=min(owed.lifetime, longest),
        prefixes=serving.prefixes,
        previous=told,
        now=now,
    )
    return replace(node, registration=replace(owed, answer_at=None)), (answer,)


def ask(parameters: CmdParameters, node: CmdNode, maars: Iterable[AnchoringMaar], now: float) -> Step:
    """Make them P-MAARs and tell them the serving one."""
    assert node.serving is not None
    assert node.registration is not None
    outputs: list[Send] = []
    for maar in maars:
        asked, lifetime = node.registration.update, node.registration.lifetime
        update = location_update(asked, maar, node.serving.address, lifetime=lifetime)
        pending = begin(update, source=parameters.address, peer=maar.peer, last_sequence=node.last_sequence, now=now)
        node = replace(
            node, previous=(*node.previous, PreviousAnchor(maar, pending)), last_sequence=pending.update.sequence
        )
        outputs.append(pending.sending)
    return node, tuple(outputs)


def revoke(parameters: CmdParameters, node: CmdNode, maars: Iterable[AnchoringMaar], now: float) -> Step:
    """Begin to tell MAARs that their prefixes are over. What is too much is given up, the oldest first."""
    outputs: list[Send] = []
    for maar in maars:
        sequence = successor(node.last_sequence)
        pending = revocation.begin(
            node.mn_id,
            maar.prefixes,
            proxy_coa=maar.address,
            source=parameters.address,
            peer=maar.peer,
            trigger=RevocationTrigger.ADMINISTRATIVE_REASON,
            sequence=sequence,
            timers=parameters.revocation,
            now=now,
        )
        revocations = (*node.revocations, pending)[-parameters.revocations_max :]
        node = replace(node, revocations=revocations, last_sequence=sequence)
        outputs.append(pending.sending)
    return node, tuple(outputs)


def updates_repeated(node: CmdNode, now: float) -> Step:
    """Until there is an answer, or no registration any more (RFC 8885 section 3.6)."""
    outputs: list[Send] = []
    anchors: list[PreviousAnchor] = []
    sequence = node.last_sequence
    for anchor in node.previous:
        pending = anchor.pending
        if pending is not None and pending.repeat_at <= now:
            # The number after the last one of all, lest a later request to that P-MAAR has a lower one.
            pending = replace(pending, update=replace(pending.update, sequence=sequence)).repeated(now)
            sequence = pending.update.sequence
            outputs.append(pending.sending)
        anchors.append(replace(anchor, pending=pending))
    return replace(node, previous=tuple(anchors), last_sequence=sequence), tuple(outputs)


def revocations_repeated(parameters: CmdParameters, node: CmdNode, now: float) -> Step:
    """As often as allowed; then it is given up (RFC 5846 section 6.3)."""
    outputs: list[Send] = []
    revocations: list[PendingRevocation] = []
    for pending in node.revocations:
        if pending.repeat_at > now:
            revocations.append(pending)
        elif pending.retries_left:
            revocations.append(pending.repeated(parameters.revocation, now))
            outputs.append(pending.sending)
    return replace(node, revocations=tuple(revocations)), tuple(outputs)
