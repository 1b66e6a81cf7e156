# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Both ways for anything hypothesis can think of."""

from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from p4dmm import wire
from p4dmm.wire.nd_options import decode_options, encode_options

from .rows import HOST, LL1, ROWS, slow_checksum, with_checksum

addresses = st.binary(min_size=16, max_size=16).map(IPv6Address)
macs = st.binary(min_size=6, max_size=6).map(wire.MacAddress)
payloads = st.binary(max_size=80)


def bits(width: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << width) - 1)


def octets_of_option(largest: int) -> st.SearchStrategy[bytes]:
    return st.integers(0, largest).flatmap(lambda n: st.binary(min_size=6 + 8 * n, max_size=6 + 8 * n))


@st.composite
def routes(draw: st.DrawFn) -> wire.RouteInformation:
    size = draw(st.sampled_from([0, 8, 16]))
    prefix = IPv6Address(draw(st.binary(min_size=size, max_size=size)).ljust(16, b"\0"))
    length, lifetime = draw(st.integers(0, size * 8)), draw(bits(32))
    preference = draw(st.sampled_from(wire.Preference))
    return wire.RouteInformation(prefix, length, lifetime, preference, size, draw(bits(3)), draw(bits(3)))


KNOWN = {1, 2, 3, 4, 5, 7, 8, 14, 24, 25}
options = st.one_of(
    st.builds(wire.SourceLinkLayerAddress, macs),
    st.builds(wire.TargetLinkLayerAddress, macs),
    st.builds(
        wire.PrefixInformation,
        addresses,
        st.integers(0, 128),
        bits(32),
        bits(32),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        bits(5),
        bits(32),
    ),
    st.builds(wire.RedirectedHeader, octets_of_option(5).map(lambda body: body[6:]), st.binary(min_size=6, max_size=6)),
    st.builds(wire.Mtu, bits(32), bits(16)),
    st.builds(wire.AdvertisementInterval, bits(32), bits(16)),
    st.builds(wire.HomeAgentInformation, bits(16), st.integers(-0x8000, 0x7FFF), bits(16)),
    st.builds(wire.Nonce, octets_of_option(3)),
    routes(),
    st.builds(wire.RecursiveDnsServer, bits(32), st.lists(addresses, min_size=1, max_size=4).map(tuple), bits(16)),
    st.builds(wire.UnknownOption, bits(8).filter(lambda t: t not in KNOWN), octets_of_option(3)),
)
lists = st.lists(options, max_size=5).map(tuple)
records = st.builds(
    wire.MldRecord,
    bits(8),
    addresses,
    st.lists(addresses, max_size=3).map(tuple),
    st.binary(max_size=12).filter(lambda data: len(data) % 4 == 0),
)
messages = st.one_of(
    st.builds(wire.EchoRequest, bits(16), bits(16), payloads, bits(8)),
    st.builds(wire.EchoReply, bits(16), bits(16), payloads, bits(8)),
    st.builds(wire.DestinationUnreachable, bits(8), payloads, bits(32)),
    st.builds(wire.PacketTooBig, payloads, mtu=bits(32), code=bits(8)),
    st.builds(wire.TimeExceeded, bits(8), payloads, bits(32)),
    st.builds(wire.ParameterProblem, bits(8), payloads, pointer=bits(32)),
    st.builds(wire.RouterSolicitation, lists, bits(32), bits(8)),
    st.builds(
        wire.RouterAdvertisement,
        router_lifetime=bits(16),
        options=lists,
        cur_hop_limit=bits(8),
        managed=st.booleans(),
        other=st.booleans(),
        home_agent=st.booleans(),
        preference=st.sampled_from(wire.Preference),
        proxy=st.booleans(),
        reserved=bits(2),
        reachable_time=bits(32),
        retrans_timer=bits(32),
        code=bits(8),
    ),
    st.builds(wire.NeighborSolicitation, addresses, lists, bits(32), bits(8)),
    st.builds(
        wire.NeighborAdvertisement, addresses, lists, st.booleans(), st.booleans(), st.booleans(), bits(29), bits(8)
    ),
    st.builds(wire.Redirect, addresses, addresses, lists, bits(32), bits(8)),
    st.builds(wire.HomeAgentDiscoveryRequest, bits(16), st.booleans(), payloads, bits(15), bits(8)),
    st.builds(
        wire.HomeAgentDiscoveryReply,
        bits(16),
        st.lists(addresses, max_size=4).map(tuple),
        st.booleans(),
        bits(15),
        bits(8),
    ),
    st.builds(wire.MobilePrefixSolicitation, bits(16), lists, bits(16), bits(8)),
    st.builds(wire.MobilePrefixAdvertisement, bits(16), lists, st.booleans(), st.booleans(), bits(14), bits(8)),
    st.builds(wire.MldQuery, addresses, bits(16), payloads, bits(16), bits(8)),
    st.builds(wire.MldReport, addresses, bits(16), payloads, bits(16), bits(8)),
    st.builds(wire.MldDone, addresses, bits(16), payloads, bits(16), bits(8)),
    st.builds(wire.MldV2Report, st.lists(records, max_size=3).map(tuple), payloads, bits(16), bits(8)),
    st.builds(wire.Icmpv6, st.integers(200, 255), bits(8), payloads),
)


