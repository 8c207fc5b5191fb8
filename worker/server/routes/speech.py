"""Speech over HTTP by the queue's request, one path for each use."""

from typing import Annotated, Any

from fastapi import APIRouter, Request

from voices.errors import InvalidRequest
from worker.audio.formats import FormatName
from worker.server.backend import arrival
from worker.server.bodies import DescribedBy, JsonRoute, RequestId, examples, speech_input
from worker.server.openapi import EVENT_LINE, SPEECH_FAILURES, failures, spoken
from worker.server.routes.dependencies import TheBackend
from worker.server.routes.speech_body import speech_body
from worker.server.speech_response import SpeechResponse
from worker.server.wires import AudioWire, EventsWire, FileWire, WholeEventsWire, Wire

_TELEPHONY = ("ulaw", "alaw", "pcm")
_TELEPHONY_RATE = 8_000
_NDJSON = "application/x-ndjson"
_HELLO = {"text": "Hello there.", "voice_id": "default"}
_SPEECH_EXAMPLES = {
    "MP3, streamed": _HELLO,
    "a complete WAV file": {**_HELLO, "format": "wav", "stream": False},
    "16 kHz samples, faster": {**_HELLO, "format": "pcm_16000", "speed": 1.25},
}
_FILE_EXAMPLES = {"a prompt for a menu": {"text": "Press one for sales.", "format": "wav_8000"}}
_TELEPHONY_EXAMPLES = {
    "G.711 mu-law": {"text": "Your call is important to us."},
    "G.711 A-law": {"text": "Your call is important to us.", "format": "alaw"},
    "16 kHz samples": {"text": "Hello.", "format": "pcm", "sample_rate": 16_000},
}
_Speech = Annotated[dict[str, Any], DescribedBy(speech_body("SpeechBody"))]
_WholeSpeech = Annotated[dict[str, Any], DescribedBy(speech_body("WholeSpeechBody", "stream"))]


speech_routes = APIRouter(tags=["speech"], responses=failures(*SPEECH_FAILURES), route_class=JsonRoute)


@speech_routes.post(
    "/tts/generate",
    summary="Speak a text",
    status_code=200,
    response_class=SpeechResponse,
    responses={
        200: spoken(
            "The audio, streamed, or with `stream` false as a file.",
            others={_NDJSON: EVENT_LINE},
        )
    },
)
async def generate(
    request: Request,
    backend: TheBackend,
    body: Annotated[_Speech, examples(_SPEECH_EXAMPLES)],
    x_request_id: RequestId = None,
) -> SpeechResponse:
    """Respond with the audio, its first bytes as soon as they exist.

    With `Accept: application/x-ndjson` the response is the queue's events, one line of JSON each:
    start, audio in base64 (with `stream` false in one event), end with its checksum and metrics.
    """
    job_input = speech_input(body)
    wire = _chosen_wire(job_input, request.headers.get("accept", ""))
    return SpeechResponse(backend, job_input, wire, arrival(x_request_id), "tts")


@speech_routes.post(
    "/v1/synthesize",
    summary="Speak a text into a file",
    status_code=200,
    response_class=SpeechResponse,
    responses={200: spoken("A complete file with its `Content-Length`.")},
)
async def synthesize(
    backend: TheBackend,
    body: Annotated[_WholeSpeech, examples(_FILE_EXAMPLES)],
    x_request_id: RequestId = None,
) -> SpeechResponse:
    """Respond with a complete file, by default WAV, for prompts and menus."""
    job_input = _without_stream(speech_input(body))
    if not {"format", "response_format"} & set(job_input):
        job_input["format"] = "wav"
    return SpeechResponse(backend, job_input, FileWire(), arrival(x_request_id), "synthesize")


@speech_routes.post(
    "/v1/synthesize/telephony",
    summary="Speak a text for a telephone",
    status_code=200,
    response_class=SpeechResponse,
    responses={200: spoken("Audio without a header, a whole number of 20 ms frames.", _TELEPHONY)},
)
async def telephony(
    backend: TheBackend,
    body: Annotated[_WholeSpeech, examples(_TELEPHONY_EXAMPLES)],
    x_request_id: RequestId = None,
) -> SpeechResponse:
    """Respond with streamed audio in RTP's formats: `ulaw`, `alaw` or `pcm`, by default at 8 kHz."""
    job_input = _for_telephones(_without_stream(speech_input(body)))
    return SpeechResponse(backend, job_input, AudioWire(), arrival(x_request_id), "telephony")


def _without_stream(job_input: dict[str, Any]) -> dict[str, Any]:
    """Return a request unchanged; raises ``InvalidRequest`` if it has ``stream``."""
    if "stream" in job_input:
        raise InvalidRequest("stream: not accepted on this path; use /tts/generate instead.", field="stream")
    return job_input


def _chosen_wire(job_input: dict[str, Any], accepted: str) -> Wire:
    """Return the wire that a request selects; raises ``InvalidRequest``."""
    streams = job_input.get("stream", True)
    if not isinstance(streams, bool):
        raise InvalidRequest("stream: use true or false.", field="stream")
    if _NDJSON in accepted:
        return EventsWire() if streams else WholeEventsWire()
    return AudioWire() if streams else FileWire()


def _for_telephones(job_input: dict[str, Any]) -> dict[str, Any]:
    """Return a request with telephony defaults; raises ``InvalidRequest`` for another format."""
    key = "response_format" if "response_format" in job_input else "format"
    name = job_input.get(key, "ulaw")
    parsed = FormatName.parse(name) if isinstance(name, str) else None
    if parsed is None or parsed.format not in _TELEPHONY:
        raise InvalidRequest(f"format: use one of {', '.join(_TELEPHONY)} here.", field="format")
    rate = {} if parsed.sample_rate else {"sample_rate": _TELEPHONY_RATE}
    return {**rate, **job_input, key: name}
