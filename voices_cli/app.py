"""The ``voices`` application: one function per subcommand, grouped by modules in ``commands``.

Heavy imports stay inside the functions, so that ``voices --help`` starts fast.
"""

import typer

from voices_cli.commands import add, change, check, exchange, look, narrate, say

app = typer.Typer(
    help="Prepare, publish and manage the voices of Chatterpod workers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

for module in (add, look, change, check, exchange, say, narrate):
    app.add_typer(module.app)
