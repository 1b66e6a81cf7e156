# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Hashes, member choice, slices and lookahead: what simple_switch does with programs/sharing.p4, bit for bit."""

import json
import queue
import shutil
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from random import Random

import grpc
import pynng
import pytest
from finsy.proto import p4i, p4r, p4r_grpc
from google.protobuf import text_format

from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.tables import Exact, GroupRef, IndirectEntry, Lpm, MemberRef

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE_S = 10
HEADER = struct.Struct("<iii")
PORT_ADD, PACKET_IN = 0, 3
MEMBERS = range(1, 6)
GROUPS = {
    1: ((1, 1), (2, 1), (3, 1)),
    2: ((1, 3), (4, 1), (5, 2)),
    3: ((2, 1),),
    4: ((5, 4), (3, 2)),
}

pytestmark = [pytest.mark.bmv2, pytest.mark.timeout(120)]


class Bmv2:
    """A simple_switch_grpc whose ports are one nanomsg socket."""

    def __init__(self, directory: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        frames = f"ipc://{directory}/bmv2.ipc"
        command = ["simple_switch_grpc", "--log-level", "off", "--device-id", "1", "--packet-in", frames, "--no-p4"]
        self._log = (directory / "bmv2.log").open("wb")
        self._process = subprocess.Popen(
            [*command, "--", "--grpc-server-addr", address], stdout=self._log, stderr=subprocess.STDOUT
        )
        self._socket = pynng.Pair0(recv_timeout=PATIENCE_S * 1000, send_timeout=PATIENCE_S * 1000)
        self._channel = grpc.insecure_channel(address)
        self._stub = p4r_grpc.P4RuntimeStub(self._channel)
        self.info = text_format.Parse((PROGRAMS / "sharing.p4info.txtpb").read_text(), p4i.P4Info())
        grpc.channel_ready_future(self._channel).result(timeout=PATIENCE_S)
        election = p4r.MasterArbitrationUpdate(device_id=1, election_id=p4r.Uint128(low=1))
        # The switch takes writes as long as the stream is open in both directions.
        self._requests: queue.SimpleQueue[p4r.StreamMessageRequest | None] = queue.SimpleQueue()
        self._requests.put(p4r.StreamMessageRequest(arbitration=election))
        self._stream = self._stub.StreamChannel(iter(self._requests.get, None))
        next(self._stream)
        program = (PROGRAMS / "sharing.json").read_bytes()
        self._stub.SetForwardingPipelineConfig(
            p4r.SetForwardingPipelineConfigRequest(
                device_id=1,
                election_id=p4r.Uint128(low=1),
                action=p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT,
                config=p4r.ForwardingPipelineConfig(p4info=self.info, p4_device_config=program),
            ),
            timeout=PATIENCE_S,
        )
        self._socket.dial(frames)
        for port in (0, 1):
            self._socket.send(HEADER.pack(PORT_ADD, port, 0))

    def close(self) -> None:
        self._requests.put(None)
        self._channel.close()
        self._socket.close()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_S)
        if self._process.poll() is None:
            self._process.kill()
        self._log.close()

    def write(self, *entities: p4r.Entity, kind: "p4r.Update.Type.ValueType" = p4r.Update.INSERT) -> None:
        updates = [p4r.Update(type=kind, entity=entity) for entity in entities]
        self._stub.Write(
            p4r.WriteRequest(device_id=1, election_id=p4r.Uint128(low=1), updates=updates), timeout=PATIENCE_S
        )

    def id(self, objects: str, name: str) -> int:
        return next(item.preamble.id for item in getattr(self.info, objects) if item.preamble.name.endswith(f".{name}"))

    def process(self, frame: bytes) -> list[tuple[int, bytes]]:
        """The program sends exactly one frame for every frame of the test."""
        self._socket.send(HEADER.pack(PACKET_IN, 0, len(frame)) + frame)
        message = self._socket.recv()
        return [(HEADER.unpack_from(message)[1], message[HEADER.size :])]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """BMv2 and this switch with the same members and groups in both selectors, and an entry for each group."""
    if not shutil.which("simple_switch_grpc"):
        pytest.skip("simple_switch_grpc is not on PATH")
    bmv2 = Bmv2(tmp_path_factory.mktemp("bmv2"))
    try:
        pipeline = load_pipeline((PROGRAMS / "sharing.json").read_bytes())
        configure(bmv2, pipeline)
        yield bmv2, pipeline
    finally:
        bmv2.close()


