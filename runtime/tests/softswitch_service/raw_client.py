# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A P4Runtime client with nothing between the test and the messages. Every wait is bounded."""

import asyncio
from pathlib import Path
from typing import Self

import grpc
import pytest
from finsy.proto import U128, p4i, p4r, p4r_grpc, rpc_code, rpc_status
from google.protobuf import text_format

TIMEOUT = 10
DEVICE_ID = 7
PROGRAMS = Path(__file__).parent / "programs"
P4INFO = text_format.Parse((PROGRAMS / "service.p4info.txtpb").read_text(), p4i.P4Info())
JSON = PROGRAMS / "service.json"
DEVICE_CONFIG = JSON.read_bytes()
Request = p4r.SetForwardingPipelineConfigRequest

L2, ROUTES, ACL, FIXED, KEYLESS, BIG = (0x02000001 + index for index in range(6))
INDIRECT, SPREAD, SPREAD_TOO, PICKED, AGEING = (0x02000007 + index for index in range(5))
DROP, FORWARD, PUNT, REPLICATE, MARK = (0x01000001 + index for index in range(5))
NO_ACTION = 21257015
PORT_COUNTER = 0x12000001
SHARED, SPREADER, PICKER = (0x11000001 + index for index in range(3))  # action profile, and two selectors
PACKET_METER, BYTE_METER = 0x14000001, 0x14000002
SECOND = 1_000_000_000


