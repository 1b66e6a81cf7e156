# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""P4Runtime errors, and how a batch of them travels in one gRPC status (spec: "Error Reporting Messages")."""

from collections.abc import Sequence

from finsy.proto import p4r, rpc_code, rpc_status

from p4dmm.softswitch.errors import (
    EntryExistsError,
    EntryNotFoundError,
    InUseError,
    InvalidEntryError,
    SoftswitchError,
    TableFullError,
)

# gRPC clients refuse response metadata above a limit of their own: 8 KiB unless they raise it (spec: "gRPC Metadata
# Maximum Size"). The two budgets leave room for the other headers: one for every client, one for clients with large
# batches, who must raise the limit anyway because even one bare code per update exceeds the default (finsy: 64 KiB).
SMALL_BUDGET = 6_500
LARGE_BUDGET = 60_000
BARE_ERROR_SIZE = 42  # one p4.v1.Error without text, packed in an Any inside google.rpc.Status.details
SUMMARY_LENGTH = 300
DETAILS_KEY = "grpc-status-details-bin"


class P4RuntimeError(Exception):
    """One failed update, read request or RPC: a canonical code and a text for the developer at the other end."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> P4RuntimeError:
    return P4RuntimeError(rpc_code.INVALID_ARGUMENT, message)


def not_found(message: str) -> P4RuntimeError:
    return P4RuntimeError(rpc_code.NOT_FOUND, message)


def denied(message: str) -> P4RuntimeError:
    return P4RuntimeError(rpc_code.PERMISSION_DENIED, message)


def exhausted(message: str) -> P4RuntimeError:
    return P4RuntimeError(rpc_code.RESOURCE_EXHAUSTED, message)


def unimplemented(message: str) -> P4RuntimeError:
    return P4RuntimeError(rpc_code.UNIMPLEMENTED, message)


_CODES: tuple[tuple[type[SoftswitchError], int], ...] = (
    (TableFullError, rpc_code.RESOURCE_EXHAUSTED),
    (EntryExistsError, rpc_code.ALREADY_EXISTS),
    (EntryNotFoundError, rpc_code.NOT_FOUND),
    (InUseError, rpc_code.FAILED_PRECONDITION),  # before its base class
    (InvalidEntryError, rpc_code.INVALID_ARGUMENT),
)


def from_core(error: SoftswitchError) -> P4RuntimeError:
    """The canonical code of an error of the pipeline core (spec: "Write RPC", INSERT/MODIFY/DELETE)."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return P4RuntimeError(code, str(error))
    return P4RuntimeError(rpc_code.INTERNAL, str(error))


def _clip(text: str, size: int) -> str:
    raw = text.encode()
    if len(raw) <= size:
        return text
    return raw[: max(0, size - 3)].decode(errors="ignore") + "..." if size > 3 else ""


def batch_status(errors: Sequence[P4RuntimeError | None], noun: str) -> tuple[str, bytes | None]:
    """Text and serialized google.rpc.Status of a batch with failures (spec: "Error Reporting" of the Write RPC).

    One p4.v1.Error per element, in order; successes carry code OK and nothing else. The texts share what the budget
    leaves and are clipped evenly. Where not even bare codes fit (some 1400 elements), details are left out, since gRPC
    would replace the whole status by RESOURCE_EXHAUSTED; the text then says so and names the first failures.
    """
    failures = [(index, error) for index, error in enumerate(errors) if error is not None]
    first_index, first = failures[0]
    head = f"{len(failures)} of {len(errors)} {noun}s failed"
    bare = BARE_ERROR_SIZE * len(errors)
    if bare > LARGE_BUDGET:
        listed = ", ".join(str(index) for index, _ in failures[:20]) + (", ..." if len(failures) > 20 else "")
        text = f"{head} (indices {listed}); no details: a batch of {len(errors)} exceeds gRPC's metadata, send at most "
        text += f"{LARGE_BUDGET // BARE_ERROR_SIZE}; first error: {_clip(first.message, SUMMARY_LENGTH)}"
        return text, None
    text = f"{head}; first, {noun} {first_index}: {_clip(first.message, SUMMARY_LENGTH)}"
    budget = SMALL_BUDGET if bare <= SMALL_BUDGET else LARGE_BUDGET
    share = max(0, (budget - bare) // len(failures))
    status = rpc_status.Status(code=rpc_code.UNKNOWN, message=text)
    for error in errors:
        detail = (
            p4r.Error() if error is None else p4r.Error(canonical_code=error.code, message=_clip(error.message, share))
        )
        status.details.add().Pack(detail)
    return text, status.SerializeToString()
