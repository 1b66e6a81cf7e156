# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a configuration file, in one line."""

from pathlib import Path


class ConfigError(ValueError):
    """A configuration file that cannot be used: names the file, the key, the value and what is allowed."""

    def __init__(self, path: Path | None, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}" if path else problem)
