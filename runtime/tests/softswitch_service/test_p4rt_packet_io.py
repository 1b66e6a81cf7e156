# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "Packet I/O", "Stream Error Reporting"."""

import asyncio

import pytest
from finsy.proto import p4r

from p4dmm.softswitch.service import SwitchDevice
from p4dmm.softswitch.service.stream import ClientStream

from .raw_client import FORWARD, PUNT, REPLICATE, action, code, group, insert, l2

FRAME = bytes.fromhex("000000000001") + bytes(range(60))
BYTESTRINGS = ' (spec: "Bytestrings")'
OUT = {1: b"\x03", 2: b"\x00"}


def packet_out(values: dict[int, bytes], payload: bytes = FRAME) -> p4r.StreamMessageRequest:
    metadata = [p4r.PacketMetadata(metadata_id=number, value=value) for number, value in values.items()]
    return p4r.StreamMessageRequest(packet=p4r.PacketOut(payload=payload, metadata=metadata))


async def test_packet_out_leaves_by_the_named_port(primary, hosts):
    await primary.send(packet_out(OUT))
    assert await hosts[3].frame() == FRAME


async def test_packet_in_carries_port_and_reason(primary, hosts):
    await primary.write(insert(l2(2, 1, action(PUNT, 0x55))))
    hosts[2].send(FRAME)
    packet = (await primary.receive()).packet
    assert packet.payload == FRAME
    assert [(each.metadata_id, each.value) for each in packet.metadata] == [(1, b"\x02"), (2, b"\x55")]


async def test_packet_in_goes_to_the_primary_only(primary, connect, hosts):
    await primary.write(insert(l2(2, 1, action(PUNT, 0))))
    other = await connect()
    await other.arbitrate(50)
    assert await primary.told() == ("ALREADY_EXISTS", 50)
    hosts[2].send(FRAME)
    assert (await other.receive()).packet.payload == FRAME
    assert await primary.arbitrate(1) == ("ALREADY_EXISTS", 50)  # the next message it gets, no packet before it


async def test_forwarding_and_multicast(primary, hosts, switch):
    replicas = [p4r.Replica(port=bytes([number]), instance=number) for number in (2, 3, 4)]
    await primary.write(
        insert(group(9, *replicas)), insert(l2(1, 1, action(REPLICATE, 9))), insert(l2(2, 1, action(FORWARD, 4)))
    )
    hosts[1].send(FRAME)
    assert [await hosts[number].frame() for number in (2, 3, 4)] == [FRAME] * 3
    hosts[2].send(FRAME)
    assert await hosts[4].frame() == FRAME
    counters = switch.device.counters
    assert (counters[1].rx_frames, counters[1].rx_bytes) == (1, len(FRAME))
    assert (counters[4].tx_frames, counters[4].tx_bytes) == (2, 2 * len(FRAME))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({1: b"\x03"}, 'packet_out: missing metadata pad (2) (spec: "Packet I/O")'),
        ({}, 'packet_out: missing metadata egress_port (1), pad (2) (spec: "Packet I/O")'),
        (OUT | {7: b"\x00"}, "packet_out: unknown metadata id 7 (metadata: egress_port (1), pad (2))"),
        (
            OUT | {1: b"\x02\x00"},
            'packet_out, metadata egress_port: value 0x0200 does not fit bit<9> (spec: "Bytestrings")',
        ),
        (
            OUT | {2: b""},
            "packet_out, metadata pad: the byte string is empty, allowed is bit<7> in at least one byte" + BYTESTRINGS,
        ),
    ],
)
async def test_wrong_metadata_is_a_stream_error(primary, hosts, values, text):
    request = packet_out(values)
    await primary.send(request)
    error = (await primary.receive()).error
    assert (code(error.canonical_code), error.message) == ("INVALID_ARGUMENT", text)
    assert error.packet_out.packet_out == request.packet
    await primary.send(packet_out(OUT))  # the stream lives on, and the refused packet went nowhere
    assert await hosts[3].frame() == FRAME
    assert all(host.inbox.empty() for host in hosts.values())


