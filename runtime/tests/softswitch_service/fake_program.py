# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the pipeline core: tables built from P4Info, and service.p4's l2 table and packet I/O in Python."""

from finsy.proto import p4i

from p4dmm.softswitch.counters import CounterArray
from p4dmm.softswitch.errors import UnsupportedProgramError
from p4dmm.softswitch.match import Exact, Key, KeyKind
from p4dmm.softswitch.replication import ReplicationEngine
from p4dmm.softswitch.tables import Entry, Table

CPU_PORT = 510
DROP = ("ingress.drop", ())
KINDS = {
    p4i.MatchField.EXACT: KeyKind.EXACT,
    p4i.MatchField.LPM: KeyKind.LPM,
    p4i.MatchField.TERNARY: KeyKind.TERNARY,
    p4i.MatchField.RANGE: KeyKind.RANGE,
}


class FakePipeline:
    def __init__(self, p4info: p4i.P4Info) -> None:
        actions = {action.preamble.id: action for action in p4info.actions}
        self.replication = ReplicationEngine()
        self.counters = {c.preamble.name: CounterArray(c.preamble.name, c.size) for c in p4info.counters}
        self.tables = {info.preamble.name: self._table(info, actions, p4info) for info in p4info.tables}

    @staticmethod
    def _table(info, actions, p4info):
        name = info.preamble.name
        return Table(
            name,
            info.size,
            [Key(key.name, KINDS[key.match_type], key.bitwidth) for key in info.match_fields],
            {
                actions[ref.id].preamble.name: tuple(param.bitwidth for param in actions[ref.id].params)
                for ref in info.action_refs
            },
            ("ingress.forward", (3,)) if name == "ingress.keyless" else DROP,
            default_is_const=info.const_default_action_id != 0,
            const_entries=[Entry((Exact(7),), "ingress.forward", (8,))] if info.is_const_table else None,
            has_direct_counter=any(d.direct_table_id == info.preamble.id for d in p4info.direct_counters),
        )

    def process(self, port: int, frame: bytes) -> list[tuple[int, bytes]]:
        packets, octets = self.counters["ingress.port_counter"].read(port & 15)
        self.counters["ingress.port_counter"].write(port & 15, packets + 1, octets + len(frame))
        if port == CPU_PORT:
            return [(int.from_bytes(frame[:2], "big") >> 7, frame[2:])] if len(frame) >= 16 else []
        if len(frame) < 14:
            return []
        key = (Exact(port), Exact(int.from_bytes(frame[:6], "big")))
        table = self.tables["ingress.l2"]
        entry = table.get(key)
        if entry is None:
            return []
        packets, octets = table.counter(key)
        table.set_counter(key, 0, packets + 1, octets + len(frame))
        if entry.action == "ingress.forward":
            return [(entry.params[0], frame)]
        if entry.action == "ingress.punt":
            return [(CPU_PORT, (port << 7 | entry.params[0]).to_bytes(2, "big") + frame)]
        if entry.action == "ingress.replicate":
            return [(out, frame) for out, _ in self.replication.get(entry.params[0]) or ()]
        return []


def loader(p4info: p4i.P4Info):
    def load(text: str | bytes) -> FakePipeline:
        if b"unsupported" in text:
            raise UnsupportedProgramError("extern 'digest' is not supported")
        return FakePipeline(p4info)

    return load
