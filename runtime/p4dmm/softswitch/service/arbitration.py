# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Who may write: arbitration between the clients of one device (spec: "Client Arbitration and Controller Replication").

Pure state, no I/O: a client is anything with ``notify``. Only the default role exists.
"""

from typing import Protocol

from finsy.proto import U128, p4r, rpc_code

from p4dmm.softswitch.service.errors import P4RuntimeError, denied, invalid, not_found, unimplemented

MAX_CLIENTS = 64
NO_ID = -1  # an unset election id is lower than any other (spec: "Unset Election ID")


class Client(Protocol):
    """The stream of one controller."""

    def notify(self, update: p4r.MasterArbitrationUpdate, /) -> None:
        """Queue an arbitration notification; it must never block or be lost while the stream lives."""


class Arbitration:
    """The live clients of a device and the highest election id ever seen.

    The id only resets with the process. When the primary goes, nobody is primary until a client arbitrates with an id
    at least as high; backups are told with NOT_FOUND so that they can (spec: "Client Arbitration Notifications").
    """

    def __init__(self, device_id: int) -> None:
        self.device_id = device_id
        self.primary: Client | None = None
        self.highest = NO_ID
        self._ids: dict[Client, int] = {}

    def update(self, client: Client, message: p4r.MasterArbitrationUpdate) -> None:
        """Handle one MasterArbitrationUpdate; an error ends the client's stream and leaves the others as they were."""
        known = client in self._ids
        election_id = self._check(client, message, known=known)
        self._ids[client] = election_id
        previous = self.primary
        if election_id != NO_ID and election_id >= self.highest:
            self.highest = election_id
            self.primary = client
            # Those who lose or stay backup hear it first, the primary last (spec: rule 1.2 of the arbitration updates).
            for other in [*(each for each in self._ids if each is not client), client]:
                self._notify(other)
        elif previous is client:
            self.primary = None
            self._notify_all()
        else:
            self._notify(client)

    def remove(self, client: Client) -> None:
        """The client's stream ended."""
        if self._ids.pop(client, None) is not None and self.primary is client:
            self.primary = None
            self._notify_all()

    def check_primary(self, request: p4r.WriteRequest | p4r.SetForwardingPipelineConfigRequest) -> None:
        """Device, role and election id of a request that changes state, in the order of spec: "Write RPC"."""
        self.check_device(request.device_id)
        if request.role:
            raise not_found(f"unknown role '{request.role}' (roles: only the default role, leave it unset)")
        current = self._ids.get(self.primary) if self.primary is not None else None
        given = U128.decode(request.election_id) if request.HasField("election_id") else None
        if current is None or given != current:
            shown = "unset" if given is None else str(given)
            holder = "there is no primary" if current is None else f"the primary has {current}"
            raise denied(f"election id {shown} is not that of the primary ({holder})")

    def check_device(self, device_id: int) -> None:
        if device_id != self.device_id:
            raise not_found(f"unknown device id {device_id} (devices: {self.device_id})")

    def _check(self, client: Client, message: p4r.MasterArbitrationUpdate, *, known: bool) -> int:
        if message.device_id != self.device_id:
            if known:
                text = f"device id {message.device_id} differs from {self.device_id}, which this stream began with"
                raise P4RuntimeError(rpc_code.FAILED_PRECONDITION, text)
            self.check_device(message.device_id)
        if message.role.name or message.role.id:
            shown = message.role.name or str(message.role.id)
            if known:
                text = f"role '{shown}' differs from the default role, which this stream began with"
                raise P4RuntimeError(rpc_code.FAILED_PRECONDITION, text)
            raise unimplemented(f"role '{shown}' is not supported; leave the role unset for full pipeline access")
        if message.role.HasField("config"):
            raise invalid("role.config is set; no role configuration scheme is agreed upon, leave it unset")
        election_id = U128.decode(message.election_id) if message.HasField("election_id") else NO_ID
        if election_id != NO_ID and any(
            other is not client and used == election_id for other, used in self._ids.items()
        ):
            raise invalid(f"election id {election_id} is used by another live controller")
        if not known and len(self._ids) >= MAX_CLIENTS:
            raise P4RuntimeError(
                rpc_code.RESOURCE_EXHAUSTED, f"{MAX_CLIENTS} controllers are connected, no more are allowed"
            )
        return election_id

    def _notify_all(self) -> None:
        for client in self._ids:
            self._notify(client)

    def _notify(self, client: Client) -> None:
        update = p4r.MasterArbitrationUpdate(device_id=self.device_id)
        if self.highest != NO_ID:
            update.election_id.CopyFrom(U128.encode(self.highest))
        if self.primary is client:
            update.status.code, update.status.message = rpc_code.OK, "you are the primary"
        elif self.primary is not None:
            update.status.code, update.status.message = rpc_code.ALREADY_EXISTS, "another controller is the primary"
        else:
            update.status.code, update.status.message = rpc_code.NOT_FOUND, "there is no primary"
        client.notify(update)
