# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The state of one configuration in another (spec: "SetForwardingPipelineConfig RPC", RECONCILE_AND_COMMIT)."""

from p4dmm.softswitch.errors import SoftswitchError
from p4dmm.softswitch.service.config import BoundTable, ForwardingConfig
from p4dmm.softswitch.service.errors import invalid


def carry_over(old: ForwardingConfig, new: ForwardingConfig, now_ns: int) -> None:
    """Copy the forwarding state of a configuration into a fresh one (spec: RECONCILE_AND_COMMIT).

    State is preserved when both P4Infos are equal: entries with their counters, idle timeouts and metadata, default
    entries, members, groups and one-shot sets, indirect counters, multicast groups, the rates of meters, whose buckets
    are full again. Another P4Info, or state the new program refuses, is INVALID_ARGUMENT.
    """
    if old.p4info != new.p4info:
        raise invalid(
            "the P4Info differs from the running one, so forwarding state cannot be preserved; use VERIFY_AND_COMMIT"
        )
    try:
        for number, profile in old.profiles.items():
            new.profiles[number].take_over(profile)
        for number, bound in old.tables.items():
            _carry_table(bound, new.tables[number], now_ns)
        for number, counter in old.counters.items():
            for index in range(counter.size):
                new.counters[number].write(index, *counter.read(index))
        for number, meter in old.meters.items():
            for index in range(meter.array.size):
                if (rates := meter.array.config(index)) is not None:
                    new.meters[number].array.configure(index, rates, now_ns)
        for group_id, replicas in old.pipeline.replication.groups():
            new.pipeline.replication.insert(group_id, replicas)
    except SoftswitchError as error:
        raise invalid(f"forwarding state cannot be preserved: {error}") from error
    new.groups = dict(old.groups)


def _carry_table(old: BoundTable, new: BoundTable, now_ns: int) -> None:
    if not new.codec.is_const:
        for entry in old.table.entries():
            new.table.insert(entry)
    if new.table.has_direct_counter:
        for entry in old.table.entries():
            if new.table.get(entry.match, entry.priority) is not None:
                packets, octets = old.table.counter(entry.match, entry.priority)
                new.table.set_counter(entry.match, entry.priority, packets, octets)
    if new.codec.idle_timeout:
        for entry in old.table.entries():
            key = entry.match, entry.priority
            last_hit = now_ns - old.table.time_since_last_hit(*key, now_ns)
            new.table.set_idle_timeout(*key, old.table.idle_timeout(*key), last_hit)
        new.deadlines = old.deadlines
    if not new.codec.const_default and old.table.default_entry != new.table.default_entry:
        new.table.set_default(*old.table.default_entry)
    new.notes = dict(old.notes)
    new.default_note = old.default_note
