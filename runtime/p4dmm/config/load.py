# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""TOML file -> frozen, validated objects. Every error is one line."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from .errors import ConfigError
from .keys import Keys
from .network import Network
from .policy import Policy
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


def load_policy(path: Path, network: Network) -> Policy:
    """Read a policy file, the network being that of the file which names it. Raises ConfigError."""
    policy = _validate(path, Policy, _read(path))
    _check(path, policy, network)
    return policy


def load_keys(path: Path, network: Network) -> Keys:
    """Read a key file. Raises ConfigError, also if anybody but its owner, root or the user, may read or write it."""
    keys = _validate(path, Keys, _read(path, secret=True))
    _check(path, keys, network)
    return keys


def _check(path: Path, loaded: Policy | Keys, network: Network) -> None:
    try:
        loaded.check(network)
    except ValueError as error:
        raise ConfigError(path, str(error)) from error


def _read(path: Path, *, secret: bool = False) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            if secret:
                _refuse_exposed(path, os.fstat(file.fileno()))
            data = file.read()
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from error
    except ConfigError:
        raise
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


def _refuse_exposed(path: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid not in {0, os.geteuid()}:
        raise ConfigError(path, f"belongs to user {status.st_uid}: keys have to be root's or user {os.geteuid()}'s own")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(path, f"has mode {mode:04o}: keys are for their owner alone, chmod 0600 {path.name}")


def _validate(path: Path, model: type[_Model], data: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(data, context={"directory": path.parent})
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
