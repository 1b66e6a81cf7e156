# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
from ipaddress import IPv6Address, IPv6Interface

import pytest

from p4dmm.lab.simulated_host import SimulatedHost
from p4dmm.wire import MacAddress
from p4dmm.wire.frames import icmpv6_frame, neighbor_advertisement, neighbor_solicitation, router_advertisement
from p4dmm.wire.icmpv6 import EchoReply, EchoRequest
from p4dmm.wire.ipv6 import UNSPECIFIED
from p4dmm.wire.mld import MldV2Report
from p4dmm.wire.nd import NeighborAdvertisement, NeighborSolicitation, RouterAdvertisement, RouterSolicitation
from p4dmm.wire.nd_options import PrefixInformation, SourceLinkLayerAddress
from p4dmm.wire.packet import decode_frame

MAC, ROUTER = MacAddress.parse("02:00:5e:00:01:01"), MacAddress.parse("02:00:00:00:00:01")
PEER = IPv6Address("2001:db8:f::10")
ADDRESS = IPv6Address("2001:db8:1::5eff:fe00:101")


class Host(SimulatedHost):
    def __init__(self, mac=MAC, **more):
        self.now = 0.0
        self.frames = []
        super().__init__(mac, transmit=self.frames.append, clock=lambda: self.now, **more)

    def said(self):
        said = [decode_frame(frame) for frame in self.frames]
        self.frames.clear()
        return said


def advertise(host, prefix="2001:db8:1::", preferred=1800, options=(), mac=ROUTER):
    information = PrefixInformation(IPv6Address(prefix), 64, 3600, preferred)
    message = RouterAdvertisement(router_lifetime=1800, options=(SourceLinkLayerAddress(mac), information, *options))
    host.receive(router_advertisement(message, src_mac=mac, dst=host.link_local, dst_mac=host.mac))


@pytest.fixture
def attached():
    host = Host()
    advertise(host)
    host.frames.clear()
    return host


def test_a_host_that_gets_a_carrier_reports_its_groups_and_solicits():
    host = Host()
    host.carrier_up()
    report, solicitation = host.said()
    assert isinstance(report.message, MldV2Report)
    assert report.ipv6.hop_limit == 1
    assert report.upper.has_header(0)
    assert report.message.groups == (IPv6Address("ff02::1:ff00:101"),)
    assert isinstance(solicitation.message, RouterSolicitation)


def test_one_that_has_a_router_only_reports(attached):
    attached.carrier_up()
    assert [type(frame.message) for frame in attached.said()] == [MldV2Report]


def test_an_advertisement_makes_an_address(attached):
    assert [a.address for a in attached.addresses()] == [MAC.link_local(), ADDRESS]
    assert attached.choose_source() == ADDRESS


def test_a_new_connection_avoids_a_deprecated_address(attached):
    advertise(attached, "2001:db8:2::")
    advertise(attached, preferred=0)
    assert attached.choose_source() == IPv6Address("2001:db8:2::5eff:fe00:101")
    advertise(attached, "2001:db8:2::", preferred=0)
    assert attached.choose_source() is not None


def test_a_solicitation_for_an_own_address_is_answered(attached):
    attached.receive(neighbor_solicitation(ADDRESS, src_mac=ROUTER, src=ROUTER.link_local()))
    (answer,) = attached.said()
    assert isinstance(answer.message, NeighborAdvertisement)
    assert answer.message.target == ADDRESS
    assert answer.message.solicited
    assert not answer.message.router
    assert answer.ethernet.dst == ROUTER
    attached.receive(neighbor_solicitation(PEER, src_mac=ROUTER, src=ROUTER.link_local()))
    assert attached.said() == []


def test_duplicate_address_detection_of_another_is_answered_to_all(attached):
    attached.receive(neighbor_solicitation(ADDRESS, src_mac=ROUTER, src=UNSPECIFIED))
    (answer,) = attached.said()
    assert answer.ipv6.dst == IPv6Address("ff02::1")


