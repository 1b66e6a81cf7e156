# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The ``p4dmm`` command. Each command lives in a module of its own and imports what is heavy when it runs."""

import typer

from p4dmm.cli.controller import controller
from p4dmm.cli.decode import decode
from p4dmm.cli.demo import demo, lab_app
from p4dmm.cli.switch import switch

app = typer.Typer(name="p4dmm", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Distributed mobility management on P4 switches."""


app.command("switch")(switch)
app.command("controller")(controller)
app.command("decode")(decode)
app.command("demo")(demo)
app.add_typer(lab_app, name="lab")
