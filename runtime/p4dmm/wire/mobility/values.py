# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Values of option fields that are no status, under the names of IANA's mobility-parameters registry."""

from enum import IntEnum, unique


@unique
class HandoffIndicatorValue(IntEnum):
    """Why a mobile access gateway registers (RFC 5213 s8.4, RFC 7864)."""

    ATTACHMENT_OVER_A_NEW_INTERFACE = 1
    HANDOFF_BETWEEN_TWO_DIFFERENT_INTERFACES = 2
    HANDOFF_BETWEEN_MAGS_FOR_THE_SAME_INTERFACE = 3
    HANDOFF_STATE_UNKNOWN = 4
    HANDOFF_STATE_NOT_CHANGED = 5
    ATTACHMENT_OVER_A_NEW_INTERFACE_SHARING_PREFIXES = 6


@unique
class AccessTechnology(IntEnum):
    """The link the mobile node is on (RFC 5213 s8.5)."""

    VIRTUAL = 1
    PPP = 2
    IEEE_802_3 = 3
    IEEE_802_11A_B_G = 4
    IEEE_802_16E = 5
    GERAN_3GPP = 6
    UTRAN_3GPP = 7
    E_UTRAN_3GPP = 8
    EHRPD_3GPP2 = 9
    HRPD_3GPP2 = 10
    CDMA2000_1XRTT_3GPP2 = 11
    UMB_3GPP2 = 12
    NB_IOT_3GPP = 13


@unique
class MnIdSubtype(IntEnum):
    """What identifies a node (RFC 4283 s3.1, RFC 8371 s3)."""

    NAI = 1
    IPV6_ADDRESS = 2
    IMSI = 3
    P_TMSI = 4
    EUI_48 = 5
    EUI_64 = 6
    GUTI = 7
    DUID = 8


@unique
class AuthSubtype(IntEnum):
    """Who checks the authenticator (RFC 4285 s5)."""

    MN_HA = 1
    MN_AAA = 2


@unique
class LinkLayerAddressCode(IntEnum):
    """Whose link-layer address it is (RFC 5568 s6.4.4)."""

    WILDCARD = 0
    NEW_ACCESS_POINT = 1
    MN = 2
    NAR = 3
    RTSOLPR_OR_PRRTADV_SOURCE = 4
    ACCESS_POINT = 5
    NO_PREFIX_INFORMATION = 6
    NO_FAST_HANDOVER_SUPPORT = 7


@unique
class AddressPrefixCode(IntEnum):
    """Whose address or prefix it is (RFC 5568 s6.4.2)."""

    OLD_CARE_OF_ADDRESS = 1
    NEW_CARE_OF_ADDRESS = 2
    NAR_ADDRESS = 3
    NAR_PREFIX = 4


@unique
class LmaAddressCode(IntEnum):
    """Family of the address (RFC 5949 s6.2.2)."""

    IPV6 = 1
    IPV4 = 2


@unique
class GroupIdSubtype(IntEnum):
    """What a group of mobile nodes is for (RFC 6602 s4.3)."""

    BULK_BINDING_UPDATE_GROUP = 1


@unique
class OperatorIdType(IntEnum):
    """How an operator is named (RFC 6757 s3.1.3)."""

    PRIVATE_ENTERPRISE_NUMBER = 1
    REALM_OF_THE_OPERATOR = 2


@unique
class FlowBindingAction(IntEnum):
    """What to do with a flow binding (RFC 7109 s6.2.1)."""

    ADD = 11
    DELETE = 12
    MODIFY = 13
    REFRESH = 14
    MOVE = 15
    REVOKE = 16


@unique
class TrafficSelectorFormat(IntEnum):
    """Layout of a traffic selector (RFC 6088 s3)."""

    IPV4_BINARY = 1
    IPV6_BINARY = 2


@unique
class QosOperation(IntEnum):
    """Operational code of a quality-of-service option (RFC 7222 s4.1)."""

    RESPONSE = 0
    ALLOCATE = 1
    DE_ALLOCATE = 2
    MODIFY = 3
    QUERY = 4
    NEGOTIATE = 5


@unique
class MulticastCode(IntEnum):
    """Kind of report in a multicast mobility option (RFC 7411 s5.3)."""

    IGMPV3 = 1
    MLDV2 = 2
    IGMPV3_IN_IGMPV2_MODE = 3
    MLDV2_IN_MLDV1_MODE = 4