async def test_metadata_twice_is_a_stream_error(primary):
    request = packet_out(OUT)
    request.packet.metadata.add(metadata_id=1, value=b"\x01")
    await primary.send(request)
    assert (await primary.receive()).error.message == "packet_out: metadata id 1 (egress_port) is given twice"


async def test_only_the_primary_may_send_packets(primary, connect, hosts):
    backup = await connect()
    await backup.send(packet_out(OUT))  # before any arbitration
    assert code((await backup.receive()).error.canonical_code) == "PERMISSION_DENIED"
    await backup.arbitrate(1)
    await backup.send(packet_out(OUT))
    assert code((await backup.receive()).error.canonical_code) == "PERMISSION_DENIED"
    await primary.send(packet_out(OUT))
    assert await hosts[3].frame() == FRAME
    assert hosts[3].inbox.empty()


async def test_packet_out_before_a_pipeline(connect):
    client = await connect()
    await client.arbitrate(1)
    await client.send(packet_out(OUT))
    assert code((await client.receive()).error.canonical_code) == "FAILED_PRECONDITION"


async def test_packet_out_without_cpu_port(primary, switch, monkeypatch):
    monkeypatch.setattr(switch.device, "cpu_port", None)
    await primary.send(packet_out(OUT))
    error = (await primary.receive()).error
    assert error.message == "packet-out: the switch runs without --cpu-port"


@pytest.mark.parametrize(
    ("message", "expected", "detail"),
    [
        (p4r.StreamMessageRequest(), "INVALID_ARGUMENT", "other"),
        (p4r.StreamMessageRequest(digest_ack=p4r.DigestListAck(digest_id=1)), "UNIMPLEMENTED", "digest_list_ack"),
    ],
)
async def test_other_stream_messages(primary, message, expected, detail):
    await primary.send(message)
    error = (await primary.receive()).error
    assert (code(error.canonical_code), error.WhichOneof("details")) == (expected, detail)


async def test_garbage_does_no_harm(primary, hosts, switch):
    await primary.write(insert(l2(1, 1, action(FORWARD, 2))))
    for garbage in (b"", b"\x00", b"\xff" * 13, bytes(9000)):
        hosts[1].send(garbage)
        await primary.send(packet_out(OUT | {1: b"\x01\xfe"}, garbage))
        await primary.send(packet_out(OUT | {1: b"\x09"}, garbage))
    switch.service._packet_in(b"\x01")  # shorter than the packet-in header
    assert switch.service.packet_in_drops >= 1
    hosts[1].send(FRAME)
    assert await hosts[2].frame() == FRAME


async def test_slow_client_loses_packets_and_never_arbitration():
    stream = ClientStream(limit=3)
    packet = p4r.StreamMessageResponse(packet=p4r.PacketIn(payload=b"x"))
    assert [stream.offer(packet) for _ in range(5)] == [True, True, True, False, False]
    assert stream.drops == 2
    stream.notify(p4r.MasterArbitrationUpdate())
    stream.close()
    got = [await asyncio.wait_for(stream.next(), 10) for _ in range(5)]
    assert [each.WhichOneof("update") if each else None for each in got] == ["packet"] * 3 + ["arbitration", None]


async def test_packets_before_a_pipeline_or_a_controller_are_counted(switch, hosts):
    hosts[1].send(FRAME)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert switch.device.no_pipeline_drops == 1


@pytest.mark.parametrize("number", [0, 511, -1, 70000])
def test_cpu_port_out_of_range(number):
    with pytest.raises(ValueError, match="CPU port"):
        SwitchDevice(1, number)


async def test_grpc_is_served_while_packets_pour_in(primary, hosts, connect):
    """Two hosts send as fast as the loop lets them; RPCs and the other port's frames still get their turn."""
    await primary.write(insert(l2(1, 1, action(FORWARD, 2))), insert(l2(3, 1, action(FORWARD, 4))))
    done = False

    def pour() -> None:
        while hosts[1].wire.b.send(FRAME):
            pass
        if not done:
            asyncio.get_running_loop().call_soon(pour)

    pour()
    for number in range(2, 7):
        await primary.write(insert(l2(1, number, action(FORWARD, 2))))
    hosts[3].send(FRAME)
    assert await hosts[4].frame() == FRAME
    done = True
    assert hosts[1].wire.a.rx_drops() > 0
