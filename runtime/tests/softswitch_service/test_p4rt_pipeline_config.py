# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "SetForwardingPipelineConfig RPC", "GetForwardingPipelineConfig RPC", "Capabilities RPC"."""

import json

import grpc
import pytest
from finsy.proto import p4i, p4r

from .raw_client import (
    BYTE_METER,
    DEVICE_CONFIG,
    DEVICE_ID,
    FORWARD,
    L2,
    P4INFO,
    PACKET_METER,
    PICKED,
    PICKER,
    PORT_COUNTER,
    SECOND,
    SHARED,
    SPREADER,
    TIMEOUT,
    TO_2,
    Request,
    action,
    ageing,
    by_port,
    by_prefix,
    delete,
    group,
    insert,
    l2,
    member,
    members_of,
    meter,
    modify,
    one_shot,
    to_group,
    to_member,
)

GetRequest = p4r.GetForwardingPipelineConfigRequest


async def get(client, kind=GetRequest.ALL):
    request = GetRequest(device_id=DEVICE_ID, response_type=kind)
    return await client.stub.GetForwardingPipelineConfig(request, timeout=TIMEOUT)


async def refused(client, *args, **more) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.configure(*args, **more)
    return caught.value.code().name, caught.value.details()


@pytest.fixture
async def client(connect):
    made = await connect()
    await made.arbitrate(1)
    return made


async def count(client) -> int:
    return len(await client.read(p4r.TableEntry(table_id=L2)))


async def test_nothing_set_yet(client):
    assert not (await get(client)).HasField("config")


async def test_verify_changes_nothing(client):
    await client.configure(Request.VERIFY)
    assert not (await get(client)).HasField("config")


async def test_commit_and_read_back(client):
    await client.configure(cookie=99)
    config = (await get(client)).config
    assert (config.p4info, config.p4_device_config, config.cookie.cookie) == (P4INFO, DEVICE_CONFIG, 99)
    config = (await get(client, GetRequest.COOKIE_ONLY)).config
    assert (config.HasField("p4info"), config.p4_device_config, config.cookie.cookie) == (False, b"", 99)
    config = (await get(client, GetRequest.P4INFO_AND_COOKIE)).config
    assert (config.p4info, config.p4_device_config, config.cookie.cookie) == (P4INFO, b"", 99)
    config = (await get(client, GetRequest.DEVICE_CONFIG_AND_COOKIE)).config
    assert (config.HasField("p4info"), config.p4_device_config, config.cookie.cookie) == (False, DEVICE_CONFIG, 99)


async def test_without_cookie_none_is_returned(client):
    await client.configure()
    assert not (await get(client)).config.HasField("cookie")


async def test_committing_again_clears_the_state(client):
    await client.configure()
    await client.write(insert(l2(1, 1, TO_2)))
    await client.configure()
    assert await count(client) == 0


async def test_saved_config_takes_writes_and_commits_them(client, switch, hosts):
    await client.configure()
    await client.write(insert(l2(1, 1, TO_2)))
    await client.configure(Request.VERIFY_AND_SAVE, cookie=5)
    assert (await get(client)).config.cookie.cookie == 5
    assert await count(client) == 0
    await client.write(insert(l2(1, 2, action(FORWARD, 3))))
    frames = {number: number.to_bytes(6, "big") + bytes(8) for number in (1, 2)}
    hosts[1].send(frames[1])  # packets still see the old pipeline
    assert await hosts[2].frame() == frames[1]
    request = Request(device_id=DEVICE_ID, action=Request.COMMIT)
    request.election_id.low = 1
    await client.stub.SetForwardingPipelineConfig(request, timeout=TIMEOUT)
    hosts[1].send(frames[2])
    assert await hosts[3].frame() == frames[2]
    assert await count(client) == 1
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.stub.SetForwardingPipelineConfig(request, timeout=TIMEOUT)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def test_reconcile_keeps_all_state(client, clock):
    await client.configure()
    cell = p4r.CounterEntry(counter_id=PORT_COUNTER, index=p4r.Index(index=2), data=p4r.CounterData(packet_count=3))
    await client.write(
        modify(meter(PACKET_METER, 1, 1, 2, 3, 4)),
        insert(member(PICKER, 1, TO_2)),
        insert(members_of(PICKER, 1, (1, 2), max_size=3)),
        insert(by_port(PICKED, 1, to_group(1))),
        insert(by_port(PICKED, 2, to_member(1))),
        insert(by_prefix(1, 48, one_shot((TO_2, 1), (TO_2, 2)))),
        insert(ageing(1, action=TO_2, idle_timeout_ns=SECOND)),
        insert(ageing(2, action=TO_2)),
    )
    clock.advance(0.5)
    await client.write(
        insert(l2(1, 1, TO_2, metadata=b"m", counter_data=p4r.CounterData(packet_count=4))),
        insert(group(1, p4r.Replica(egress_port=7), metadata=b"g")),
        modify(cell),
        modify(p4r.TableEntry(table_id=L2 + 4, is_default_action=True, action=action(FORWARD, 5))),
    )
    before = await client.everything()
    await client.configure(Request.RECONCILE_AND_COMMIT, cookie=8)
    assert await client.everything() == before
    assert (await get(client)).config.cookie.cookie == 8
    # The one-shot set goes on as one: it is modified, deleted and leaves nothing.
    await client.write(modify(by_prefix(1, 48, one_shot((TO_2, 4)))))
    await client.write(delete(by_prefix(1, 48)), insert(member(SPREADER, 1, TO_2)))


