# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""TOML file -> frozen, validated objects. Every error is one line."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from .errors import ConfigError
from .network import Network
from .scenario import Scenario

_Model = TypeVar("_Model", bound=BaseModel)

MAX_FILE_SIZE = 4 << 20
"""Octets; a network of some thousand switches."""


def load_network(path: Path) -> Network:
    """Read a network file. Raises ConfigError."""
    return _validate(path, Network, _read(path))


def load_scenario(path: Path) -> tuple[Scenario, Network]:
    """Read a scenario and the network file it names. Raises ConfigError."""
    scenario = _validate(path, Scenario, _read(path))
    network = load_network(path.parent / scenario.network)
    for what, name, known in (
        ("node", scenario.node, [n.name for n in network.nodes]),
        ("correspondent", scenario.correspondent, [c.name for c in network.correspondents]),
    ):
        if name not in known:
            raise ConfigError(
                path, f"{what} {name!r} is not in {scenario.network}; there are {', '.join(known) or 'none'}"
            )
    for move in scenario.moves:
        try:
            network.require_port(move.to, "access", "move")
        except ValueError as error:
            raise ConfigError(path, str(error)) from error
    return scenario, network


def _read(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in its name
        raise ConfigError(path, f"cannot be read: {error}") from error
    if len(data) > MAX_FILE_SIZE:
        raise ConfigError(path, f"has {len(data)} octets, at most {MAX_FILE_SIZE} are allowed")
    try:
        return tomllib.loads(data.decode())
    except RecursionError as error:
        raise ConfigError(path, "is no TOML of ours: it nests too deeply") from error
    except ValueError as error:  # also a number of thousands of digits
        raise ConfigError(path, f"is no TOML: {error}") from error


def _validate(path: Path, model: type[_Model], data: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(path, _first_problem(model, error)) from error


def _first_problem(model: type[BaseModel], error: ValidationError) -> str:
    # Items with errors of their own do not count for pydantic, so that a list of them is "too short" as well.
    problems = [
        problem
        for problem in error.errors(include_url=False)
        if problem["type"] != "too_short" or len(problem["input"]) < problem["ctx"]["min_length"]
    ]
    # A misspelt key is reported twice, as unknown and as missing; the first is the one to mend.
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in first["loc"]).lstrip(".")
    message = first["msg"].removeprefix("Value error, ")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        parent = _model_at(model, first["loc"][:-1])
        return f"unknown key {where}; allowed: {', '.join(sorted(_keys(parent)))}{more}"
    if first["type"] == "missing":
        return f"missing key {where}{more}"
    if not where or first["type"] == "value_error":
        return f"{where}: {message}{more}" if where else f"{message}{more}"
    return f"{where} = {first['input']!r}: {message}{more}"


def _key(name: str) -> str:
    """As TOML writes it: anything but a bare key in quotes, so that it stays one word of one line."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    return (field.alias or name for name, field in model.model_fields.items())


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    for part in location:
        if isinstance(part, int):
            continue
        field = next(f for name, f in model.model_fields.items() if part in (f.alias, name))
        model = next(_models(field.annotation))
    return model


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
