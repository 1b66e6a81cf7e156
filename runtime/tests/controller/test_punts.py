# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What one port may cost the controller."""

import pytest

from p4dmm.config import PortRef
from p4dmm.controller import dispatch
from p4dmm.controller.punts import BURST, RATE, TRIGGER_BURST, PuntMeter
from p4dmm.forwarding import PuntReason
from p4dmm.wire import (
    ALL_ROUTERS,
    EchoReply,
    EchoRequest,
    Frame,
    RouterSolicitation,
    decode_frame,
    icmpv6_frame,
)
from tests.support.domain import CN, CN_ADDRESS, MN, Station, attached, correspondent, exchange, running_domain

HERE = PortRef(switch="s1", port=1)
ELSEWHERE = PortRef(switch="s1", port=2)


def test_meter() -> None:
    """By port and reason, and with time it admits more."""
    meter = PuntMeter()
    for _ in range(BURST):
        assert meter.admits(HERE, PuntReason.ND, 10.0)
    assert not meter.admits(HERE, PuntReason.ND, 10.0)
    assert meter.admits(HERE, PuntReason.MLD, 10.0)
    assert meter.admits(ELSEWHERE, PuntReason.ND, 10.0)
    assert sum(meter.admits(HERE, PuntReason.ND, 10.125) for _ in range(BURST)) == RATE // 8
    assert sum(meter.admits(HERE, PuntReason.NODE_UNKNOWN, 10.0) for _ in range(2 * TRIGGER_BURST)) == TRIGGER_BURST


async def test_flood_is_dropped_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And other reasons, and other ports, do not suffer."""
    read = 0

    def counted(data: bytes) -> Frame:
        nonlocal read
        read += 1
        return decode_frame(data)

    async with running_domain() as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        monkeypatch.setattr(dispatch, "decode_frame", counted)
        frame = icmpv6_frame(RouterSolicitation(), src_mac=CN, src=CN.link_local(), dst=ALL_ROUTERS)
        for _ in range(10 * BURST):
            assert cn.wire is not None
            cn.wire.b.send(frame)
        await domain.counted("punts over the rate: ND", BURST)
        assert read < 9 * BURST
        for station, mac, src, router in (
            (mn, MN, address, "s1"),
            (cn, CN, CN_ADDRESS, "c1"),
        ):
            loopback = domain.network.switch(router)
            assert loopback is not None
            station.send(
                icmpv6_frame(EchoRequest(7, 1), src_mac=mac, dst_mac=domain.mac(router), src=src, dst=loopback.loopback)
            )
            await station.until(lambda s: any(isinstance(f.message, EchoReply) for f in s.decoded()), "an answer")
