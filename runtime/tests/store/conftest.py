# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A store of a test's own."""

import pytest

from p4dmm.store import Store

from .model import KINDS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def store(path):
    opened = Store.open(path, KINDS)
    yield opened
    opened.close()


@pytest.fixture
def reopened(path):
    """What a store holds for who opens it next."""

    def load(store):
        store.close()
        again = Store.open(path, KINDS)
        contents = again.load()
        again.close()
        return contents

    return load
