# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A movement scenario for the lab: who goes where and when."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat

from .model import ConfigModel
from .switch import PortRef


class Move(ConfigModel):
    """One handover of the scenario's node."""

    to: PortRef
    planned: StrictBool = False
    """Prepared before the node leaves, both links up for a moment; otherwise its link breaks first."""
    dwell_s: Annotated[StrictFloat, Field(gt=0, le=3600)] = 4.0
    """How long the node stays there."""


class Scenario(ConfigModel):
    """The whole file."""

    network: Path
    """The network file, relative to this one."""
    node: str
    correspondent: str
    settle_s: Annotated[StrictFloat, Field(ge=0, le=600)] = 2.0
    moves: Annotated[tuple[Move, ...], Field(alias="move", min_length=1)]
