"""A command's run: the registries that it works on, what it prints, and how it ends."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import typer

from client.errors import ClientError, RequestFailed
from voices.errors import ChatterpodError, InvalidRequest, StoreFailure
from voices.registry import VoiceRegistry
from voices.whole_file import why
from voices_cli.output import Output, exit_code
from voices_cli.targets import open_registries

T = TypeVar("T")


class Session:
    """The registries of a command's targets, and its output."""

    def __init__(self, registries: Sequence[VoiceRegistry], output: Output) -> None:
        self.registries = registries
        self.output = output

    @property
    def one(self) -> VoiceRegistry:
        """Return the only target; raises ``InvalidRequest`` where there are several."""
        if len(self.registries) > 1:
            raise InvalidRequest("This command works on one target at a time.", field="target")
        return self.registries[0]

    def on_each(self, work: Callable[[VoiceRegistry], Any], show: Callable[[Any], Sequence[Any]]) -> None:
        """Run ``work`` on every target, going on after one that fails; print all results.

        ``work`` returns what ``--json`` prints and ``show`` makes of it what a person reads. With
        several targets the JSON is a list of objects, each with its ``target``.
        """
        if len(self.registries) == 1:
            result = work(self.registries[0])
            self.output.result(result, *show(result))
            return
        results, codes = [], []
        for registry in self.registries:
            try:
                result = work(registry)
            except ChatterpodError as error:
                codes.append(exit_code(error))
                results.append({"target": str(registry.store), "error": error.as_dict()})
                self.output.error(error, where=str(registry.store))
            else:
                results.append({"target": str(registry.store), "result": result})
                self.output.lines(str(registry.store), *show(result))
        self.output.data(results)
        if codes:
            raise typer.Exit(codes[0])


@contextmanager
def session(
    targets: Sequence[str] | None = None, endpoint_url: str | None = None, *, as_json: bool
) -> Iterator[Session]:
    """Open the targets for a command, and report what it raises."""
    with reporting(as_json=as_json) as output:
        yield Session(open_registries(targets, endpoint_url), output)


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Output]:
    """Report what a command raises, and exit with its code."""
    output = Output(as_json=as_json)
    try:
        yield output
    except ChatterpodError as error:
        output.fail(error)
    except OSError as error:
        output.fail(StoreFailure(why(error)))
    except RequestFailed as error:
        output.fail(EndpointFailed(f"The endpoint answered: {error.message}", field=error.field))
    except ClientError as error:
        output.fail(EndpointFailed(f"The endpoint could not be used: {str(error).rstrip('.')}."))


class EndpointFailed(ChatterpodError):
    """The RunPod endpoint that was to do the work could not."""

    code = "endpoint_failure"