def raw(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def action(number: int, *values: int) -> p4r.TableAction:
    params = [p4r.Action.Param(param_id=index, value=raw(value)) for index, value in enumerate(values, 1)]
    return p4r.TableAction(action=p4r.Action(action_id=number, params=params))


TO_2, TO_3, TO_4 = (action(FORWARD, port) for port in (2, 3, 4))


def exact(field: int, value: int) -> p4r.FieldMatch:
    return p4r.FieldMatch(field_id=field, exact=p4r.FieldMatch.Exact(value=raw(value)))


def l2(port: int, dst: int, act: p4r.TableAction | None = None, **more) -> p4r.TableEntry:
    return p4r.TableEntry(table_id=L2, match=[exact(1, port), exact(2, dst)], action=act, **more)


def route(value: int, length: int, act: p4r.TableAction | None = None, **more) -> p4r.TableEntry:
    lpm = p4r.FieldMatch(field_id=1, lpm=p4r.FieldMatch.LPM(value=raw(value), prefix_len=length))
    return p4r.TableEntry(table_id=ROUTES, match=[lpm] if length else [], action=act, **more)


def acl(
    priority: int, *match: p4r.FieldMatch, act: p4r.TableAction | None = None, port: int = 1, **more
) -> p4r.TableEntry:
    return p4r.TableEntry(table_id=ACL, match=[*match, exact(3, port)], priority=priority, action=act, **more)


def ternary(field: int, value: int, mask: int) -> p4r.FieldMatch:
    return p4r.FieldMatch(field_id=field, ternary=p4r.FieldMatch.Ternary(value=raw(value), mask=raw(mask)))


def between(field: int, low: int, high: int) -> p4r.FieldMatch:
    return p4r.FieldMatch(field_id=field, range=p4r.FieldMatch.Range(low=raw(low), high=raw(high)))


def by_dst(number: int, dst: int, act: p4r.TableAction | None = None, **more) -> p4r.TableEntry:
    """An entry of INDIRECT, which matches the destination exactly."""
    return p4r.TableEntry(table_id=number, match=[exact(1, dst)], action=act, **more)


def by_prefix(dst: int, length: int, act: p4r.TableAction | None = None, **more) -> p4r.TableEntry:
    """An entry of SPREAD."""
    lpm = p4r.FieldMatch(field_id=1, lpm=p4r.FieldMatch.LPM(value=raw(dst), prefix_len=length))
    return p4r.TableEntry(table_id=SPREAD, match=[lpm], action=act, **more)


def by_port(number: int, port: int, act: p4r.TableAction | None = None, **more) -> p4r.TableEntry:
    """An entry of SPREAD_TOO or PICKED."""
    return p4r.TableEntry(table_id=number, match=[exact(1, port)], action=act, **more)


def ageing(dst: int, mask: int = 0xFFFFFFFFFFFF, priority: int = 1, **more) -> p4r.TableEntry:
    return p4r.TableEntry(table_id=AGEING, match=[ternary(1, dst, mask)], priority=priority, **more)


def to_member(number: int) -> p4r.TableAction:
    return p4r.TableAction(action_profile_member_id=number)


def to_group(number: int) -> p4r.TableAction:
    return p4r.TableAction(action_profile_group_id=number)


def one_shot(*choices: tuple[p4r.TableAction, int], **more) -> p4r.TableAction:
    actions = [p4r.ActionProfileAction(action=act.action, weight=weight) for act, weight in choices]
    return p4r.TableAction(action_profile_action_set=p4r.ActionProfileActionSet(action_profile_actions=actions, **more))


def member(profile: int, number: int, act: p4r.TableAction | None = None) -> p4r.ActionProfileMember:
    return p4r.ActionProfileMember(
        action_profile_id=profile, member_id=number, action=act.action if act is not None else None
    )


def members_of(profile: int, number: int, *members: tuple[int, int], max_size: int = 0) -> p4r.ActionProfileGroup:
    """A group of (member id, weight)."""
    listed = [p4r.ActionProfileGroup.Member(member_id=each, weight=weight) for each, weight in members]
    return p4r.ActionProfileGroup(action_profile_id=profile, group_id=number, members=listed, max_size=max_size)


def meter(number: int, index: int | None, *rates: int, **more) -> p4r.MeterEntry:
    """Rates are cir, cburst, pir, pburst; none of them is no config."""
    entry = p4r.MeterEntry(meter_id=number, **more)
    if rates:
        entry.config.CopyFrom(p4r.MeterConfig(**dict(zip(("cir", "cburst", "pir", "pburst"), rates, strict=True))))
    if index is not None:
        entry.index.SetInParent()
        entry.index.index = index
    return entry


def entity(message) -> p4r.Entity:
    names = {
        p4r.TableEntry: "table_entry",
        p4r.CounterEntry: "counter_entry",
        p4r.DirectCounterEntry: "direct_counter_entry",
        p4r.MeterEntry: "meter_entry",
        p4r.ActionProfileMember: "action_profile_member",
        p4r.ActionProfileGroup: "action_profile_group",
        p4r.PacketReplicationEngineEntry: "packet_replication_engine_entry",
    }
    return p4r.Entity(**{names[type(message)]: message})


EVERYTHING = (
    p4r.TableEntry(counter_data=p4r.CounterData(), time_since_last_hit=p4r.TableEntry.IdleTimeout()),
    p4r.TableEntry(is_default_action=True),
    p4r.CounterEntry(),
    p4r.MeterEntry(),
    p4r.ActionProfileMember(),
    p4r.ActionProfileGroup(),
    p4r.PacketReplicationEngineEntry(multicast_group_entry=p4r.MulticastGroupEntry()),
)


def update(kind, message) -> p4r.Update:
    return p4r.Update(type=kind, entity=message if isinstance(message, p4r.Entity) else entity(message))


def insert(message) -> p4r.Update:
    return update(p4r.Update.INSERT, message)


def modify(message) -> p4r.Update:
    return update(p4r.Update.MODIFY, message)


def delete(message) -> p4r.Update:
    return update(p4r.Update.DELETE, message)


def group(number: int, *replicas, metadata: bytes = b"") -> p4r.PacketReplicationEngineEntry:
    entry = p4r.MulticastGroupEntry(multicast_group_id=number, replicas=replicas, metadata=metadata)
    return p4r.PacketReplicationEngineEntry(multicast_group_entry=entry)


def details_of(error: grpc.aio.AioRpcError) -> list[p4r.Error] | None:
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            status = rpc_status.Status.FromString(value)
            assert status.code == error.code().value[0]
            assert status.message == error.details()
            found = []
            for item in status.details:
                found.append(p4r.Error())
                assert item.Unpack(found[-1])
            return found
    return None


def code(number: int) -> str:
    return rpc_code.Code.Name(number)


class RawClient:
    """One controller."""

    def __init__(self, address: str, options=()) -> None:
        self.channel = grpc.aio.insecure_channel(address, options=options)
        self.stub = p4r_grpc.P4RuntimeStub(self.channel)
        self.stream = None
        self.election_id = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_) -> None:
        await self.channel.close()

    async def send(self, request: p4r.StreamMessageRequest) -> None:
        if self.stream is None:
            self.stream = self.stub.StreamChannel()
        await asyncio.wait_for(self.stream.write(request), TIMEOUT)

    async def bid(self, election_id: int | None, device_id: int = DEVICE_ID, role: p4r.Role | None = None) -> None:
        message = p4r.MasterArbitrationUpdate(device_id=device_id, role=role)
        if election_id is not None:
            message.election_id.CopyFrom(U128.encode(election_id))
        self.election_id = election_id
        await self.send(p4r.StreamMessageRequest(arbitration=message))

    async def receive(self) -> p4r.StreamMessageResponse:
        message = await asyncio.wait_for(self.stream.read(), TIMEOUT)
        assert message is not grpc.aio.EOF, "the stream ended"
        return message

    async def told(self) -> tuple[str, int | None]:
        """The next message, which must be about arbitration: status code and highest election id."""
        message = (await self.receive()).arbitration
        assert message.device_id == DEVICE_ID
        return code(message.status.code), U128.decode(message.election_id) if message.HasField("election_id") else None

    async def arbitrate(self, election_id: int | None) -> tuple[str, int | None]:
        await self.bid(election_id)
        return await self.told()

    async def stream_error(self) -> tuple[str, str]:
        """How the server ended the stream."""
        try:
            message = await asyncio.wait_for(self.stream.read(), TIMEOUT)
        except grpc.aio.AioRpcError as error:
            return error.code().name, error.details()
        assert message is grpc.aio.EOF, message
        return (await asyncio.wait_for(self.stream.code(), TIMEOUT)).name, await self.stream.details()

    async def write(self, *updates: p4r.Update, **more) -> None:
        request = p4r.WriteRequest(device_id=DEVICE_ID, updates=updates)
        if self.election_id is not None:
            request.election_id.CopyFrom(U128.encode(self.election_id))
        request.MergeFrom(p4r.WriteRequest(**more))
        await self.stub.Write(request, timeout=TIMEOUT)

    async def write_errors(self, *updates: p4r.Update) -> list[tuple[str, str]]:
        """Code and text per update of a batch that must fail."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.write(*updates)
        assert caught.value.code() == grpc.StatusCode.UNKNOWN, caught.value
        return [(code(item.canonical_code), item.message) for item in details_of(caught.value)]

    async def configure(
        self, action=Request.VERIFY_AND_COMMIT, *, p4info=P4INFO, config=DEVICE_CONFIG, cookie=0, **more
    ):
        message = p4r.ForwardingPipelineConfig(p4info=p4info, p4_device_config=config)
        if cookie:
            message.cookie.cookie = cookie
        request = Request(device_id=DEVICE_ID, action=action, config=message)
        request.election_id.CopyFrom(U128.encode(self.election_id))
        request.MergeFrom(Request(**more))
        await self.stub.SetForwardingPipelineConfig(request, timeout=TIMEOUT)

    async def read(self, *entities, **more) -> list[p4r.Entity]:
        request = p4r.ReadRequest(device_id=DEVICE_ID, entities=[entity(each) for each in entities], **more)
        found = []
        async for response in self.stub.Read(request, timeout=TIMEOUT):
            found += response.entities
        return found

    async def entries(self, **query) -> list[p4r.TableEntry]:
        return [each.table_entry for each in await self.read(p4r.TableEntry(**query))]

    async def everything(self) -> list[bytes]:
        """All the state there is, for tests that nothing changed."""
        found = await self.read(*EVERYTHING)
        return [each.SerializeToString(deterministic=True) for each in found]
