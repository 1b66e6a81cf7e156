# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Controller headers of packet-in and packet-out (spec: "ControllerPacketMetadata", "Packet I/O")."""

from finsy.proto import p4i, p4r

from p4dmm.softswitch.service.action_codec import field, listing
from p4dmm.softswitch.service.bytestrings import decode, encode
from p4dmm.softswitch.service.errors import invalid


class PacketHeaderCodec:
    """The fields of one controller header, packed bit after bit in P4Info order; without a header, zero bytes."""

    def __init__(self, info: p4i.ControllerPacketMetadata | None, name: str) -> None:
        metadata = info.metadata if info is not None else ()
        for item in metadata:
            if item.bitwidth <= 0:
                raise invalid(
                    f"controller header {name}, metadata {item.name}: bitwidth {item.bitwidth}, allowed is 1 up"
                )
        self.name = name
        self.fields = tuple(field(item.id, item.name, item.bitwidth) for item in metadata)
        self.bits = sum(item.width for item in self.fields)
        if self.bits % 8:
            raise invalid(f"controller header {name}: {self.bits} bits, allowed are whole bytes")
        self.size = self.bits // 8
        self._by_id = {item.id: item for item in self.fields}
        self._names = {item.id: item.name for item in self.fields}

    def unpack(self, frame: bytes) -> p4r.PacketIn | None:
        """The packet-in of a frame that left on the CPU port; None where it is shorter than the header."""
        if len(frame) < self.size:
            return None
        packet = p4r.PacketIn(payload=frame[self.size :])
        value, shift = int.from_bytes(frame[: self.size], "big"), self.bits
        for item in self.fields:
            shift -= item.width
            packet.metadata.add(metadata_id=item.id, value=encode((value >> shift) & (item.limit - 1)))
        return packet

    def pack(self, packet: p4r.PacketOut) -> bytes:
        """The frame to inject on the CPU port: every field must be given exactly once."""
        values: dict[int, int] = {}
        for item in packet.metadata:
            known = self._by_id.get(item.metadata_id)
            if known is None:
                raise invalid(f"{self.name}: unknown metadata id {item.metadata_id} (metadata: {listing(self._names)})")
            if known.id in values:
                raise invalid(f"{self.name}: metadata id {known.id} ({known.name}) is given twice")
            values[known.id] = decode(item.value, known.width, f"{self.name}, metadata {known.name}")
        missing = {spec.id: spec.name for spec in self.fields if spec.id not in values}
        if missing:
            raise invalid(f'{self.name}: missing metadata {listing(missing)} (spec: "Packet I/O")')
        header = 0
        for spec in self.fields:
            header = header << spec.width | values[spec.id]
        return header.to_bytes(self.size, "big") + packet.payload
