# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""For random bindings, tunnels and packets the pipeline does what the model says: frames byte for byte, packets-in with
port, reason and argument, and which drop is counted."""

from hypothesis import given

from . import program
from .model import forward
from .outcome import Outcome
from .state import CPU_PORT, Switch
from .strategies import SWITCHES, effort, randoms
from .traffic import random_frame

LARGEST_GROUP = 3


def possible(switch: Switch, port: int, frame: bytes) -> set[Outcome]:
    """Every outcome that a choice of next hops allows; which one is chosen is not the model's."""
    return {forward(switch, port, frame, choice) for choice in range(LARGEST_GROUP)}


def told(outcome: Outcome) -> str:
    lines = [f"  {'cpu' if port == CPU_PORT else port}: {frame.hex()}" for port, frame in outcome.frames]
    return "\n".join([*lines, f"  drops: {outcome.drops}"])


@effort(800)
@given(switch=SWITCHES, frames=randoms(60))
def test_the_pipeline_does_what_the_model_says(switch, frames) -> None:
    with program.loaded(switch) as pipeline:
        for random in frames:
            port, frame = random_frame(random, switch)
            found, expected = program.run(pipeline, port, frame), possible(switch, port, frame)
            assert found in expected, (
                f"port {port}: {frame.hex()}\npipeline:\n{told(found)}\nmodel:\n"
                + "\nor\n".join(map(told, expected))
                + f"\n{switch}"
            )
