# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility messages, each as octets and as object; PyPCAPKit and tshark read the same in them
(test_mobility_other_decoders)."""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from p4dmm.wire import mobility

SRC, DST = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")


class MessageRow(NamedTuple):
    """A message from SRC to DST."""

    octets: bytes
    message: mobility.MobilityMessage


def a(text: str) -> IPv6Address:
    return IPv6Address(text)


def a4(text: str) -> IPv4Address:
    return IPv4Address(text)


def _message(octets: str, message: mobility.MobilityMessage) -> MessageRow:
    return MessageRow(bytes.fromhex(octets), message)


MESSAGE_ROWS = [
    _message(
        "3b01000044e900002304000500000100", mobility.BindingRefreshRequest(options=(mobility.BindingIdentifier(bid=5),))
    ),
    _message("3b0101005be200000001020304050607", mobility.HomeTestInit(cookie=bytes(range(8)))),
    _message(
        "3b02020036d0000000010203040506072304000500000100",
        mobility.CareOfTestInit(cookie=bytes(range(8)), options=(mobility.BindingIdentifier(bid=5),)),
    ),
    _message(
        "3b0203002da00009000102030405060708090a0b0c0d0e0f",
        mobility.HomeTest(nonce_index=9, cookie=bytes(range(8)), keygen_token=bytes(range(8, 16))),
    ),
    _message(
        "3b0204002ca00009000102030405060708090a0b0c0d0e0f",
        mobility.CareOfTest(nonce_index=9, cookie=bytes(range(8)), keygen_token=bytes(range(8, 16))),
    ),
    _message(
        "3b0605003cd80001c000000f0100031020010db8000c00000000000000000001010200000612003820010db800010000"
        "0000000000000000",
        mobility.BindingUpdate(
            sequence=1,
            acknowledge=True,
            home_registration=True,
            lifetime=15,
            options=(
                mobility.AlternateCareOfAddress(address=a("2001:db8:c::1")),
                mobility.MobileNetworkPrefix(prefix=a("2001:db8:1::"), prefix_length=56),
            ),
        ),
    ),
    _message(
        "3b03050008a9ffff34000000040400010002050c000102030405060708090a0b",
        mobility.BindingUpdate(
            sequence=65535,
            link_local_compatibility=True,
            key_management=True,
            mobile_router=True,
            lifetime=0,
            options=(
                mobility.NonceIndices(home=1, care_of=2),
                mobility.BindingAuthorizationData(authenticator=bytes(range(12))),
            ),
        ),
    ),
    _message(
        "3b0705002a890002c000ffff0812016e6f646531406578616d706c652e636f6d01000a08e87547000000000100091101"
        "00000100000102030405060708090a0b",
        mobility.BindingUpdate(
            sequence=2,
            acknowledge=True,
            home_registration=True,
            lifetime=65535,
            options=(
                mobility.MobileNodeIdentifier(identifier=b"node1@example.com"),
                mobility.MessageReplayProtection(seconds=3900000000, fraction=1),
                mobility.MessageAuthentication(spi=256, authenticator=bytes(range(12))),
            ),
        ),
    ),
    _message(
        "3b0c0500b76800078200000a0812016e6f646531406578616d706c652e636f6d010200001612004020010db800010000"
        "00000000000000001702000118020004190800000200000000011b0800006553f100000501001a100000000000000000"
        "0000000000000000",
        mobility.ProxyBindingUpdate(
            sequence=7,
            acknowledge=True,
            lifetime=10,
            options=(
                mobility.MobileNodeIdentifier(identifier=b"node1@example.com"),
                mobility.HomeNetworkPrefix(prefix=a("2001:db8:1::"), prefix_length=64),
                mobility.HandoffIndicator(indicator=1),
                mobility.AccessTechnologyType(technology=4),
                mobility.MobileNodeLinkLayerIdentifier(identifier=bytes.fromhex("020000000001")),
                mobility.Timestamp(seconds=1700000000, fraction=5),
                mobility.LinkLocalAddress(address=a("::")),
            ),
        ),
    ),
    _message(
        "3b07050021ad00088210000a0806016e6f6465314112004020010db80001000000000000000000000104000000004410"
        "20010db8000000000000000000000009",
        mobility.ProxyBindingUpdate(
            sequence=8,
            acknowledge=True,
            dmm=True,
            lifetime=10,
            options=(
                mobility.MobileNodeIdentifier(identifier=b"node1"),
                mobility.AnchoredPrefix(prefix=a("2001:db8:1::"), prefix_length=64),
                mobility.ServingMaar(address=a("2001:db8::9")),
            ),
        ),
    ),
    _message(
        "3b010600d91587c00001000f0202000a",
        mobility.BindingAck(
            status=135,
            key_management=True,
            mobile_router=True,
            sequence=1,
            lifetime=15,
            options=(mobility.BindingRefreshAdvice(interval=10),),
        ),
    ),
    _message(
        "3b0906006c7b00200007000a0812016e6f646531406578616d706c652e636f6d010200001612004020010db800010000"
        "0000000000000000170200011802000401001b0800006553f100000501020000",
        mobility.ProxyBindingAck(
            sequence=7,
            lifetime=10,
            options=(
                mobility.MobileNodeIdentifier(identifier=b"node1@example.com"),
                mobility.HomeNetworkPrefix(prefix=a("2001:db8:1::"), prefix_length=64),
                mobility.HandoffIndicator(indicator=1),
                mobility.AccessTechnologyType(technology=4),
                mobility.Timestamp(seconds=1700000000, fraction=5),
            ),
        ),
    ),
    _message(
        "3b1006003ebf9b220008000a08010101030000004322004020010db800000000000000000000000920010db800010000"
        "0000000000000000010200004322004020010db800000000000000000000000920010db8000100000000000000000000"
        "0104000000004510fe8000000000000000000000000000014608000002005e005213010400000000",
        mobility.ProxyBindingAck(
            status=155,
            dmm=True,
            sequence=8,
            lifetime=10,
            options=(
                mobility.MobileNodeIdentifier(identifier=b""),
                mobility.PreviousMaar(prefix_length=64, address=a("2001:db8::9"), prefix=a("2001:db8:1::")),
                mobility.PreviousMaar(prefix_length=64, address=a("2001:db8::9"), prefix=a("2001:db8:1::")),
                mobility.DlifLinkLocalAddress(address=a("fe80::1")),
                mobility.DlifLinkLayerAddress(address=bytes.fromhex("02005e005213")),
            ),
        ),
    ),
    _message("3b0207005fe9020000000000000000000000000000000000", mobility.BindingError(status=2, home_address=a("::"))),
    _message(
        "3b0608003a2e0003c000003c0100031020010db8000c00000000000000000001010400000000150c0000004d00010203"
        "0405060708090a0b",
        mobility.FastBindingUpdate(
            sequence=3,
            lifetime=60,
            options=(
                mobility.AlternateCareOfAddress(address=a("2001:db8:c::1")),
                mobility.BindingAuthorizationDataFmipv6(spi=77, authenticator=bytes(range(12))),
            ),
        ),
    ),
    _message("3b0109005db101000003003c01020000", mobility.FastBindingAck(status=1, sequence=3, lifetime=60)),
    _message("3b000a005efb0000", mobility.FastNeighborAdvertisement()),
    _message("3b010b0039d16578706572696d656e74", mobility.ExperimentalMessage(data=b"experiment")),
    _message(
        "3b040c00ff53020020010db800000000000000000000000920010db8000000000000000000000008",
        mobility.HomeAgentSwitch(count=2, addresses=(a("2001:db8::9"), a("2001:db8::8"))),
    ),
    _message("3b000c005cfb0000", mobility.HomeAgentSwitch(count=0)),
    _message("3b010d005aa300000000004d01020000", mobility.Heartbeat(sequence=77)),
    _message(
        "3b020d003ddd00030000000001001c040000000301020000",
        mobility.Heartbeat(response=True, unsolicited=True, sequence=0, options=(mobility.RestartCounter(counter=3),)),
    ),
    _message(
        "3b040e00f3f2000430020806016e6f64653101002912010020010db8000000000000000000000009",
        mobility.HandoverInitiate(
            sequence=4,
            proxy=True,
            forwarding=True,
            code=2,
            options=(
                mobility.MobileNodeIdentifier(identifier=b"node1"),
                mobility.LmaAddress(code=1, address=a("2001:db8::9")),
            ),
        ),
    ),
    _message("3b010f0018e500044005010400000000", mobility.HandoverAck(sequence=4, proxy=True, code=5)),
    _message(
        "3b021000f8d60101000580000806016e6f64653101020000",
        mobility.BindingRevocationIndication(
            trigger=1, sequence=5, proxy_binding=True, options=(mobility.MobileNodeIdentifier(identifier=b"node1"),)
        ),
    ),
    _message(
        "3b011000b56602840005a00001020000",
        mobility.BindingRevocationAck(status=132, sequence=5, proxy_binding=True, is_global=True),
    ),
    _message(
        "3b071100d2d10006000000780806016e6f6465311612004020010db80001000000000000000000000102000033120080"
        "20010db8000000000000000000000009",
        mobility.LocalizedRoutingInitiation(
            sequence=6,
            lifetime=120,
            options=(
                mobility.MobileNodeIdentifier(identifier=b"node1"),
                mobility.HomeNetworkPrefix(prefix=a("2001:db8:1::"), prefix_length=64),
                mobility.MagIpv6Address(address=a("2001:db8::9")),
            ),
        ),
    ),
    _message(
        "3b011200d4f100068080007801020000",
        mobility.LocalizedRoutingAck(sequence=6, status=128, lifetime=120, unsolicited=True),
    ),
    _message(
        "3b01130094e700070001c00001020000",
        mobility.UpdateNotification(sequence=7, reason=1, acknowledge=True, retransmission=True),
    ),
    _message("3b011400cfe800078400000001020000", mobility.UpdateNotificationAck(sequence=7, status=132)),
    _message(
        "3b021500223e0001000802802d0a0007000a000002020005",
        mobility.FlowBindingIndication(
            sequence=8,
            trigger=2,
            acknowledge=True,
            options=(
                mobility.FlowIdentification(fid=7, priority=10, sub_options=(mobility.BindingReference(bids=(5,)),)),
            ),
        ),
    ),
    _message("3b011500d2e500020008800001020000", mobility.FlowBindingAck(sequence=8, status=128)),
    _message(
        "3b0116006be809000806016e6f646531",
        mobility.SubscriptionQuery(sequence=9, options=(mobility.MobileNodeIdentifier(identifier=b"node1"),)),
    ),
    _message(
        "3b031700d83309800039158f000102030405060708090a0b0c0d0e0f10111213",
        mobility.SubscriptionResponse(
            sequence=9,
            has_subscriptions=True,
            options=(mobility.ActiveMulticastSubscriptionIpv6(kind=143, context=bytes(range(20))),),
        ),
    ),
    _message("3b01c8038cd500010203040506070809", mobility.UnknownMessage(200, bytes(range(10)), 3)),
]
