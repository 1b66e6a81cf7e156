# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Write RPC's updates on one configuration (spec: "P4 Entity Messages", "Write RPC")."""

from collections.abc import Callable, Iterable

from finsy.proto import p4r

from p4dmm.softswitch.errors import SoftswitchError
from p4dmm.softswitch.service.array_writer import ArrayWriter
from p4dmm.softswitch.service.config import ForwardingConfig
from p4dmm.softswitch.service.errors import P4RuntimeError, from_core, invalid, unimplemented
from p4dmm.softswitch.service.profile_writer import ProfileWriter
from p4dmm.softswitch.service.replication_writer import ReplicationWriter
from p4dmm.softswitch.service.table_writer import TableWriter, unknown_type


class EntityWriter:
    """Applies updates one by one; an update that fails has changed nothing."""

    def __init__(self, config: ForwardingConfig, clock: Callable[[], int]) -> None:
        """The clock is the one that packets are processed with, in nanoseconds."""
        self._tables = TableWriter(config, clock)
        arrays, profiles, replication = ArrayWriter(config, clock), ProfileWriter(config), ReplicationWriter(config)
        self._others: dict[str, Callable[[int, p4r.Entity], None]] = {
            "direct_counter_entry": self._tables.direct_counter,
            "counter_entry": arrays.counter,
            "meter_entry": arrays.meter,
            "action_profile_member": profiles.member,
            "action_profile_group": profiles.group,
            "packet_replication_engine_entry": replication.entry,
        }

    def apply(self, updates: Iterable[p4r.Update]) -> list[P4RuntimeError | None] | None:
        """Apply a batch, CONTINUE_ON_ERROR (spec: "Batch Atomicity"). None when all went well."""
        errors: list[P4RuntimeError | None] = []
        failed = False
        for update in updates:
            try:
                entity = update.entity
                kind = entity.WhichOneof("entity")
                if kind == "table_entry":
                    self._tables.entry(update.type, entity.table_entry)
                else:
                    self._other(kind, update)
            except P4RuntimeError as error:
                errors.append(error)
                failed = True
            except SoftswitchError as error:
                errors.append(from_core(error))
                failed = True
            else:
                errors.append(None)
        return errors if failed else None

    def _other(self, kind: str | None, update: p4r.Update) -> None:
        if kind is None:
            raise invalid('the entity of the update is unset (spec: "Write RPC")')
        handler = self._others.get(kind)
        if handler is None:
            raise unimplemented(f"{kind} is not supported (supported: table_entry, {', '.join(self._others)})")
        if update.type not in (p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE):
            raise unknown_type(update.type)
        handler(update.type, update.entity)