async def test_reconcile_refuses_another_p4info(client):
    await client.configure(cookie=1)
    await client.write(insert(l2(1, 1, TO_2)))
    other = p4i.P4Info()
    other.CopyFrom(P4INFO)
    other.tables[0].size = 7
    code, text = await refused(client, Request.RECONCILE_AND_COMMIT, p4info=other)
    assert code == "INVALID_ARGUMENT"
    assert "VERIFY_AND_COMMIT" in text
    assert await count(client) == 1
    assert (await get(client)).config.cookie.cookie == 1


def changed(path: str, value) -> p4i.P4Info:
    """The test's P4Info with one field changed, path as in tables.0.size."""
    info = p4i.P4Info()
    info.CopyFrom(P4INFO)
    *steps, last = path.split(".")
    node = info
    for step in steps:
        node = node[int(step)] if step.isdigit() else getattr(node, step)
    setattr(node, last, value)
    return info


TOGETHER = "P4Info and p4_device_config do not belong together: "


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("tables.0.preamble.name", "ingress.x", TOGETHER + "table ingress.x is in P4Info only; tables of the JSON: "),
        (
            "tables.0.match_fields.0.bitwidth",
            10,
            TOGETHER + "table ingress.l2, match field port: exact bit<10> in P4Info, exact bit<9> in the JSON",
        ),
        (
            "tables.0.match_fields.1.match_type",
            p4i.MatchField.TERNARY,
            TOGETHER + "table ingress.l2, match field dst: ternary bit<48> in P4Info, exact bit<48> in the JSON",
        ),
        (
            "tables.0.match_fields.1.match_type",
            p4i.MatchField.OPTIONAL,
            "table ingress.l2, match field dst: match type OPTIONAL is not supported",
        ),
        (
            "actions.2.params.0.bitwidth",
            32,
            TOGETHER + "table ingress.l2, action ingress.forward: parameter widths (32,) in P4Info, (9,) in the JSON",
        ),
        ("actions.2.preamble.name", "ingress.y", TOGETHER + "table ingress.l2 has no action ingress.y; actions of the"),
        ("tables.0.action_refs.0.id", 77, "P4Info: table ingress.l2 refers to action id 77, which P4Info does not"),
        ("counters.0.preamble.name", "ingress.z", TOGETHER + "counter ingress.z is in P4Info only; counters of the"),
        ("counters.0.size", 17, TOGETHER + "counter ingress.port_counter: size 17 in P4Info, 16 in the JSON"),
        (
            "direct_counters.0.direct_table_id",
            L2 + 1,
            TOGETHER + "direct counter ingress.l2_counter: table ingress.routes has none in the JSON",
        ),
        (
            "tables.0.match_fields.0.match_type",
            99,
            "table ingress.l2, match field port: match type 99 is not supported",
        ),
        ("tables.1.preamble.id", L2, f"P4Info, tables: id {L2} is given twice"),
        ("tables.0.match_fields.1.id", 1, "P4Info, match fields of ingress.l2: id 1 is given twice"),
        ("actions.2.params.0.id", 0, "P4Info, parameters of ingress.forward: id 0 is reserved"),
        ("controller_packet_metadata.0.metadata.1.id", 1, "P4Info, metadata of packet_in: id 1 is given twice"),
        (
            "controller_packet_metadata.1.metadata.1.bitwidth",
            -7,
            "controller header packet_out, metadata pad: bitwidth -7, allowed is 1 up",
        ),
        ("tables.0.implementation_id", 5, "P4Info: table ingress.l2 refers to action profile id 5, which is none"),
        ("tables.0.implementation_id", SHARED, "P4Info: the tables of action profile ingress.shared_actions differ in"),
        (
            "tables.6.implementation_id",
            0,
            TOGETHER + "table ingress.indirect: action profile none in P4Info, ingress.shared_actions in the JSON",
        ),
        (
            "tables.8.implementation_id",
            PICKER,
            TOGETHER
            + "table ingress.spread_too: action profile ingress.picker in P4Info, ingress.spreader in the JSON",
        ),
        (
            "action_profiles.0.preamble.name",
            "x",
            TOGETHER + "action profile x is in P4Info only; action profiles of the",
        ),
        (
            "action_profiles.0.size",
            5,
            TOGETHER + "action profile ingress.shared_actions: size 5 in P4Info, 4 in the JSON",
        ),
        (
            "action_profiles.0.with_selector",
            True,
            TOGETHER + "action profile ingress.shared_actions: a selector in P4Info, no selector in the JSON",
        ),
        (
            "action_profiles.1.max_group_size",
            -1,
            "P4Info: action profile ingress.spreader: max_group_size and max_member_weight must not be negative",
        ),
        ("action_profiles.1.preamble.id", SHARED, f"P4Info, action profiles: id {SHARED} is given twice"),
        ("meters.0.preamble.id", BYTE_METER, f"P4Info, meters: id {BYTE_METER} is given twice"),
        (
            "meters.0.preamble.name",
            "x",
            TOGETHER + "meter x is in P4Info only; meters of the JSON: ingress.byte_meter, ",
        ),
        ("meters.0.size", 9, TOGETHER + "meter ingress.packet_meter: size 9 in P4Info, 8 in the JSON"),
        ("meters.0.spec.type", 7, "meter ingress.packet_meter: type 7 is not supported"),
        (
            "meters.0.spec.unit",
            p4i.MeterSpec.BYTES,
            TOGETHER + "meter ingress.packet_meter: unit bytes in P4Info, packets in the JSON",
        ),
        (
            "tables.0.idle_timeout_behavior",
            p4i.Table.NOTIFY_CONTROL,
            TOGETHER + "table ingress.l2: an idle timeout in P4Info, no idle timeout in the JSON",
        ),
        (
            "tables.10.idle_timeout_behavior",
            p4i.Table.NO_TIMEOUT,
            TOGETHER + "table ingress.ageing: no idle timeout in P4Info, an idle timeout in the JSON",
        ),
        (
            "tables.10.is_const_table",
            True,
            "table ingress.ageing: an idle timeout is not supported where the entries are constant",
        ),
        (
            "controller_packet_metadata.0.metadata.0.bitwidth",
            10,
            "controller header packet_in: 17 bits, allowed are whole bytes",
        ),
    ],
)
async def test_p4info_and_json_must_agree(client, path, value, text):
    await client.configure(cookie=1)
    for act in (Request.VERIFY, Request.VERIFY_AND_SAVE, Request.VERIFY_AND_COMMIT):
        code, found = await refused(client, act, p4info=changed(path, value))
        assert (code, found[: len(text)]) == ("INVALID_ARGUMENT", text)
    assert (await get(client)).config.cookie.cookie == 1


