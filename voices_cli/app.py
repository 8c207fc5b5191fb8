"""The ``voices`` command: a command a function, each in the module of its kind.

Heavy imports stay inside the commands, so that ``voices --help`` answers at once.
"""

import typer

from voices_cli.commands import add as adding
from voices_cli.commands import change, exchange, narrate
from voices_cli.commands import check as checking
from voices_cli.commands import look as browse
from voices_cli.commands import say as speak

app = typer.Typer(
    help="Prepare, publish and look after the voices that a Chatterpod worker speaks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

for module in (adding, browse, change, checking, exchange, speak, narrate):
    app.add_typer(module.app)
