# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Writes to the packet replication engine (spec: "PacketReplicationEngineEntry")."""

from finsy.proto import p4r

from p4dmm.softswitch.service.bytestrings import decode
from p4dmm.softswitch.service.config import ForwardingConfig, Group
from p4dmm.softswitch.service.errors import invalid, unimplemented

PORT_BITS = 9


class ReplicationWriter:
    """Applies updates of multicast groups to one configuration."""

    def __init__(self, config: ForwardingConfig) -> None:
        self._config = config

    def entry(self, kind: int, entity: p4r.Entity) -> None:
        """INSERT, MODIFY or DELETE of a multicast group."""
        message = entity.packet_replication_engine_entry
        what = message.WhichOneof("type")
        if what == "clone_session_entry":
            raise unimplemented("clone_session_entry is not supported (supported: multicast_group_entry)")
        if what is None:
            raise invalid("packet_replication_engine_entry: neither a multicast group nor a clone session is given")
        group = message.multicast_group_entry
        engine, number = self._config.pipeline.replication, group.multicast_group_id
        if not number:
            raise invalid('multicast group id 0, allowed is 1 or more (spec: "Valid Values for multicast_group_id")')
        if kind == p4r.Update.DELETE:
            engine.delete(number)
            self._config.groups.pop(number, None)
            return
        replicas = tuple(_replica(number, replica) for replica in group.replicas)
        if kind == p4r.Update.INSERT:
            engine.insert(number, replicas)
        else:
            engine.modify(number, replicas)
        legacy = tuple(replica.WhichOneof("port_kind") == "egress_port" for replica in group.replicas)
        self._config.groups[number] = Group(group.metadata, legacy)


def _replica(group: int, replica: p4r.Replica) -> tuple[int, int]:
    what = f"multicast group {group}"
    if replica.backup_replicas:
        raise unimplemented(f"{what}: backup replicas are not supported")
    kind = replica.WhichOneof("port_kind")
    if kind is None:
        raise invalid(f'{what}: a replica has no port (spec: "MulticastGroupEntry")')
    if kind == "port":
        return decode(replica.port, PORT_BITS, f"{what}, replica port"), replica.instance
    return replica.egress_port, replica.instance