def test_an_echo_goes_by_the_router_and_its_reply_is_noted(attached):
    got = []
    attached.echo_handlers[7] = got.append
    attached.send_echo(ADDRESS, PEER, 7, 70000, b"data")
    (request,) = attached.said()
    assert request.ethernet.dst == ROUTER
    assert request.message == EchoRequest(7, 70000 & 0xFFFF, b"data")
    for identifier in (7, 8):
        reply = EchoReply(identifier, 1, b"data")
        attached.receive(icmpv6_frame(reply, src_mac=ROUTER, src=PEER, dst=ADDRESS, dst_mac=MAC))
    assert got == [b"data"]


def test_an_echo_request_is_answered(attached):
    request = EchoRequest(1, 2, b"x")
    attached.receive(icmpv6_frame(request, src_mac=ROUTER, src=PEER, dst=ADDRESS, dst_mac=MAC))
    attached.receive(icmpv6_frame(request, src_mac=ROUTER, src=PEER, dst=IPv6Address("2001:db8::1"), dst_mac=MAC))
    (reply,) = attached.said()
    assert (reply.message, reply.ipv6.src, reply.ipv6.dst) == (EchoReply(1, 2, b"x"), ADDRESS, PEER)


def test_packets_wait_for_the_gateway():
    gateway = ROUTER.link_local()
    host = Host(static=IPv6Interface("2001:db8:f::10/64"), gateway=gateway)
    for sequence in range(200):
        host.send_echo(PEER, ADDRESS, 1, sequence, b"")
    (solicitation,) = host.said()
    assert isinstance(solicitation.message, NeighborSolicitation)
    assert solicitation.message.target == gateway
    host.now = 0.2
    host.send_echo(PEER, ADDRESS, 1, 200, b"")
    assert isinstance(host.said()[0].message, NeighborSolicitation)
    host.receive(neighbor_advertisement(gateway, src_mac=ROUTER, dst=host.link_local, dst_mac=host.mac))
    assert [frame.message.sequence for frame in host.said()] == list(range(100, 201))


def test_a_host_with_a_static_address_takes_none_from_a_router():
    host = Host(static=IPv6Interface("2001:db8:f::10/64"), gateway=ROUTER.link_local())
    advertise(host)
    assert [a.address for a in host.addresses()] == [host.link_local, PEER]


def test_datagrams_both_ways(attached):
    peer = Host(ROUTER, static=IPv6Interface("2001:db8:f::10/64"), gateway=MAC.link_local())
    got = []
    peer.datagram_handlers[9] = lambda *received: got.append(received)
    attached.send_datagram(ADDRESS, 5, PEER, 9, b"hello")
    (frame,) = attached.frames
    peer.receive(frame)
    assert got == [(ADDRESS, 5, PEER, b"hello")]
    peer.receive(frame[:-1] + b"!")
    assert len(got) == 1
    assert peer.malformed == 1


@pytest.mark.parametrize("cut", range(14, 100, 7))
def test_cut_frames_change_nothing(cut):
    host = Host()
    frame = router_advertisement(
        RouterAdvertisement(router_lifetime=1, options=(PrefixInformation(IPv6Address("2001:db8:1::"), 64, 9, 9),)),
        src_mac=ROUTER,
        dst=host.link_local,
        dst_mac=MAC,
    )
    host.receive(frame[:cut])
    assert len(host.addresses()) == 1
    assert host.malformed == 1


def test_frames_for_others_and_forged_advertisements_are_ignored():
    host = Host()
    message = RouterAdvertisement(
        router_lifetime=1800, options=(PrefixInformation(IPv6Address("2001:db8:1::"), 64, 3600, 3600),)
    )
    host.receive(router_advertisement(message, src_mac=ROUTER, dst=host.link_local, dst_mac=ROUTER))
    # not from a link-local address (RFC 4861 s6.1.2)
    host.receive(router_advertisement(message, src_mac=ROUTER, src=PEER, dst=host.link_local, dst_mac=MAC))
    assert len(host.addresses()) == 1
