# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Modes of mobility on the command line."""

from enum import StrEnum


class MobilityMode(StrEnum):
    """How switches learn of a node that moves, `[mobility] mode` of the network file."""

    SDN = "sdn"
    PMIP = "pmip"
    DMM = "dmm"
