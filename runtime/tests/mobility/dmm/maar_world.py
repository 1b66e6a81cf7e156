# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Several MAARs, their CMD, and one node that moves between them, in simulated time over a channel that loses, doubles,
delays and so reorders what the test says. All messages pass as octets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from ipaddress import IPv6Address, IPv6Network
from itertools import count

from p4dmm.mobility import Advertise, Attachment
from p4dmm.mobility.access import Attached, Detached
from p4dmm.mobility.dmm.cmd import Cmd
from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdNode, CmdParameters, UpdateReceived
from p4dmm.mobility.dmm.maar import Event, Maar
from p4dmm.mobility.dmm.maar_state import MaarNode, MaarParameters, Phase
from p4dmm.mobility.exchange import Received, Send, TimeReached
from p4dmm.mobility.local import LocalBinding
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import Message, ProxyBindingAck, ProxyBindingUpdate, decode_mobility, encode_mobility

from .maar_support import CMD, MAC, MN, NOW, router

PROFILE = NodeProfile(MN)
_HEARD_EVERY_S = 1.0
_MISSED_AFTER_S = 4.0


@dataclass
class Place:
    """One MAAR, its switch and its pool."""

    number: int
    role: Maar
    skew_s: float
    state: MaarNode | None = None
    used: int = 0
    updates_sent: list[float] = field(default_factory=list)
    accepted: bool = False
    """Whether somebody has accepted its registration since the node came."""

    @property
    def address(self) -> IPv6Address:
        return self.role.parameters.address

    @property
    def known(self) -> MaarNode:
        return self.role.initial(MN) if self.state is None else self.state

    @property
    def view(self) -> LocalBinding | None:
        views = self.role.views(self.known)
        return views[0] if views else None

    @property
    def own(self) -> IPv6Network | None:
        return self.known.own_prefix


