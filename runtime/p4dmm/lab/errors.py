# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What keeps a lab from running, in one line."""


class LabError(RuntimeError):
    """Something the lab needs is not there or did not happen; the message says what, and what to do about it."""
