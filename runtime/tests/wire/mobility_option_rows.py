# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility options, each as octets and as object; PyPCAPKit and tshark read the same in them
(test_mobility_other_decoders)."""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from p4dmm.wire import mobility


class OptionRow(NamedTuple):
    """An option, or a sub-option of the named class."""

    octets: bytes
    option: mobility.MobilityOption


def a(text: str) -> IPv6Address:
    return IPv6Address(text)


def a4(text: str) -> IPv4Address:
    return IPv4Address(text)


def _option(octets: str, option: mobility.MobilityOption) -> OptionRow:
    return OptionRow(bytes.fromhex(octets), option)


OPTION_ROWS = [
    _option("0202012c", mobility.BindingRefreshAdvice(interval=300)),
    _option("031020010db8000c00000000000000000001", mobility.AlternateCareOfAddress(address=a("2001:db8:c::1"))),
    _option("040400010002", mobility.NonceIndices(home=1, care_of=2)),
    _option("050c000102030405060708090a0b", mobility.BindingAuthorizationData(authenticator=bytes(range(12)))),
    _option(
        "0612003820010db8000100000000000000000000",
        mobility.MobileNetworkPrefix(prefix=a("2001:db8:1::"), prefix_length=56),
    ),
    _option("0812016e6f646531406578616d706c652e636f6d", mobility.MobileNodeIdentifier(identifier=b"node1@example.com")),
    _option(
        "08110220010db8000000000000000000000009",
        mobility.MobileNodeIdentifier(subtype=2, identifier=a("2001:db8::9").packed),
    ),
    _option("080101", mobility.MobileNodeIdentifier(subtype=1, identifier=b"")),
    _option(
        "09110100000100000102030405060708090a0b",
        mobility.MessageAuthentication(subtype=1, spi=256, authenticator=bytes(range(12))),
    ),
    _option(
        "09190200000003000102030405060708090a0b0c0d0e0f10111213",
        mobility.MessageAuthentication(subtype=2, spi=3, authenticator=bytes(range(20))),
    ),
    _option("0a08e875470012345678", mobility.MessageReplayProtection(seconds=3900000000, fraction=0x12345678)),
    _option("0b00", mobility.CgaParametersRequest()),
    _option(
        "0c1e000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d",
        mobility.CgaParameters(parameters=bytes(range(30))),
    ),
    _option(
        "0d40000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        mobility.Signature(signature=bytes(range(64))),
    ),
    _option("0e10000102030405060708090a0b0c0d0e0f", mobility.PermanentHomeKeygenToken(token=bytes(range(16)))),
    _option("0f00", mobility.CareOfTestInitOption()),
    _option("10080001020304050607", mobility.CareOfTestOption(token=bytes(range(8)))),
    _option(
        "111382806e6f6465312e6578616d706c652e636f6d",
        mobility.DnsUpdate(status=130, remove=True, name=b"node1.example.com"),
    ),
    _option("120a6578706572696d656e74", mobility.ExperimentalOption(data=b"experiment")),
    _option("1309000028af0764617461", mobility.VendorSpecific(vendor=10415, subtype=7, data=b"data")),
    _option("1408696e7465726e6574", mobility.ServiceSelection(identifier=b"internet")),
    _option(
        "150c0000004d000102030405060708090a0b",
        mobility.BindingAuthorizationDataFmipv6(spi=77, authenticator=bytes(range(12))),
    ),
    _option(
        "1612004020010db8000100000000000000000000",
        mobility.HomeNetworkPrefix(prefix=a("2001:db8:1::"), prefix_length=64),
    ),
    _option("17020004", mobility.HandoffIndicator(indicator=4)),
    _option("18020004", mobility.AccessTechnologyType(technology=4)),
    _option("19080000020000000001", mobility.MobileNodeLinkLayerIdentifier(identifier=bytes.fromhex("020000000001"))),
    _option("1a10fe800000000000000000000000000001", mobility.LinkLocalAddress(address=a("fe80::1"))),
    _option("1b0800006553f1008000", mobility.Timestamp(seconds=1700000000, fraction=0x8000)),
    _option("1c0400000003", mobility.RestartCounter(counter=3)),
    _option("1d068200c0000201", mobility.Ipv4HomeAddress(prefix_length=32, prefix=True, address=a4("192.0.2.1"))),
    _option(
        "1e068060c0000201", mobility.Ipv4AddressAcknowledgement(status=128, prefix_length=24, address=a4("192.0.2.1"))
    ),
    _option("1f0680000000006e", mobility.NatDetection(force_udp=True, refresh=110)),
    _option("20060000c6336401", mobility.Ipv4CareOfAddress(address=a4("198.51.100.1"))),
    _option("2106000001020304", mobility.GreKey(key=0x01020304)),
    _option("21020000", mobility.GreKey()),
    _option(
        "2212028020010db8000c00000000000000000001",
        mobility.MhIpv6AddressPrefix(code=2, prefix_length=128, address=a("2001:db8:c::1")),
    ),
    _option("230400050489", mobility.BindingIdentifier(bid=5, status=4, simultaneous=True, priority=9)),
    _option("230800050000c6336401", mobility.BindingIdentifier(bid=5, address=a4("198.51.100.1"))),
    _option(
        "23140005000120010db8000c00000000000000000001",
        mobility.BindingIdentifier(bid=5, priority=1, address=a("2001:db8:c::1")),
    ),
    _option("2406800000000000", mobility.Ipv4HomeAddressRequest(prefix_length=32, address=a4("0.0.0.0"))),
    _option("25068180c0000201", mobility.Ipv4HomeAddressReply(status=129, prefix_length=32, address=a4("192.0.2.1"))),
    _option("26060000c00002fe", mobility.Ipv4DefaultRouterAddress(address=a4("192.0.2.254"))),
    _option("27020001", mobility.Ipv4DhcpSupportMode(server=True)),
    _option("2806000016001900", mobility.ContextRequest(requests=bytes.fromhex("16001900"))),
    _option("2912010020010db8000000000000000000000009", mobility.LmaAddress(code=1, address=a("2001:db8::9"))),
    _option("29060200c0000201", mobility.LmaAddress(code=2, address=a4("192.0.2.1"))),
    _option(
        "2a0a000002005efffe005213", mobility.MobileNodeInterfaceIdentifier(identifier=bytes.fromhex("02005efffe005213"))
    ),
    _option("070702020000000001", mobility.MhLinkLayerAddress(code=2, address=bytes.fromhex("020000000001"))),
    _option("2b02011e", mobility.TransientBinding(late=True, lifetime=30)),
    _option("2c06000100020003", mobility.FlowSummary(fids=(1, 2, 3))),
    _option(
        "2d350007000a000002040005000603070100000800001100010200000402000b0512000020010db8000c000000000000000000014d0178",
        mobility.FlowIdentification(
            fid=7,
            priority=10,
            sub_options=(
                mobility.BindingReference(bids=(5, 6)),
                mobility.TrafficSelector(ts_format=1, selector=mobility.Ipv4Selector(start_protocol=17).encode()),
                mobility.SubPadding(b"\0"),
                mobility.SubPadding(b"\1\2\0\0"),
                mobility.FlowBindingActionSubOption(action=11),
                mobility.TargetCareOfAddress(address=a("2001:db8:c::1")),
                mobility.UnknownOption(77, b"x"),
            ),
        ),
    ),
    _option("2e020000", mobility.RedirectCapability()),
    _option(
        "2f12800020010db8000000000000000000000009",
        mobility.RedirectOption(is_ipv6=True, is_ipv4=False, address=a("2001:db8::9")),
    ),
    _option("2f064000c0000201", mobility.RedirectOption(is_ipv6=False, is_ipv4=True, address=a4("192.0.2.1"))),
    _option(
        "301200010000000a00000064000003e800002710",
        mobility.LoadInformation(
            priority=1, sessions_in_use=10, maximum_sessions=100, used_capacity=1000, maximum_capacity=10000
        ),
    ),
    _option("3104c6336401", mobility.AlternateIpv4CareOfAddress(address=a4("198.51.100.1"))),
    _option("3206010000000063", mobility.MobileNodeGroupIdentifier(group_id=99)),
    _option("3312008020010db8000000000000000000000009", mobility.MagIpv6Address(address=a("2001:db8::9"))),
    _option(
        "343201098004737369640261700206123456fedcba030c026578616d706c652e636f6d040700006369766963050200080602000f",
        mobility.AccessNetworkIdentifier(
            sub_options=(
                mobility.NetworkIdentifier(utf8=True, names=(b"ssid", b"ap")),
                mobility.GeoLocation(latitude=0x123456, longitude=0xFEDCBA),
                mobility.OperatorIdentifier(kind=2, identifier=b"example.com"),
                mobility.CivicLocation(location=b"civic"),
                mobility.MagGroupIdentifier(group_id=8),
                mobility.AniUpdateTimer(timer=15),
            )
        ),
    ),
    _option(
        "350e8000000003080100008000000050",
        mobility.Ipv4TrafficOffloadSelector(
            mode=True,
            sub_options=(
                mobility.TrafficSelector(
                    ts_format=1, selector=mobility.Ipv4Selector(start_destination_port=80).encode()
                ),
            ),
        ),
    ),
    _option(
        "36188f800001000102030405060708090a0b0c0d0e0f10111213",
        mobility.DynamicIpMulticastSelector(protocol=143, mode=True, count=1, records=bytes(range(20))),
    ),
    _option(
        "3712003820010db8000100000000000000000000",
        mobility.DelegatedMobileNetworkPrefix(is_ipv4=False, prefix_length=56, prefix=a("2001:db8:1::")),
    ),
    _option(
        "37068018c0000200",
        mobility.DelegatedMobileNetworkPrefix(is_ipv4=True, prefix_length=24, prefix=a4("192.0.2.0")),
    ),
    _option("3809220001020304050607", mobility.ActiveMulticastSubscriptionIpv4(kind=34, context=bytes(range(8)))),
    _option(
        "39158f000102030405060708090a0b0c0d0e0f10111213",
        mobility.ActiveMulticastSubscriptionIpv6(kind=143, context=bytes(range(20))),
    ),
    _option(
        "3a6001b80100000001060000000f4240020600000007a12003068000000003e804064000000003e80502005606060000000000010706000000000002080600000000000309060000000000040a0a000202000000000000050b080000000028af0176",
        mobility.QualityOfService(
            sr_id=1,
            dscp=46,
            operation=1,
            sub_options=(
                mobility.PerMnMaximumDownlink(rate=1000000),
                mobility.PerMnMaximumUplink(rate=500000),
                mobility.PerSessionMaximumDownlink(service=True, rate=1000),
                mobility.PerSessionMaximumUplink(exclude=True, rate=1000),
                mobility.AllocationRetentionPriority(priority=5, pre_emption_capability=1, pre_emption_vulnerability=2),
                mobility.AggregateMaximumDownlink(rate=1),
                mobility.AggregateMaximumUplink(rate=2),
                mobility.GuaranteedDownlink(rate=3),
                mobility.GuaranteedUplink(rate=4),
                mobility.QosTrafficSelector(ts_format=2, selector=mobility.Ipv6Selector(start_flow_label=5).encode()),
                mobility.QosVendorSpecific(vendor=10415, subtype=1, data=b"v"),
            ),
        ),
    ),
    _option("3b020000", mobility.LmaUserPlaneAddress()),
    _option("3b060000c0000201", mobility.LmaUserPlaneAddress(address=a4("192.0.2.1"))),
    _option("3b12000020010db8000000000000000000000009", mobility.LmaUserPlaneAddress(address=a("2001:db8::9"))),
    _option("3c040200000102030405060708090a0b0c0d0e0f", mobility.MulticastMobility(code=2, report=bytes(range(16)))),
    _option("3d0200010001020304050607", mobility.MulticastAcknowledgement(status=1, report=bytes(range(8)))),
    _option(
        "3e1001060005000100200206003c00050003",
        mobility.LmaControlledMagParameters(
            sub_options=(
                mobility.BindingReRegistrationControl(
                    start_time=5, initial_retransmission=1, maximum_retransmission=32
                ),
                mobility.HeartbeatControl(interval=60, retransmission_delay=5, maximum_retransmissions=3),
            )
        ),
    ),
    _option("3f06040102800000", mobility.MagMultipathBinding(technology=4, label=1, bid=2, bulk=True)),
    _option("401201006d616731406578616d706c652e636f6d", mobility.MagIdentifier(identifier=b"mag1@example.com")),
    _option(
        "4112004020010db8000100000000000000000000", mobility.AnchoredPrefix(prefix=a("2001:db8:1::"), prefix_length=64)
    ),
    _option(
        "4212003020010db8000100000000000000000000", mobility.LocalPrefix(prefix=a("2001:db8:1::"), prefix_length=48)
    ),
    _option(
        "4322004020010db800000000000000000000000920010db8000100000000000000000000",
        mobility.PreviousMaar(prefix_length=64, address=a("2001:db8::9"), prefix=a("2001:db8:1::")),
    ),
    _option("441020010db8000000000000000000000009", mobility.ServingMaar(address=a("2001:db8::9"))),
    _option("4510fe800000000000000000000000000001", mobility.DlifLinkLocalAddress(address=a("fe80::1"))),
    _option("4608000002005e005213", mobility.DlifLinkLayerAddress(address=bytes.fromhex("02005e005213"))),
    _option("c80a756e61737369676e6564", mobility.UnknownOption(200, b"unassigned")),
]