@dataclass
class World:
    """What happens, in order. `fates` says of one message after the other how long each of its copies takes, in
    seconds; none: it is lost. When they are used up, every message takes 10 ms."""

    mode: CmdMode
    fates: Iterator[tuple[float, ...]]
    skews: tuple[float, ...] = (0.0, 0.0, 0.0)
    max_lifetime_s: int = 100
    now: float = NOW

    def __post_init__(self) -> None:
        self.cmd = Cmd(CmdParameters(address=CMD, mode=self.mode, max_lifetime_s=self.max_lifetime_s))
        self.cmd_state: CmdNode | None = None
        self.places = [self._place(number, skew) for number, skew in enumerate(self.skews, 1)]
        self.at: tuple[int, int] | None = None
        self.left_at = NOW
        self.given: dict[IPv6Address, IPv6Network] = {}
        """What the node has been told by each MAAR."""
        self._queue: list[tuple[float, int, str, object]] = []
        self._order = count()

    def _place(self, number: int, skew: float) -> Place:
        parameters = MaarParameters(
            address=IPv6Address(f"2001:db8::{number}"),
            cmd=CMD,
            router=router(number),
            max_lifetime_s=self.max_lifetime_s,
            local_prefixes=(IPv6Network(f"2001:db8:f:{number}::/64"),),
            locator=self.mode is CmdMode.LOCATOR,
        )
        return Place(number, Maar(parameters), skew)

    def move(self, to: tuple[int, int] | None) -> None:
        """The node is heard there at once; None: nowhere."""
        self.at, self.left_at = to, self.now
        if to is not None:
            self._heard()

    def run(self, until: float) -> None:
        """Everything up to then."""
        while True:
            at = min(self._next(), until)
            self.now = max(self.now, at)
            if at >= until:
                return
            self._happen(at)

    @property
    def here(self) -> Place:
        assert self.at is not None
        return self.places[self.at[0]]

    @property
    def anchored(self) -> dict[IPv6Address, IPv6Network]:
        """The prefixes that MAARs hold for it."""
        return {place.address: place.own for place in self.places if place.own is not None}

    def _next(self) -> float:
        times = [self._queue[0][0]] if self._queue else []
        for place in self.places:
            due = None if place.state is None else place.role.due(place.state)
            if due is not None:
                times.append(due - place.skew_s)
        if self.cmd_state is not None and (due := self.cmd.due(self.cmd_state)) is not None:
            times.append(due)
        times.append((self.now // _HEARD_EVERY_S + 1) * _HEARD_EVERY_S)
        return min(times)

    def _happen(self, at: float) -> None:
        while self._queue and self._queue[0][0] <= at:
            _, _, _, (data, source, destination) = heappop(self._queue)  # type: ignore[misc]
            self._arrive(data, source, destination)  # type: ignore[has-type]
        for place in self.places:
            due = None if place.state is None else place.role.due(place.state)
            if due is not None and due - place.skew_s <= at:
                # A float may be a little short of its sum.
                self._step(place, TimeReached(), late=1e-6)
                again = None if place.state is None else place.role.due(place.state)
                assert again is None or again > due, "time does not go on"
        if self.cmd_state is not None and (due := self.cmd.due(self.cmd_state)) is not None and due <= at:
            self._step_cmd(TimeReached())
        if at % _HEARD_EVERY_S == 0:
            self._heard()
            self._missed()

    def _heard(self) -> None:
        if self.at is None:
            return
        place, port = self.here, self.at[1]
        attachment = Attachment(f"s{place.number}", port, place.number * 100 + port)
        if place.view is not None and place.view.attachment == attachment and place.known.phase is Phase.SERVING:
            return
        if place.known.attachment is None:
            place.accepted = False
        base = int(IPv6Address(f"2001:db8:{place.number}::"))
        offer = IPv6Network((base + (place.used << 64), 64))
        self._step(place, Attached(MAC, attachment, 7, PROFILE, () if place.own else (offer,)))
        if place.own == offer:
            place.used += 1

    def _missed(self) -> None:
        """Neighbor Unreachability Detection fails where the node no longer is."""
        for index, place in enumerate(self.places):
            attachment = place.known.attachment
            is_there = self.at is not None and self.at[0] == index
            if attachment is not None and not is_there and self.now - self.left_at > _MISSED_AFTER_S:
                self._step(place, Detached(attachment.path_id))

    def _arrive(self, data: bytes, source: IPv6Address, destination: IPv6Address) -> None:
        message = decode_mobility(data, source, destination)
        assert isinstance(message, Message)
        received = Received(message, source, destination)
        if destination == CMD:
            is_update = isinstance(message, ProxyBindingUpdate)
            self._step_cmd(UpdateReceived(received, PROFILE) if is_update else received)
            return
        place = next(p for p in self.places if p.address == destination)
        if isinstance(message, ProxyBindingAck) and message.status == 0:
            place.accepted = True
        self._step(place, received)

    def _step(self, place: Place, event: Event, *, late: float = 0.0) -> None:
        before = place.known
        place.state, outputs = place.role.step(before, event, self.now + place.skew_s + late)
        if place.view is not None and place.view.attachment is not None:
            assert place.accepted, "served before anybody has accepted it"
        for output in outputs:
            if isinstance(output, Advertise):
                assert place.accepted, "advertised before anybody has accepted it"
                assert place.view is not None
                assert place.view.attachment is not None
                assert place.own is not None
                self.given[place.address] = place.own
                assert not place.view.prefixes[0].is_deprecated
                assert all(p.is_deprecated for p in place.view.prefixes[1:])
            elif isinstance(output.message, ProxyBindingUpdate):
                place.updates_sent = [*[t for t in place.updates_sent if t > self.now - 0.999], self.now]
                assert len(place.updates_sent) <= 3, "more than MAX_UPDATE_RATE"
        self._send(outputs)

    def _step_cmd(self, event: object) -> None:
        known = self.cmd.initial(MN) if self.cmd_state is None else self.cmd_state
        self.cmd_state, outputs = self.cmd.step(known, event, self.now)
        self._send(outputs)

    def _send(self, outputs: tuple[Send | Advertise, ...]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                data = encode_mobility(output.message, output.source, output.destination)
                for delay_s in next(self.fates, (0.01,)):
                    entry = (
                        self.now + delay_s,
                        next(self._order),
                        "message",
                        (data, output.source, output.destination),
                    )
                    heappush(self._queue, entry)


def check_settled(world: World) -> None:
    """The node is served where it is, natively by its prefix of there, and the ends of every tunnel agree."""
    here = world.here
    served = [place for place in world.places if place.view is not None and place.view.attachment is not None]
    assert served == [here], "at most one MAAR delivers natively"
    view = here.view
    assert view is not None
    assert view.attachment is not None
    assert (view.attachment.switch, view.attachment.port) == (f"s{here.number}", world.at[1])  # type: ignore[index]
    assert (view.prefixes[0].prefix, view.prefixes[0].anchor) == (here.own, here.address)
    assert view.prefixes[0].local_prefixes == here.role.parameters.local_prefixes
    assert (view.left, view.previous, here.known.pending) == (None, (), None)
    anchored = {}
    for place in world.places:
        if place is here or place.own is None:
            continue
        other = place.view
        assert other is not None
        assert (other.serving, other.attachment, other.left) == (here.address, None, None)
        assert [p.prefix for p in other.prefixes] == [place.own]
        parameters = place.role.parameters
        anchored[place.address] = (place.own, parameters.router, parameters.local_prefixes)
    assert {p.anchor: (p.prefix, p.router, p.local_prefixes) for p in view.prefixes[1:]} == anchored
    assert len(view.prefixes) == 1 + len(anchored)
    state = world.cmd_state
    assert state is not None
    assert state.serving is not None
    assert state.serving.address == here.address
    assert {p.maar.address: p.maar.prefixes for p in state.previous} == {a: (p,) for a, (p, *_) in anchored.items()}
