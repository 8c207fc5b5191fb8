"""Speech from a Chatterpod endpoint, as it is spoken.

with SpeechClient.runpod("ENDPOINT_ID", api_key=key) as client:
with client.speak("Hello there.", voice_id="anna", format="mp3") as speech:
for audio in speech:
player.write(audio)
"""

from client.endpoint import SpeechClient
from client.errors import (
    ChecksumMismatch,
    ClientError,
    DeadlineExceeded,
    EndpointError,
    EndpointUnreachable,
    JobCancelled,
    JobError,
    JobTimedOut,
    MalformedEvent,
    NotAuthorised,
    RateLimited,
    RequestFailed,
    RequestRefused,
    ResultElsewhere,
    StreamError,
    StreamGap,
    StreamIncomplete,
    UnexpectedAnswer,
    UnknownEndpoint,
    UnknownJob,
)
from client.speech import Speech
from client.stream import SpeechStream, SpokenText, StreamEnd, StreamStart

__all__ = [
    "ChecksumMismatch",
    "ClientError",
    "DeadlineExceeded",
    "EndpointError",
    "EndpointUnreachable",
    "JobCancelled",
    "JobError",
    "JobTimedOut",
    "MalformedEvent",
    "NotAuthorised",
    "RateLimited",
    "RequestFailed",
    "RequestRefused",
    "ResultElsewhere",
    "Speech",
    "SpeechClient",
    "SpeechStream",
    "SpokenText",
    "StreamEnd",
    "StreamError",
    "StreamGap",
    "StreamIncomplete",
    "StreamStart",
    "UnexpectedAnswer",
    "UnknownEndpoint",
    "UnknownJob",
]
