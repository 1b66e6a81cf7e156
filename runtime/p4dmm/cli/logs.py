# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Where log lines go: standard error, readable or as JSON, or a file."""

import logging
import sys
from pathlib import Path
from typing import Any

import structlog

LEVELS = ("debug", "info", "warning", "error")


def configure_logs(level: str, *, as_json: bool = False) -> None:
    """Log to standard error from `level` on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    stamp = structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json)
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    _configure(number, structlog.PrintLoggerFactory(sys.stderr), stamp, renderer)


def log_to_file(path: Path) -> None:
    """Log to a file, with what the libraries say, because the screen is for something else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w", buffering=1)
    logging.basicConfig(stream=file, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _configure(
        logging.INFO,
        structlog.WriteLoggerFactory(file),
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(),
    )


def _configure(level: int, factory: Any, *processors: Any) -> None:
    # finsy warns of every switch without gNMI, and logs each failure that its caller handles.
    logging.getLogger("finsy").setLevel(max(level, logging.ERROR))
    structlog.configure(
        processors=[structlog.processors.add_log_level, *processors],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        # Not cached: a logger that is keeps its stream for ever, also one that was closed since.
        cache_logger_on_first_use=False,
    )
