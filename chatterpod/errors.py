"""The client's exceptions, as one tree.

ClientError
├── EndpointError                 no usable response from the endpoint
│   ├── EndpointUnreachable       no response, after all safe retries
│   ├── NotAuthorised             401, 403: the API key is missing or wrong
│   ├── UnknownEndpoint           404: no such endpoint
│   ├── UnknownJob                404: no such job, or its result has expired
│   ├── RateLimited               429, with a wait beyond the timeout
│   ├── RequestRefused            400, 413, 422: the request is malformed or too large
│   ├── UnexpectedAnswer          the response follows neither RunPod's protocol nor our server's
│   └── NotOffered                this protocol does not support the call
├── JobError                      the job did not complete
│   ├── RequestFailed             the worker refused the request, or failed: `code`, `message`, `field`
│   │   ├── InvalidRequest        invalid_request: `field` is invalid
│   │   │   ├── NothingToSpeak    the text contains no word
│   │   │   └── TextTooLong       text_too_long
│   │   ├── UnknownVoice          unknown_voice
│   │   ├── VoiceCorrupt          voice_corrupt
│   │   ├── VoiceIncompatible     voice_incompatible
│   │   ├── ResumeBusy            resume_busy: another request with that `resume` name is in progress
│   │   ├── Overloaded            overloaded, after all retries: `retry_after_s`
│   │   ├── ShuttingDown          shutting_down, after all retries
│   │   ├── Loading               loading, until the timeout
│   │   ├── RequestExpired        deadline_exceeded: the request's own `deadline_ms` passed
│   │   ├── RequestDropped        cancelled: the worker cancelled it
│   │   ├── EngineFailure         engine_failure: the model failed, or the worker crashed
│   │   └── StoreFailure          store_failure: the voices or results cannot be read or written
│   ├── JobCancelled              the job was cancelled
│   ├── JobTimedOut               the endpoint's execution timeout ended the job
│   └── DeadlineExceeded          this client's `timeout` passed first
└── StreamError                   the job completed, but its audio is incomplete
    ├── ResultElsewhere           the audio was too large for a response: `result` says where it is
    ├── StreamGap                 an event is missing
    ├── StreamIncomplete          the end event never came
    ├── ChecksumMismatch          the audio does not match the end event
    └── MalformedEvent            a field of an event is missing or has the wrong type

RequestFailed and its subclasses are in `request_errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClientError(Exception):
    """Base of all the client's exceptions."""


class EndpointError(ClientError):
    """No usable response came from the endpoint."""


class EndpointUnreachable(EndpointError):
    """No response came, after all safe retries."""


class NotAuthorised(EndpointError):
    """The API key is missing or wrong."""


class UnknownEndpoint(EndpointError):
    """There is no such endpoint."""


class UnknownJob(EndpointError):
    """There is no such job, or its result has expired."""


class RateLimited(EndpointError):
    """The endpoint asks for slower requests, with a wait beyond the timeout."""


class RequestRefused(EndpointError):
    """The endpoint does not accept the request: it is malformed or too large."""


class UnexpectedAnswer(EndpointError):
    """The response follows neither RunPod's protocol nor our server's."""


class NotOffered(EndpointError):
    """The endpoint's protocol does not support the call; the message says which one does."""


class JobError(ClientError):
    """The job did not complete."""


class JobCancelled(JobError):
    """The job was cancelled."""


class JobTimedOut(JobError):
    """The endpoint's execution timeout ended the job."""


class DeadlineExceeded(JobError):
    """The client's own timeout passed before the job was done."""


class StreamError(ClientError):
    """The job completed, but its audio is incomplete."""


class ResultElsewhere(StreamError):
    """The audio was too large for a response: `result` has its `path` or `url`, `bytes` and `sha256`."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        super().__init__(f"the audio is at {result.get('path') or result.get('url')}")
        self.result = result


class StreamGap(StreamError):
    """An event is missing."""


class StreamIncomplete(StreamError):
    """The end event never came."""


class ChecksumMismatch(StreamError):
    """The audio does not match the end event."""


class MalformedEvent(StreamError):
    """A field of an event is missing or has the wrong type."""
