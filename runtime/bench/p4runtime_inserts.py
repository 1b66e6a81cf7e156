# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Table entries per second over P4Runtime, against any server: the embedded switch, BMv2, hardware.

The requests are built before the clock starts, one batch is outstanding at a time, every batch must succeed.
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
from finsy.proto import U128, p4i, p4r, p4r_grpc
from google.protobuf import text_format

RPC_TIMEOUT_S = 120
# Errors of a batch come as metadata; BMv2 answers a read of a whole table in one message.
CHANNEL_OPTIONS = (("grpc.max_metadata_size", 64 << 10), ("grpc.max_receive_message_length", 256 << 20))


class BenchError(Exception):
    """The measurement cannot be made as asked."""


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds for each of the phases, all over the same entries."""

    entries: int
    batch: int
    insert_s: float
    modify_s: float
    read_s: float
    delete_s: float

    def rates(self) -> dict[str, float]:
        phases = (
            ("insert", self.insert_s),
            ("modify", self.modify_s),
            ("read", self.read_s),
            ("delete", self.delete_s),
        )
        return {name: self.entries / seconds for name, seconds in phases}


def _encode(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")


def _entries(p4info: p4i.P4Info, table_name: str, count: int) -> Iterator[p4r.TableEntry]:
    """Distinct entries of a table whose keys are all exact, scattered over the key space."""
    tables = {table.preamble.name: table for table in p4info.tables}
    if table_name not in tables:
        raise BenchError(f"unknown table {table_name} (tables: {', '.join(sorted(tables))})")
    table = tables[table_name]
    width = sum(field.bitwidth for field in table.match_fields)
    if any(field.match_type != p4i.MatchField.EXACT for field in table.match_fields):
        raise BenchError(f"table {table_name}: only tables with nothing but exact keys can be measured")
    if count > min(table.size, 1 << width):
        raise BenchError(f"table {table_name}: {count} entries, allowed are {min(table.size, 1 << width)}")
    actions = {action.preamble.id: action for action in p4info.actions}
    usable = [actions[ref.id] for ref in table.action_refs if ref.scope != p4i.ActionRef.DEFAULT_ONLY]
    action = max(usable, key=lambda each: len(each.params))
    stride = (1 << width) * 618 // 1000 | 1  # odd, so that multiples modulo a power of two are distinct
    for number in range(count):
        entry = p4r.TableEntry(table_id=table.preamble.id)
        key = number * stride % (1 << width)
        for field in table.match_fields:
            entry.match.add(field_id=field.id).exact.value = _encode(key & ((1 << field.bitwidth) - 1))
            key >>= field.bitwidth
        entry.action.action.action_id = action.preamble.id
        for param in action.params:
            entry.action.action.params.add(param_id=param.id, value=_encode(number & ((1 << param.bitwidth) - 1)))
        yield entry


def measure(
    address: str,
    device_id: int,
    p4info: p4i.P4Info,
    config: bytes,
    table: str,
    *,
    count: int = 100_000,
    batch: int = 1000,
    election_id: int = 1,
) -> Result:
    """Load the program, then insert, modify, read and delete ``count`` entries of the table."""
    entries = list(_entries(p4info, table, count))
    election = U128.encode(election_id)

    def requests(kind: p4r.Update.Type.ValueType) -> list[p4r.WriteRequest]:
        made = []
        for index in range(0, count, batch):
            updates = [
                p4r.Update(type=kind, entity=p4r.Entity(table_entry=each)) for each in entries[index : index + batch]
            ]
            made.append(p4r.WriteRequest(device_id=device_id, election_id=election, updates=updates))
        return made

    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        stub = p4r_grpc.P4RuntimeStub(channel)
        arbitration = p4r.MasterArbitrationUpdate(device_id=device_id, election_id=election)
        stream = stub.StreamChannel(_open_stream(p4r.StreamMessageRequest(arbitration=arbitration)))
        status = next(iter(stream)).arbitration.status
        if status.code:
            raise BenchError(f"{address}: not the primary controller ({status.message}); use a higher --election-id")
        forwarding = p4r.ForwardingPipelineConfig(p4info=p4info, p4_device_config=config)
        action = p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT
        stub.SetForwardingPipelineConfig(
            p4r.SetForwardingPipelineConfigRequest(
                device_id=device_id, election_id=election, action=action, config=forwarding
            ),
            timeout=RPC_TIMEOUT_S,
        )
        phases = [_timed_writes(stub, requests(kind)) for kind in (p4r.Update.INSERT, p4r.Update.MODIFY)]
        table_id = entries[0].table_id
        query = p4r.ReadRequest(
            device_id=device_id, entities=[p4r.Entity(table_entry=p4r.TableEntry(table_id=table_id))]
        )
        start = time.perf_counter()
        found = sum(len(response.entities) for response in stub.Read(query, timeout=RPC_TIMEOUT_S))
        phases.append(time.perf_counter() - start)
        if found != count:
            raise BenchError(f"{address}: {found} entries read back, {count} were written")
        phases.append(_timed_writes(stub, requests(p4r.Update.DELETE)))
    return Result(count, batch, *phases)


def _open_stream(first: p4r.StreamMessageRequest) -> Iterator[p4r.StreamMessageRequest]:
    yield first
    # The stream's sending half stays open until the call is cancelled; gRPC runs this in a thread of its own.
    while True:
        time.sleep(RPC_TIMEOUT_S)


def _timed_writes(stub: p4r_grpc.P4RuntimeStub, requests: list[p4r.WriteRequest]) -> float:
    start = time.perf_counter()
    for request in requests:
        stub.Write(request, timeout=RPC_TIMEOUT_S)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("p4info", type=Path, help="P4Info in text format")
    parser.add_argument("config", type=Path, help="BMv2 JSON")
    parser.add_argument("table", help="full name of a table with exact keys")
    parser.add_argument("--address", default="127.0.0.1:9559")
    parser.add_argument("--device-id", type=int, default=0)
    parser.add_argument("--election-id", type=int, default=1)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1000)
    args = parser.parse_args()
    p4info = text_format.Parse(args.p4info.read_text(), p4i.P4Info())
    result = measure(
        args.address,
        args.device_id,
        p4info,
        args.config.read_bytes(),
        args.table,
        count=args.count,
        batch=args.batch,
        election_id=args.election_id,
    )
    batches = math.ceil(result.entries / result.batch)
    print(f"{result.entries} entries of {args.table} in {batches} batches of {result.batch}")
    for phase, rate in result.rates().items():
        print(f"{phase:>8}: {rate:>10,.0f} entries/s")


if __name__ == "__main__":
    main()
