# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One mobile node's binding cache entry and what happens to it: pure, time is an argument."""

from .admission import Admission, AdmissionError
from .bce import Attachment, BindingCacheEntry, BindingState, Draining, HomePrefix
from .effects import Advertise, Arm, Disarm, Effect, Forward, LookAgain, Release
from .events import (
    DrainExpired,
    Event,
    HoldExpired,
    NodeGone,
    NodeSeen,
    PrefixExpired,
    PreparationExpired,
    PrepareHandover,
    TimerKind,
)
from .maar import TRANSITIONS, HandoverRefusedError, Lifetimes, step
from .pool import IdPool, PoolExhaustedError, PrefixPool

__all__ = [
    "TRANSITIONS",
    "Admission",
    "AdmissionError",
    "Advertise",
    "Arm",
    "Attachment",
    "BindingCacheEntry",
    "BindingState",
    "Disarm",
    "DrainExpired",
    "Draining",
    "Effect",
    "Event",
    "Forward",
    "HandoverRefusedError",
    "HoldExpired",
    "HomePrefix",
    "IdPool",
    "Lifetimes",
    "LookAgain",
    "NodeGone",
    "NodeSeen",
    "PoolExhaustedError",
    "PrefixExpired",
    "PrefixPool",
    "PreparationExpired",
    "PrepareHandover",
    "Release",
    "TimerKind",
    "step",
]
