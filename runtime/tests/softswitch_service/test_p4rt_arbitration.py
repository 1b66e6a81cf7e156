# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "Client Arbitration and Controller Replication"."""

import grpc
import pytest
from finsy.proto import p4r
from google.protobuf import any_pb2

from p4dmm.softswitch.service import arbitration

from .raw_client import DEVICE_ID, FORWARD, action, insert, l2


async def test_highest_election_id_is_primary(connect):
    one, two, three = await connect(), await connect(), await connect()
    assert await one.arbitrate(5) == ("OK", 5)
    assert await two.arbitrate(4) == ("ALREADY_EXISTS", 5)
    assert await three.arbitrate(6) == ("OK", 6)
    assert await one.told() == ("ALREADY_EXISTS", 6)
    assert await two.told() == ("ALREADY_EXISTS", 6)


async def test_unset_election_id_never_is_primary(connect):
    one, two, three = await connect(), await connect(), await connect()
    assert await one.arbitrate(None) == ("NOT_FOUND", None)
    assert await two.arbitrate(None) == ("NOT_FOUND", None)
    assert await three.arbitrate(0) == ("OK", 0)  # zero is an election id, unlike none at all
    assert await one.told() == ("ALREADY_EXISTS", 0)
    assert await two.told() == ("ALREADY_EXISTS", 0)


async def test_128_bit_election_ids_compare_as_one_number(connect):
    one, two = await connect(), await connect()
    assert await one.arbitrate((1 << 64) - 1) == ("OK", (1 << 64) - 1)
    assert await two.arbitrate(1 << 64) == ("OK", 1 << 64)
    assert await one.told() == ("ALREADY_EXISTS", 1 << 64)


async def test_when_the_primary_goes_a_backup_takes_over_with_the_highest_id(connect):
    one, two = await connect(), await connect()
    await one.arbitrate(5)
    await two.arbitrate(4)
    await one.channel.close()
    assert await two.told() == ("NOT_FOUND", 5)
    assert await two.arbitrate(4) == ("NOT_FOUND", 5)  # lower than the highest ever seen
    assert await two.arbitrate(5) == ("OK", 5)


async def test_when_a_backup_goes_nobody_hears_of_it(connect):
    one, two, three = await connect(), await connect(), await connect()
    await one.arbitrate(5)
    await two.arbitrate(4)
    await two.channel.close()
    await three.arbitrate(6)
    assert await one.told() == ("ALREADY_EXISTS", 6)


async def test_primary_raises_its_id_and_lowers_it(connect):
    one, two = await connect(), await connect()
    await one.arbitrate(5)
    await two.arbitrate(4)
    assert await one.arbitrate(9) == ("OK", 9)
    assert await two.told() == ("ALREADY_EXISTS", 9)
    assert await one.arbitrate(3) == ("NOT_FOUND", 9)
    assert await two.told() == ("NOT_FOUND", 9)
    assert await two.arbitrate(10) == ("OK", 10)
    assert await one.told() == ("ALREADY_EXISTS", 10)


async def test_repeating_the_same_id_keeps_the_primary(connect):
    one = await connect()
    assert await one.arbitrate(5) == ("OK", 5)
    assert await one.arbitrate(5) == ("OK", 5)


async def test_backup_writes_nothing_until_it_is_primary(connect, primary):
    backup = await connect()
    await backup.arbitrate(9)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backup.write(insert(l2(1, 1, action(FORWARD, 2))))
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert caught.value.details() == "election id 9 is not that of the primary (the primary has 10)"
    await backup.arbitrate(11)
    assert await primary.told() == ("ALREADY_EXISTS", 11)
    await backup.write(insert(l2(1, 1, action(FORWARD, 2))))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await primary.write(insert(l2(1, 2, action(FORWARD, 2))))
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("bid", "expected"),
    [
        (
            {"election_id": 5, "device_id": 8},
            ("NOT_FOUND", f"unknown device id 8 (devices: {DEVICE_ID})"),
        ),
        (
            {"election_id": 10},
            ("INVALID_ARGUMENT", "election id 10 is used by another live controller"),
        ),
        (
            {"election_id": 5, "role": p4r.Role(name="acl")},
            ("UNIMPLEMENTED", "role 'acl' is not supported; leave the role unset for full pipeline access"),
        ),
        (
            {"election_id": 5, "role": p4r.Role(id=3)},
            ("UNIMPLEMENTED", "role '3' is not supported; leave the role unset for full pipeline access"),
        ),
        (
            {"election_id": 5, "role": p4r.Role(config=any_pb2.Any(type_url="x/y"))},
            (
                "INVALID_ARGUMENT",
                "role.config is set; no role configuration scheme is agreed upon, leave it unset",
            ),
        ),
    ],
)
async def test_first_message_refused_ends_the_stream(connect, primary, bid, expected):
    client = await connect()
    await client.bid(**bid)
    assert await client.stream_error() == expected
    await primary.write(insert(l2(1, 1, action(FORWARD, 2))))  # the others are as before


@pytest.mark.parametrize(
    ("bid", "expected"),
    [
        ({"election_id": 5, "device_id": 8}, "FAILED_PRECONDITION"),
        ({"election_id": 5, "role": p4r.Role(name="acl")}, "FAILED_PRECONDITION"),
        ({"election_id": 10}, "INVALID_ARGUMENT"),
    ],
)
async def test_later_message_refused_ends_the_stream(connect, primary, bid, expected):
    client = await connect()
    await client.arbitrate(3)
    await client.bid(**bid)
    assert (await client.stream_error())[0] == expected
    await primary.write(insert(l2(1, 1, action(FORWARD, 2))))


async def test_a_primary_that_misbehaves_loses_its_place(connect, primary):
    backup = await connect()
    await backup.arbitrate(3)
    await primary.bid(10, device_id=99)
    assert (await primary.stream_error())[0] == "FAILED_PRECONDITION"
    assert await backup.told() == ("NOT_FOUND", 10)


async def test_number_of_controllers_is_limited(connect, monkeypatch):
    monkeypatch.setattr(arbitration, "MAX_CLIENTS", 1)
    one, two = await connect(), await connect()
    await one.arbitrate(1)
    await two.bid(2)
    assert (await two.stream_error())[0] == "RESOURCE_EXHAUSTED"


async def test_half_closed_stream_ends_cleanly(connect):
    one = await connect()
    await one.arbitrate(1)
    await one.stream.done_writing()
    assert await one.stream_error() == ("OK", "")
    two = await connect()
    assert await two.arbitrate(1) == ("OK", 1)


async def test_role_in_a_write_is_unknown(primary):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await primary.write(role="acl")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
