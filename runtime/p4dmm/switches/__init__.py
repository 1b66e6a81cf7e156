# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The switches over P4Runtime: one writer each, rows in and out, packets in and out."""

from .codec import CodecError, RowCodec
from .connection import PacketIn, PacketOutMode, SwitchConnection
from .pipeline import PipelineFiles, default_pipeline
from .reconcile import Difference, difference
from .write_queue import SwitchWriteError

__all__ = [
    "CodecError",
    "Difference",
    "PacketIn",
    "PacketOutMode",
    "PipelineFiles",
    "RowCodec",
    "SwitchConnection",
    "SwitchWriteError",
    "default_pipeline",
    "difference",
]
