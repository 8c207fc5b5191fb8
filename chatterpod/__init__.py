"""Client library: streams speech from a Chatterpod endpoint.

with SpeechClient.runpod("ENDPOINT_ID", api_key=key) as client:
with client.speak("Hello there.", voice_id="anna", format="mp3") as speech:
for audio in speech:
player.write(audio)
"""

from chatterpod.async_client import AsyncSpeechClient
from chatterpod.async_speech import AsyncSpeech
from chatterpod.async_speech_in_pieces import AsyncSpeechInPieces
from chatterpod.errors import (
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
    NotOffered,
    RateLimited,
    RequestRefused,
    ResultElsewhere,
    StreamError,
    StreamGap,
    StreamIncomplete,
    UnexpectedAnswer,
    UnknownEndpoint,
    UnknownJob,
)
from chatterpod.request_errors import (
    EngineFailure,
    InvalidRequest,
    Loading,
    NothingToSpeak,
    Overloaded,
    RequestDropped,
    RequestExpired,
    RequestFailed,
    ShuttingDown,
    StoreFailure,
    TextTooLong,
    UnknownVoice,
    VoiceCorrupt,
    VoiceIncompatible,
)
from chatterpod.speech import Speech
from chatterpod.speech_in_pieces import SpeechInPieces
from chatterpod.stream import SpeechStream, SpokenText, StreamEnd, StreamStart
from chatterpod.sync_client import SpeechClient

__all__ = [
    "AsyncSpeech",
    "AsyncSpeechClient",
    "AsyncSpeechInPieces",
    "ChecksumMismatch",
    "ClientError",
    "DeadlineExceeded",
    "EndpointError",
    "EndpointUnreachable",
    "EngineFailure",
    "InvalidRequest",
    "JobCancelled",
    "JobError",
    "JobTimedOut",
    "Loading",
    "MalformedEvent",
    "NotAuthorised",
    "NotOffered",
    "NothingToSpeak",
    "Overloaded",
    "RateLimited",
    "RequestDropped",
    "RequestExpired",
    "RequestFailed",
    "RequestRefused",
    "ResultElsewhere",
    "ShuttingDown",
    "Speech",
    "SpeechClient",
    "SpeechInPieces",
    "SpeechStream",
    "SpokenText",
    "StoreFailure",
    "StreamEnd",
    "StreamError",
    "StreamGap",
    "StreamIncomplete",
    "StreamStart",
    "TextTooLong",
    "UnexpectedAnswer",
    "UnknownEndpoint",
    "UnknownJob",
    "UnknownVoice",
    "VoiceCorrupt",
    "VoiceIncompatible",
]
