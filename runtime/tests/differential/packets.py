# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Headers as bytes, right or wrong as asked: nothing of the code under test takes part."""

IPV6, IPV4, ARP, LINK_PROBE = 0x86DD, 0x0800, 0x0806, 0x88B5


def ethernet(destination: int, source: int, ethertype: int, payload: bytes) -> bytes:
    """An Ethernet frame."""
    return destination.to_bytes(6, "big") + source.to_bytes(6, "big") + ethertype.to_bytes(2, "big") + payload


def internet_checksum(data: bytes) -> int:
    """RFC 1071."""
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def ipv6(
    source: int,
    destination: int,
    next_header: int,
    payload: bytes,
    *,
    traffic_class: int = 0,
    flow_label: int = 0,
    hop_limit: int = 64,
) -> bytes:
    """RFC 8200, section 3."""
    first = 6 << 28 | traffic_class << 20 | flow_label
    fixed = first.to_bytes(4, "big") + len(payload).to_bytes(2, "big") + bytes((next_header, hop_limit))
    return fixed + source.to_bytes(16, "big") + destination.to_bytes(16, "big") + payload


def ipv4(
    source: int,
    destination: int,
    protocol: int,
    payload: bytes,
    *,
    traffic_class: int = 0,
    fragment: int = 0x4000,
    ttl: int = 64,
    options: bytes = b"",
    wrong: int = 0,
) -> bytes:
    """RFC 791, section 3.1. `fragment` is flags and offset, `wrong` what is added to the checksum."""
    length = 20 + len(options)
    head = bytes((0x40 | length // 4, traffic_class)) + (length + len(payload)).to_bytes(2, "big") + b"\x12\x34"
    head += fragment.to_bytes(2, "big") + bytes((ttl, protocol))
    addresses = source.to_bytes(4, "big") + destination.to_bytes(4, "big")
    checksum = internet_checksum(head + bytes(2) + addresses + options) + wrong & 0xFFFF
    return head + checksum.to_bytes(2, "big") + addresses + options + payload


def icmpv6(source: int, destination: int, kind: int, body: bytes) -> bytes:
    """An ICMPv6 message with its checksum (RFC 4443, section 2.3), without the IPv6 header."""
    message = bytes((kind, 0, 0, 0)) + body
    pseudo = (
        source.to_bytes(16, "big") + destination.to_bytes(16, "big") + len(message).to_bytes(4, "big") + b"\0\0\0\x3a"
    )
    return message[:2] + internet_checksum(pseudo + message).to_bytes(2, "big") + body


def udp(source: int, destination: int, payload: bytes, length: int | None = None) -> bytes:
    """RFC 768 without a checksum."""
    real = 8 + len(payload) if length is None else length
    return b"".join(number.to_bytes(2, "big") for number in (source, destination, real, 0)) + payload


def tlv(next_header: int, payload: bytes) -> bytes:
    """RFC 5845, section 7.2."""
    return bytes((0, next_header)) + len(payload).to_bytes(2, "big") + payload


def gre(ethertype: int, payload: bytes, key: int | None = None) -> bytes:
    """RFC 2784, with the key of RFC 2890."""
    head = (0 if key is None else 0x2000).to_bytes(2, "big") + ethertype.to_bytes(2, "big")
    return head + (b"" if key is None else key.to_bytes(4, "big")) + payload


def arp(operation: int, sender_mac: int, sender: int, target: int) -> bytes:
    """RFC 826 for Ethernet and IPv4."""
    head = b"\x00\x01\x08\x00\x06\x04" + operation.to_bytes(2, "big")
    return head + sender_mac.to_bytes(6, "big") + sender.to_bytes(4, "big") + bytes(6) + target.to_bytes(4, "big")


def home_address_option(next_header: int, home_address: int) -> bytes:
    """A destination options header of PadN and the Home Address option (RFC 6275, section 6.3)."""
    return bytes((next_header, 2, 1, 2, 0, 0, 0xC9, 16)) + home_address.to_bytes(16, "big")
