"""The command line: this module parses and prints, the others do the work."""

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from deployment.api import API_URL, RunpodApi
from deployment.apply import Deployed, apply
from deployment.catalogue import Catalogue, Pool
from deployment.desired import Desired, read_desired
from deployment.errors import DeployError, NotAuthorised
from deployment.plan import Plan, Planner
from deployment.report import (
    deployed_json,
    next_lines,
    plan_json,
    plan_lines,
    pool_lines,
    request_lines,
    warnings,
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
DEFAULT_FILE = Path(__file__).parents[1] / "deploy.toml"


def main() -> None:
    """Run the command line."""
    app(prog_name="deploy")


@app.command()
def deploy(
    file: Annotated[
        Path,
        typer.Argument(help="Desired endpoint and volumes.", show_default="the repository's deploy.toml"),
    ] = DEFAULT_FILE,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and its requests; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    ignore_stock: Annotated[bool, typer.Option(help="Deploy even if no GPU is free now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create or update the endpoint and the network volumes that FILE describes, through RunPod's API v2.

    The key is taken from RUNPOD_API_KEY. Without one, --dry-run plans for an empty account and sends RunPod
    no request. Resources are found by name, and only differences are changed.
    """
    console = _Console(as_json=as_json)
    try:
        desired = read_desired(file)
        planner = Planner(desired, desired.environment(os.environ))
        with _open_api(needed=not dry_run) as api:
            plan, pools = _look(api, planner, ignore_stock=ignore_stock)
            console.show(plan, planner, pools, requests=dry_run)
            deployed = None
            if not dry_run and api is not None:
                if plan.changes_anything:
                    console.confirm(yes=yes)
                deployed = apply(plan, planner, api, console.note)
            console.finish(plan, planner, deployed)
    except DeployError as error:
        console.fail(error)


def _api_url() -> str:
    return os.environ.get("RUNPOD_API_URL", API_URL).rstrip("/")


def _open_api(*, needed: bool) -> RunpodApi | nullcontext[None]:
    key = os.environ.get("RUNPOD_API_KEY", "")
    if key:
        return RunpodApi(key, _api_url())
    if needed:
        raise NotAuthorised(
            "Export RUNPOD_API_KEY, a key of your account (console: Settings, API Keys), or try --dry-run."
        )
    return nullcontext()


def _look(api: RunpodApi | None, planner: Planner, *, ignore_stock: bool) -> tuple[Plan, list[Pool]]:
    """Plan against the account and RunPod's offer; without the API, against an empty account."""
    if api is None:
        return planner.plan([], []), []
    catalogue = Catalogue(api.gpu_types(), api.data_centres())
    pools = catalogue.check(planner.desired)
    if not ignore_stock:
        catalogue.check_stock(pools, planner.desired)
    return planner.plan(api.volumes(), api.endpoints()), pools


class _Console:
    """Prints text, or one JSON object."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def show(self, plan: Plan, planner: Planner, pools: list[Pool], *, requests: bool) -> None:
        """Print the plan."""
        desired: Desired = planner.desired
        if not os.environ.get("RUNPOD_API_KEY"):
            self.note(
                "RUNPOD_API_KEY is not set: this is the plan for an empty account; RunPod got no request."
            )
        for line in warnings(desired):
            self.note(f"warning: {line}")
        self._lines(pool_lines(pools, desired) if pools else [])
        self._lines(plan_lines(plan))
        if requests:
            self._lines(request_lines(plan, planner, _api_url()))

    def confirm(self, *, yes: bool) -> None:
        """Ask for confirmation, unless `yes`; end the command if it is refused or impossible."""
        if yes:
            return
        if self._as_json or not sys.stdin.isatty():
            typer.echo("error: no terminal to ask for confirmation: use --yes, or --dry-run.", err=True)
            raise typer.Exit(2)
        typer.confirm("Apply these changes?", abort=True)

    def finish(self, plan: Plan, planner: Planner, deployed: Deployed | None) -> None:
        """Print the deployed resources."""
        if self._as_json:
            result: dict[str, Any] = {"plan": plan_json(plan, planner), "applied": deployed is not None}
            typer.echo(json.dumps(result | (deployed_json(deployed) if deployed else {}), indent=2))
        elif deployed is not None:
            self._lines(["", *next_lines(planner.desired, deployed)])

    def note(self, line: str) -> None:
        """Print a note to standard error."""
        typer.echo(line, err=True)

    def fail(self, error: DeployError) -> None:
        """Print an error and end the command."""
        if self._as_json:
            typer.echo(json.dumps({"error": error.as_dict()}, indent=2))
        else:
            typer.echo(f"error: {error.message}", err=True)
        raise typer.Exit(1)

    def _lines(self, lines: list[str]) -> None:
        if not self._as_json:
            for line in lines:
                typer.echo(line)
