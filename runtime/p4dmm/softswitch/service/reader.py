# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Read RPC on one configuration (spec: "Read RPC", "Wildcard Reads")."""

from collections.abc import Callable, Sequence
from typing import Any

from finsy.proto import p4r

from p4dmm.softswitch.errors import SoftswitchError
from p4dmm.softswitch.meters import MeterConfig
from p4dmm.softswitch.profiles import Member, Weights
from p4dmm.softswitch.service.array_writer import (
    check_meter_counters,
    counter_indices,
    meter_indices,
)
from p4dmm.softswitch.service.bytestrings import encode
from p4dmm.softswitch.service.config import ForwardingConfig
from p4dmm.softswitch.service.errors import P4RuntimeError, from_core, invalid, not_found, unimplemented
from p4dmm.softswitch.service.profiles import BoundProfile
from p4dmm.softswitch.service.snapshot import Snapshot
from p4dmm.softswitch.service.table_reader import TableReader


class EntityReader:
    """Answers read requests from a configuration's pipeline."""

    def __init__(self, config: ForwardingConfig, clock: Callable[[], int]) -> None:
        """The clock is the one that packets are processed with, in nanoseconds."""
        self._config = config
        tables = TableReader(config, clock)
        self._handlers: dict[str, Callable[[p4r.Entity], list[Snapshot]]] = {
            "table_entry": lambda entity: tables.entries(entity.table_entry),
            "direct_counter_entry": lambda entity: tables.direct_counters(entity.direct_counter_entry),
            "counter_entry": lambda entity: self._counter(entity.counter_entry),
            "meter_entry": lambda entity: self._meter(entity.meter_entry),
            "action_profile_member": lambda entity: self._members(entity.action_profile_member),
            "action_profile_group": lambda entity: self._groups(entity.action_profile_group),
            "packet_replication_engine_entry": lambda entity: self._replication(entity.packet_replication_engine_entry),
        }

    def take(self, requests: Sequence[p4r.Entity]) -> tuple[list[Snapshot], list[P4RuntimeError | None]]:
        """Snapshots of the valid requests, and one error or None per request (spec: "Batch Processing")."""
        snapshots: list[Snapshot] = []
        errors: list[P4RuntimeError | None] = []
        for entity in requests:
            error: P4RuntimeError | None = None
            try:
                snapshots += self._one(entity)
            except P4RuntimeError as caught:
                error = caught
            except SoftswitchError as caught:
                error = from_core(caught)
            errors.append(error)
        return snapshots, errors

    def _one(self, entity: p4r.Entity) -> list[Snapshot]:
        kind = entity.WhichOneof("entity")
        if kind is None:
            raise invalid('the entity of a read request is unset (spec: "Wildcard Reads")')
        handler = self._handlers.get(kind)
        if handler is None:
            raise unimplemented(f"{kind} is not supported (supported: {', '.join(self._handlers)})")
        return handler(entity)

    def _counter(self, query: p4r.CounterEntry) -> list[Snapshot]:
        config = self._config
        found = {query.counter_id: config.counter(query.counter_id)} if query.counter_id else config.counters
        snapshots = []
        for number, counter in found.items():
            indices = counter_indices(query, counter.name, counter.size) if query.counter_id else range(counter.size)
            items = [(number, index, *counter.read(index)) for index in indices]
            snapshots.append(Snapshot(items, _put_counter))
        return snapshots

    def _meter(self, query: p4r.MeterEntry) -> list[Snapshot]:
        check_meter_counters(query)
        config = self._config
        found = {query.meter_id: config.meter(query.meter_id)} if query.meter_id else config.meters
        snapshots = []
        for number, meter in found.items():
            indices = meter_indices(query, meter) if query.meter_id else range(meter.array.size)
            snapshots.append(Snapshot([(number, index, meter.array.config(index)) for index in indices], _put_meter))
        return snapshots

    def _members(self, query: p4r.ActionProfileMember) -> list[Snapshot]:
        """The members of one-shot sets are no members to a client (spec: "One Shot Action Selector Programming")."""
        snapshots = []
        for bound in self._profiles(query.action_profile_id, query.member_id):
            found = [] if bound.settings else list(bound.profile.members())
            if query.member_id:
                found = [(number, member) for number, member in found if number == query.member_id]
                if not found:
                    raise not_found(f"{bound.label} has no member {query.member_id}")
            snapshots.append(Snapshot([(bound, number, member) for number, member in found], _put_member))
        return snapshots

    def _groups(self, query: p4r.ActionProfileGroup) -> list[Snapshot]:
        """As _members."""
        snapshots = []
        for bound in self._profiles(query.action_profile_id, query.group_id):
            numbers = [query.group_id] if query.group_id else list(bound.max_sizes)
            found = []
            for number in numbers:
                members = bound.profile.group(number)
                if members is None or number not in bound.max_sizes:
                    raise not_found(f"{bound.label} has no group {number}")
                found.append((bound, number, bound.max_sizes[number], members))
            snapshots.append(Snapshot(found, _put_profile_group))
        return snapshots

    def _profiles(self, profile_id: int, object_id: int) -> list[BoundProfile]:
        if profile_id:
            return [self._config.profile(profile_id)]
        if object_id:
            raise invalid("action profile id 0 selects all action profiles and allows no member or group id")
        return list(self._config.profiles.values())

    def _replication(self, query: p4r.PacketReplicationEngineEntry) -> list[Snapshot]:
        if query.WhichOneof("type") == "clone_session_entry":
            raise unimplemented("clone_session_entry is not supported (supported: multicast_group_entry)")
        wanted, engine = query.multicast_group_entry.multicast_group_id, self._config.pipeline.replication
        groups = list(engine.groups())
        if wanted:
            replicas = engine.get(wanted)
            if replicas is None:
                raise not_found(f"there is no multicast group {wanted}")
            groups = [(wanted, replicas)]
        return [Snapshot([(number, replicas, self._config.groups[number]) for number, replicas in groups], _put_group)]