def raw(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def member(bmv2: Bmv2, profile: str, number: int) -> p4r.Entity:
    action = p4r.Action(action_id=bmv2.id("actions", "choose"))
    action.params.add(param_id=1, value=raw(10 * number))
    profile_id = bmv2.id("action_profiles", profile)
    return p4r.Entity(
        action_profile_member=p4r.ActionProfileMember(action_profile_id=profile_id, member_id=number, action=action)
    )


def group(bmv2: Bmv2, profile: str, number: int, members: tuple[tuple[int, int], ...]) -> p4r.Entity:
    made = p4r.ActionProfileGroup(action_profile_id=bmv2.id("action_profiles", profile), group_id=number)
    for member_id, weight in members:
        made.members.add(member_id=member_id, weight=weight)
    return p4r.Entity(action_profile_group=made)


def entry(bmv2: Bmv2, table: str, match: p4r.FieldMatch, **target: int) -> p4r.Entity:
    action = p4r.TableAction(**{f"action_profile_{kind}_id": number for kind, number in target.items()})
    return p4r.Entity(table_entry=p4r.TableEntry(table_id=bmv2.id("tables", table), match=[match], action=action))


def configure(bmv2: Bmv2, pipeline: Pipeline) -> None:
    ingress = "SharingIngress."
    for name in ("selector_crc16", "selector_crc32"):
        profile = pipeline.profiles[ingress + name]
        for number in MEMBERS:
            bmv2.write(member(bmv2, name, number))
            profile.insert_member(number, ingress + "choose", (10 * number,))
        for number, members in GROUPS.items():
            bmv2.write(group(bmv2, name, number, members))
            profile.insert_group(number, members)
        # Another weight of a member whose copies other groups use, and a member that comes back.
        changed = ((1, 2), (3, 1), (5, 3))
        bmv2.write(group(bmv2, name, 2, changed), kind=p4r.Update.MODIFY)
        profile.modify_group(2, changed)
        bmv2.write(member(bmv2, name, 4), kind=p4r.Update.DELETE)
        profile.delete_member(4)
        bmv2.write(member(bmv2, name, 9))
        profile.insert_member(9, ingress + "choose", (90,))
        late = ((9, 2), (1, 1), (2, 5))
        bmv2.write(group(bmv2, name, 5, late))
        profile.insert_group(5, late)
    for number in (*GROUPS, 5):
        prefix = p4r.FieldMatch(field_id=1, lpm=p4r.FieldMatch.LPM(value=raw(number << 4), prefix_len=5))
        bmv2.write(entry(bmv2, "balanced", prefix, group=number))
        pipeline.tables[ingress + "balanced"].insert(IndirectEntry((Lpm(number << 4 & 0xF8, 5),), GroupRef(number)))
        parts = p4r.FieldMatch(field_id=1, exact=p4r.FieldMatch.Exact(value=raw(number << 5 | 8)))
        bmv2.write(entry(bmv2, "balanced_too", parts, group=number))
        pipeline.tables[ingress + "balanced_too"].insert(IndirectEntry((Exact(number << 5 | 8),), GroupRef(number)))
    parts = p4r.FieldMatch(field_id=1, exact=p4r.FieldMatch.Exact(value=raw(6 << 5 | 8)))
    bmv2.write(entry(bmv2, "balanced_too", parts, member=3))
    pipeline.tables[ingress + "balanced_too"].insert(IndirectEntry((Exact(6 << 5 | 8),), MemberRef(3)))


def frames(seed: int, which: list[int], count: int) -> list[bytes]:
    random = Random(seed)
    made = []
    for _ in range(count):
        number = random.choice(which)
        parts = random.choice([0, 1, 2, 5, 0x10, 0x1FFF]) | random.randrange(8) << 13
        head = bytes((number,)) + parts.to_bytes(2, "big") + random.choice([6, 7, 8, 0xABCD]).to_bytes(2, "big")
        body = random.choice([0x40, 0x00, random.randrange(256)]).to_bytes(1) + random.choice(
            [b"\xab", b"\xff", b"\x01"]
        )
        body += random.choice([b"\xab", random.randbytes(1)]) + random.randbytes(9)
        made.append(head + random.randbytes(6) + body + random.randbytes(random.randrange(4)))
    return made


@pytest.mark.parametrize(
    "which", [[1], [2], [3], [4], [5], [6], [7], [8], [0x10, 0x20, 0x30], [0x1F, 0x90, 0x2F]], ids=str
)
def test_hashes_and_parsers_agree(both, which):
    bmv2, pipeline = both
    for frame in frames(which[0], which, 150):
        assert pipeline.process(0, frame, 0) == bmv2.process(frame), frame.hex()


def test_choices_agree(both):
    bmv2, pipeline = both
    seen = set()
    for frame in frames(1, [number << 4 for number in (*GROUPS, 5)] + [8, 0x28, 0xA8], 600):
        ((_, ours),) = pipeline.process(0, frame, 0)
        assert [(1, ours)] == bmv2.process(frame), frame.hex()
        seen.add(ours[-1])
    assert len(seen) > 5


def test_the_program_is_the_one_that_was_compiled(both, tmp_path):
    """The JSON that the other tests use is what p4c makes of the source today."""
    if not shutil.which("p4c-bm2-ss"):
        pytest.skip("p4c-bm2-ss is not on PATH")
    made = tmp_path / "sharing.json"
    subprocess.run(
        ["p4c-bm2-ss", "--std", "p4-16", "-o", made, PROGRAMS / "sharing.p4"], check=True, capture_output=True
    )
    texts = [json.loads(path.read_text()) for path in (made, PROGRAMS / "sharing.json")]
    for text in texts:
        strip(text)
    assert texts[0] == texts[1]


def strip(node: object) -> None:
    """Take the places in the source out, which are paths."""
    if isinstance(node, dict):
        for word in ("source_info", "program", "__meta__"):
            node.pop(word, None)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        strip(child)
