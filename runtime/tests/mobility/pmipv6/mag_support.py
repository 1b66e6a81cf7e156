# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A gateway with one node, an anchor's answers, and what must always be true. Every message passes as octets."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility import Advertise, Attachment
from p4dmm.mobility.access import Attached, Detached
from p4dmm.mobility.exchange import Received, Send, TimeReached
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.mag import Mag
from p4dmm.mobility.pmipv6.mag_binding import MagParameters, MagPhase
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BindingRevocationIndication,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    Timestamp,
    decode_mobility,
    encode_mobility,
)

MAG = IPv6Address("2001:db8:a::1")
LMA = IPv6Address("2001:db8:b::1")
OTHER_LMA = IPv6Address("2001:db8:c::1")
MN_ID = MobileNodeId.nai("mn1@example.net")
MAC = MacAddress.parse("02:00:5e:00:01:01")
OTHER_MAC = MacAddress.parse("02:00:5e:00:01:02")
P1, P2, P3 = (IPv6Network(f"2001:db8:100:{n}::/64") for n in (1, 2, 3))
PORT_1, PORT_2, PORT_3 = (Attachment("s1", n, 100 + n) for n in (1, 2, 3))
PROFILE = NodeProfile(MN_ID)
PARAMETERS = MagParameters(MAG, LMA)
START = 1_700_000_000.0


def attached(attachment=PORT_1, *, mac=MAC, profile=PROFILE):
    return Attached(mac, attachment, 7, profile)


def received(message, source=LMA, destination=MAG):
    """The message as it arrives."""
    return Received(
        decode_mobility(encode_mobility(message, source, destination), source, destination), source, destination
    )


def hnp(prefix):
    return HomeNetworkPrefix(prefix_length=prefix.prefixlen, prefix=prefix.network_address)


def answer(update, status=0, *, prefixes=(P1,), lifetime=None, extra=(), source=LMA, **changes):
    """What a local mobility anchor answers (RFC 5213 section 5.3.6)."""
    echoed = [update.option(MobileNodeIdentifier), *(hnp(p) for p in prefixes)]
    kinds = (HandoffIndicator, AccessTechnologyType, Timestamp, MobileNodeLinkLayerIdentifier)
    echoed += [option for option in map(update.option, kinds) if option is not None]
    fields = {"status": status, "sequence": update.sequence, "options": (*echoed, *extra)}
    fields["lifetime"] = update.lifetime if lifetime is None else lifetime
    return received(ProxyBindingAck(**(fields | changes)), source)


def revocation(trigger, *, prefixes=(P1,), mn_id=MN_ID, source=LMA, **changes):
    options = (mn_id.option, *(hnp(p) for p in prefixes))
    fields = {"sequence": 4711, "proxy_binding": True, "options": options} | changes
    return received(BindingRevocationIndication(trigger=trigger, **fields), source)


class Gateway:
    """One node's state, as a controller keeps it."""

    def __init__(self, parameters=PARAMETERS):
        self.mag = Mag(parameters)
        self.state = None
        self.now = START
        self.sent = []
        """Messages sent, in their order."""
        self.advertised = 0

    def do(self, event):
        """Deliver the event; returns the messages that leave."""
        old = self.state or self.mag.initial(MN_ID)
        new, outputs = self.mag.step(old, event, self.now)
        assert self.mag.step(old, event, self.now) == (new, outputs)
        self.state = new
        self.check(outputs)
        messages = [self.transmitted(output) for output in outputs if isinstance(output, Send)]
        self.sent += messages
        self.advertised += sum(isinstance(output, Advertise) for output in outputs)
        return messages

    def transmitted(self, send):
        assert send.source == self.mag.parameters.address
        return received(send.message, send.source, send.destination).message

    def check(self, outputs):
        views = self.views
        if Advertise() in outputs:
            assert views, "nothing to advertise"
        if self.state is None:
            return
        state = self.state
        assert state.phase is not MagPhase.IDLE
        served = [p for view in views for p in view.prefixes if not p.is_deprecated]
        gone = [p for view in views for p in view.prefixes if p.is_deprecated]
        assert not served or state.phase is MagPhase.REGISTERED
        assert all(p.valid_until == state.expires_at for p in served)
        assert all(p.valid_until <= self.now for p in gone)
        if gone:
            # They are taken away as soon as they have been withdrawn.
            assert self.mag.due(state) <= self.now
        if state.phase in {MagPhase.REGISTERING, MagPhase.DEREGISTERING}:
            assert state.pending is not None
        if state.phase is MagPhase.REFUSED:
            assert state.pending is None
            assert state.refusal is not None

    @property
    def views(self):
        return () if self.state is None else self.mag.views(self.state)

    @property
    def prefixes(self):
        """What is forwarded, and advertised as more than withdrawn."""
        return tuple(p.prefix for view in self.views for p in view.prefixes if not p.is_deprecated)

    @property
    def phase(self):
        return MagPhase.IDLE if self.state is None else self.state.phase

    @property
    def last_update(self):
        return next(m for m in reversed(self.sent) if isinstance(m, ProxyBindingUpdate))

    def sleep(self, seconds):
        """Let that time pass, with every TimeReached that is due in it; returns the messages that leave."""
        until, messages = self.now + seconds, []
        for _ in range(1000):
            due = None if self.state is None else self.mag.due(self.state)
            if due is None or due > until:
                self.now = until
                return messages
            self.now = max(self.now, due)
            messages += self.do(TimeReached())
        raise AssertionError("time does not pass")

    def register(self, prefixes=(P1,), **changes):
        """Attach at port 1 and be accepted."""
        self.do(attached())
        self.do(answer(self.last_update, prefixes=prefixes, **changes))
        assert self.phase is MagPhase.REGISTERED
        return self

    def leave(self, attachment=PORT_1):
        return self.do(Detached(attachment.path_id))


def in_phase(phase, parameters=PARAMETERS):
    """A gateway whose node is there."""
    gateway = Gateway(parameters)
    match phase:
        case MagPhase.REGISTERING:
            gateway.do(attached())
        case MagPhase.REGISTERED:
            gateway.register()
        case MagPhase.DEREGISTERING:
            gateway.register().leave()
        case MagPhase.REFUSED:
            gateway.do(attached())
            gateway.do(answer(gateway.last_update, 152))
    assert gateway.phase is phase
    return gateway


def with_parameters(**changes):
    return replace(PARAMETERS, **changes)