@given(messages, addresses, addresses)
def test_message_to_octets_and_back(message: wire.Icmpv6Message, src: IPv6Address, dst: IPv6Address) -> None:
    octets = wire.encode_icmpv6(message, src, dst)
    assert slow_checksum(src, dst, 58, octets) == 0
    assert wire.decode_icmpv6(octets, src, dst) == message


@given(lists)
def test_options_to_octets_and_back(chosen: tuple[wire.NdOption, ...]) -> None:
    assert decode_options(encode_options(chosen)) == chosen


@given(st.sampled_from([*range(1, 5), *range(126, 149), 200]), bits(8), st.binary(max_size=200))
def test_octets_to_message_and_back(message_type: int, code: int, body: bytes) -> None:
    octets = with_checksum(bytes((message_type, code, 0, 0)) + body, LL1, HOST)
    try:
        message = wire.decode_icmpv6(octets, LL1, HOST)
    except wire.WireError:
        return
    assert wire.encode_icmpv6(message, LL1, HOST) == octets


@given(st.lists(st.tuples(st.sampled_from(sorted(KNOWN | {99})), bits(8), st.binary(max_size=40)), max_size=6))
def test_octets_to_options_and_back(triples: list[tuple[int, int, bytes]]) -> None:
    octets = b"".join(
        bytes((kind, (len(rest) + 9) // 8)) + rest.ljust((len(rest) + 9) // 8 * 8 - 2, b"\1")
        for kind, _, rest in triples
    )
    assert encode_options(decode_options(octets)) == octets


@given(
    st.builds(
        wire.IPv6Packet,
        addresses,
        addresses,
        st.sampled_from([0, 17, 43, 44, 60, 135]),
        payloads,
        bits(8),
        bits(8),
        bits(20),
    ),
    payloads,
)
def test_packet_to_octets_and_back(packet: wire.IPv6Packet, padding: bytes) -> None:
    assert wire.IPv6Packet.decode(packet.encode() + padding) == packet
    try:
        upper = wire.upper_layer(packet)
    except wire.WireError:
        return
    assert upper.encode() == packet.payload


@given(macs, macs, bits(16), payloads)
def test_ethernet_to_octets_and_back(dst: wire.MacAddress, src: wire.MacAddress, ethertype: int, data: bytes) -> None:
    frame = wire.Ethernet(dst, src, ethertype, data)
    assert wire.Ethernet.decode(frame.encode()) == frame
    assert wire.MacAddress.parse(str(dst)) == dst


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=160).map(lambda rest: bytes(12) + b"\x86\xdd\x60" + rest)))
def test_any_octets(octets: bytes) -> None:
    try:
        frame = wire.decode_frame(octets)
    except wire.WireError:
        return
    assert frame.ethernet.encode() == octets


@given(st.data())
def test_splices(data: st.DataObject) -> None:
    """The head of one message and the tail of another, as a confused or hostile sender makes them."""
    first, second = data.draw(st.sampled_from(ROWS)), data.draw(st.sampled_from(ROWS))
    head, tail = data.draw(st.integers(0, len(first.octets))), data.draw(st.integers(0, len(second.octets)))
    octets = with_checksum(first.octets[:head] + second.octets[tail:], LL1, HOST)
    try:
        message = wire.decode_icmpv6(octets, LL1, HOST)
    except wire.WireError:
        return
    assert wire.encode_icmpv6(message, LL1, HOST) == octets
