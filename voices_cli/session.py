"""A command's session: its target registries, its output and its exit code."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import typer

from chatterpod import SpeechClient
from chatterpod.errors import ClientError, EndpointUnreachable
from chatterpod.request_errors import RequestFailed
from voices.errors import ChatterpodError, InvalidRequest, StoreFailure
from voices.registry import VoiceRegistry, voices_dirs
from voices.stores.targets import open_store
from voices.whole_file import why
from voices_cli.output import Output, exit_code


def open_endpoint(endpoint: str) -> SpeechClient:
    """Open an endpoint by its id, with ``RUNPOD_API_KEY``, or by its URL, and check that it answers.

    Raises ``InvalidRequest`` if the key is missing or the URL is not a queue's, and ``ClientError`` if the
    key is wrong or the endpoint does not exist.
    """
    client = _client(endpoint, os.environ.get("RUNPOD_API_KEY"))
    try:
        _check_queue(client, endpoint)
    except BaseException:
        client.close()
        raise
    return client


def _check_queue(client: SpeechClient, endpoint: str) -> None:
    try:
        health = client.health()
    except EndpointUnreachable as error:
        where = urlsplit(endpoint).netloc.rpartition("@")[2] or "RunPod"
        raise EndpointUnreachable(f"{where} did not answer: {error}") from error
    if health.keys().isdisjoint({"jobs", "workers"}):  # our HTTP server's /health has other keys
        raise InvalidRequest(
            f"{endpoint} is not a queue: use a URL such as http://127.0.0.1:8001/v2/local, "
            "which `python -m local_runpod` prints.",
            field="via",
        )


def _client(endpoint: str, api_key: str | None) -> SpeechClient:
    try:
        if endpoint.startswith(("http://", "https://")):
            return SpeechClient(endpoint, api_key)
        if not api_key:
            raise InvalidRequest("Set RUNPOD_API_KEY to use an endpoint on RunPod.", field="via")
        return SpeechClient.runpod(endpoint, api_key)
    except ValueError as error:  # a malformed key or URL
        raise InvalidRequest(f"{error}.", field="via") from error


def open_registries(targets: Sequence[str] | None, endpoint_url: str | None) -> list[VoiceRegistry]:
    """Open the given targets, else the environment's; see ``options.Targets``."""
    named = list(targets or ()) or os.environ.get("VOICES_TARGETS", "").split() or [str(voices_dirs()[0])]
    return [VoiceRegistry(open_store(target, endpoint_url=endpoint_url)) for target in named]


T = TypeVar("T")


class Session:
    """A command's target registries and its output."""

    def __init__(self, registries: Sequence[VoiceRegistry], output: Output) -> None:
        self.registries = registries
        self.output = output

    @property
    def one(self) -> VoiceRegistry:
        """Return the only target; raises ``InvalidRequest`` if there are several."""
        if len(self.registries) > 1:
            raise InvalidRequest("This command works on one target at a time.", field="target")
        return self.registries[0]

    def on_each(self, work: Callable[[VoiceRegistry], Any], show: Callable[[Any], Sequence[Any]]) -> None:
        """Run ``work`` on every target, continue after a failure, and print all results.

        ``work`` returns the JSON result, and ``show`` turns it into lines of text. With several targets the
        JSON is a list of objects, each with its ``target``.
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
    """Open a command's targets, and report the errors that it raises."""
    with reporting(as_json=as_json) as output:
        yield Session(open_registries(targets, endpoint_url), output)


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Output]:
    """Report the errors that a command raises, and exit with their exit codes."""
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
    """The RunPod endpoint failed or could not be used."""

    code = "endpoint_failure"