@pytest.mark.parametrize("kind", ["digests", "value_sets"])
async def test_unsupported_objects_are_named(client, kind):
    info = p4i.P4Info()
    info.CopyFrom(P4INFO)
    getattr(info, kind).add().preamble.name = "ingress.thing"
    noun = {"digests": "digest", "value_sets": "value set"}[kind]
    assert await refused(client, p4info=info) == ("INVALID_ARGUMENT", f"{noun} ingress.thing is not supported")


async def test_unsupported_program_is_refused_with_its_reason(client):
    await client.configure(cookie=1)
    await client.write(insert(l2(1, 1, TO_2)))
    program = json.loads(DEVICE_CONFIG)
    program["parse_vsets"] = [{"name": "v", "id": 0, "compressed_bitwidth": 8, "max_size": 4}]
    code, found = await refused(client, config=json.dumps(program).encode())
    assert code == "INVALID_ARGUMENT"
    assert found.startswith("p4_device_config: ")
    assert await count(client) == 1
    assert (await get(client)).config.cookie.cookie == 1


async def test_what_a_request_must_and_must_not_hold(client):
    await client.configure()
    assert await refused(client, Request.COMMIT) == (
        "INVALID_ARGUMENT",
        "config is set, allowed with COMMIT is none: it commits the saved one",
    )
    assert (await refused(client, Request.UNSPECIFIED))[0] == "INVALID_ARGUMENT"
    assert (await refused(client, config=b""))[0] == "INVALID_ARGUMENT"
    request = Request(device_id=DEVICE_ID, action=Request.VERIFY)
    request.election_id.low = 1
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.stub.SetForwardingPipelineConfig(request, timeout=TIMEOUT)
    assert caught.value.details() == "config is unset, this action needs one"


async def test_only_the_primary_may_configure(client, connect):
    backup = await connect()
    await backup.arbitrate(0)
    assert (await refused(backup))[0] == "PERMISSION_DENIED"
    assert (await refused(client, device_id=1))[0] == "NOT_FOUND"
    assert (await refused(client, role="x"))[0] == "NOT_FOUND"


async def test_get_of_an_unknown_device(client):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.stub.GetForwardingPipelineConfig(GetRequest(device_id=1), timeout=TIMEOUT)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def test_capabilities(client):
    for device_id in (0, DEVICE_ID):
        answer = await client.stub.Capabilities(p4r.CapabilitiesRequest(device_id=device_id), timeout=TIMEOUT)
        assert answer.p4runtime_api_version == "1.4.1"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.stub.Capabilities(p4r.CapabilitiesRequest(device_id=DEVICE_ID + 1), timeout=TIMEOUT)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