def _put_counter(item: tuple[int, int, int, int], into: p4r.Entity) -> None:
    number, index, packets, octets = item
    message = into.counter_entry
    message.counter_id = number
    message.index.SetInParent()
    message.index.index = index
    message.data.SetInParent()
    message.data.packet_count, message.data.byte_count = packets, octets


def _put_group(item: Any, into: p4r.Entity) -> None:
    number, replicas, group = item
    message = into.packet_replication_engine_entry.multicast_group_entry
    message.multicast_group_id, message.metadata = number, group.metadata
    for (port, instance), legacy in zip(replicas, group.legacy, strict=True):
        if legacy:
            message.replicas.add(egress_port=port, instance=instance)
        else:
            message.replicas.add(port=encode(port), instance=instance)


def _put_meter(item: tuple[int, int, MeterConfig | None], into: p4r.Entity) -> None:
    number, index, config = item
    message = into.meter_entry
    message.meter_id = number
    message.index.SetInParent()
    message.index.index = index
    if config is not None:
        message.config.SetInParent()
        message.config.cir, message.config.cburst = config.cir, config.cburst
        message.config.pir, message.config.pburst = config.pir, config.pburst


def _put_member(item: tuple[BoundProfile, int, Member], into: p4r.Entity) -> None:
    bound, number, member = item
    message = into.action_profile_member
    message.action_profile_id, message.member_id = bound.id, number
    bound.actions_by_name[member.action].encode(member.params, message.action)


def _put_profile_group(item: tuple[BoundProfile, int, int, Weights], into: p4r.Entity) -> None:
    bound, number, max_size, members = item
    message = into.action_profile_group
    message.action_profile_id, message.group_id, message.max_size = bound.id, number, max_size
    for member_id, weight in members:
        message.members.add(member_id=member_id, weight=bound.encode_weight(weight))
