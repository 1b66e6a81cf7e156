# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "MeterEntry & DirectMeterEntry": configuration by P4Runtime, and what it does to packets."""

import pytest
from finsy.proto import p4i, p4r

from .raw_client import BYTE_METER, P4INFO, PACKET_METER, delete, insert, meter, modify

RATES = (10, 2, 20, 3)
FRAME = bytes.fromhex("000000000009 00000000000a 0906") + bytes(86)  # 100 octets


async def meters(client, number=0, index=None) -> list[p4r.MeterEntry]:
    return [each.meter_entry for each in await client.read(meter(number, index))]


async def test_a_fresh_meter_has_no_config(primary):
    assert await meters(primary, BYTE_METER) == [meter(BYTE_METER, index) for index in range(4)]
    found = await meters(primary)
    assert [each.meter_id for each in found] == [PACKET_METER] * 8 + [BYTE_METER] * 4


async def test_one_cell_is_written_and_reset(primary):
    await primary.write(modify(meter(PACKET_METER, 3, *RATES)))
    assert await meters(primary, PACKET_METER, 3) == [meter(PACKET_METER, 3, *RATES)]
    assert await meters(primary, PACKET_METER, 2) == [meter(PACKET_METER, 2)]
    await primary.write(modify(meter(PACKET_METER, 3)))
    assert await meters(primary, PACKET_METER, 3) == [meter(PACKET_METER, 3)]


async def test_all_cells_are_written_and_reset(primary):
    await primary.write(modify(meter(BYTE_METER, None, *RATES)))
    assert await meters(primary, BYTE_METER) == [meter(BYTE_METER, index, *RATES) for index in range(4)]
    await primary.write(modify(meter(BYTE_METER, None)))
    assert await meters(primary, BYTE_METER) == [meter(BYTE_METER, index) for index in range(4)]


async def test_a_config_of_zeros_is_a_config(primary):
    await primary.write(modify(meter(BYTE_METER, 0, 0, 0, 0, 0)))
    (found,) = await meters(primary, BYTE_METER, 0)
    assert found.HasField("config")


async def passed(hosts, count: int) -> int:
    """How many of so many metered frames come through; a last one, from a port without meters, ends them."""
    for number in range(count):
        hosts[1].send(FRAME + bytes([number]))
    hosts[3].send(FRAME)
    got = 0
    while await hosts[4].frame() != FRAME:
        got += 1
    return got


async def test_packets_beyond_the_rate_are_red(primary, hosts, clock):
    assert await passed(hosts, 9) == 9
    await primary.write(modify(meter(PACKET_METER, 1, 1, 1, 2, 3)))
    assert await passed(hosts, 9) == 3  # the peak burst
    clock.advance(1)
    assert await passed(hosts, 9) == 2  # the peak rate
    await primary.write(modify(meter(PACKET_METER, 1)))
    assert await passed(hosts, 9) == 9


async def test_bytes_are_metered_by_the_length_of_the_frame(primary, hosts, clock):
    await primary.write(modify(meter(BYTE_METER, 1, 0, 0, 101, 505)))
    assert await passed(hosts, 9) == 5
    clock.advance(1)
    assert await passed(hosts, 9) == 1


def typed(kind: p4i.MeterSpec.Type.ValueType) -> p4i.P4Info:
    info = p4i.P4Info()
    info.CopyFrom(P4INFO)
    info.meters[0].spec.type = kind
    return info


@pytest.mark.parametrize("kind", [p4i.MeterSpec.SINGLE_RATE_TWO_COLOR, p4i.MeterSpec.SINGLE_RATE_THREE_COLOR])
async def test_a_single_rate_is_given_twice(primary, kind):
    await primary.configure(p4info=typed(kind))
    single = meter(PACKET_METER, 0, 5, 6, 5, 6)
    await primary.write(modify(single))
    assert await meters(primary, PACKET_METER, 0) == [single]
    name = p4i.MeterSpec.Type.Name(kind)
    (found,) = await primary.write_errors(modify(meter(PACKET_METER, 0, 5, 6, 5, 7)))
    text = f"cir 5, cburst 6, pir 5, pburst 7: in a {name} meter pir must be cir and pburst must be cburst"
    assert found == (
        "INVALID_ARGUMENT",
        f'meter ingress.packet_meter ({PACKET_METER}): {text} (spec: "MeterEntry")',
    )
    excess = meter(PACKET_METER, 0, 5, 6, 5, 6)
    excess.config.eburst = 1
    ((code, _),) = await primary.write_errors(modify(excess))
    two_color = kind == p4i.MeterSpec.SINGLE_RATE_TWO_COLOR
    assert code == ("INVALID_ARGUMENT" if two_color else "UNIMPLEMENTED")
    assert await meters(primary, PACKET_METER, 0) == [single]


async def test_neither_inserted_nor_deleted(primary):
    for kind in (insert, delete):
        ((code, _),) = await primary.write_errors(kind(meter(PACKET_METER, 0, *RATES)))
        assert code == "INVALID_ARGUMENT"
