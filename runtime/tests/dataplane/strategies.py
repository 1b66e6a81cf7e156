# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""States and frames as Hypothesis strategies, and how often they are tried.

A state has hundreds of choices and a frame dozens. Hypothesis makes them too slowly one by one, so it chooses seeds: a
failure is made smaller down to one frame, in a state that is printed.
"""

import os
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from .states import random_switch

SOAK = bool(os.environ.get("P4DMM_SOAK"))
SEEDS = st.integers(0, 2**32 - 1)
SWITCHES = SEEDS.map(lambda seed: random_switch(Random(seed)))


def randoms(most: int) -> st.SearchStrategy[list[Random]]:
    """What makes one frame each."""
    return st.lists(SEEDS.map(Random), min_size=1, max_size=most)


def effort(examples: int) -> settings:
    """The same examples in every run, unless P4DMM_SOAK asks for many others."""
    return settings(
        max_examples=50 * examples if SOAK else examples,
        deadline=None,
        derandomize=not SOAK,
        suppress_health_check=[HealthCheck.too_slow],
    )
