"""Speech in this project's own terms: the request of the queue, as a path."""

from fastapi import APIRouter, Request

from voices.errors import InvalidRequest
from worker.audio.formats import FORMATS, FormatName
from worker.server import openapi as documents
from worker.server.backend import Backend, arrival
from worker.server.bodies import json_object, speech_input
from worker.server.speech_response import SpeechResponse
from worker.server.wires import AudioWire, EventsWire, FileWire, WholeEventsWire, Wire

_TELEPHONY = ("ulaw", "alaw", "pcm")
_TELEPHONY_RATE = 8_000
_HELLO = {"text": "Hello there.", "voice_id": "default"}
_EVENTS = {"application/x-ndjson": documents.EVENT}


def speech_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["speech"])

    @routes.post(
        "/tts/generate",
        summary="Speak a text",
        status_code=200,
        response_class=SpeechResponse,
        responses={
            200: documents.spoken(
                "The audio while it is spoken, or with `stream` false as a file.", others=_EVENTS
            ),
            **documents.failures(*documents.SPEECH_FAILURES),
        },
        openapi_extra=documents.body(
            documents.speech_schema(),
            {
                "MP3 as it is spoken": _HELLO,
                "a finished WAV file": {**_HELLO, "format": "wav", "stream": False},
                "16 kHz samples, faster": {**_HELLO, "format": "pcm_16000", "speed": 1.25},
            },
        ),
    )
    async def generate(request: Request) -> SpeechResponse:
        """Answer with the audio, its first bytes as soon as they exist.

        With `Accept: application/x-ndjson` the answer is the queue's events, a line of JSON each:
        start, audio in base64 (with `stream` false all of it in one), end with its checksum and metrics.
        """
        body = speech_input(await json_object(request))
        return _speak(request, body, _chosen_wire(request, body), "tts")

    @routes.post(
        "/v1/synthesize",
        summary="Speak a text into a file",
        status_code=200,
        response_class=SpeechResponse,
        responses={
            200: documents.spoken("A finished file, its length told in advance."),
            **documents.failures(*documents.SPEECH_FAILURES),
        },
        openapi_extra=documents.body(
            documents.speech_schema(without=frozenset({"stream"})),
            {"a prompt for a menu": {"text": "Press one for sales.", "format": "wav_8000"}},
        ),
    )
    async def synthesize(request: Request) -> SpeechResponse:
        """Answer with a whole file, WAV unless another `format` is asked for: for prompts and menus."""
        body = speech_input(await json_object(request))
        _refuse_stream(body)
        if not {"format", "response_format"} & set(body):
            body["format"] = "wav"
        return _speak(request, body, FileWire(), "synthesize")

    @routes.post(
        "/v1/synthesize/telephony",
        summary="Speak a text for a telephone",
        status_code=200,
        response_class=SpeechResponse,
        responses={
            200: documents.spoken(
                "Audio without a header, a whole number of 20 ms frames.",
                [FORMATS[name].mime for name in _TELEPHONY],
            ),
            **documents.failures(*documents.SPEECH_FAILURES),
        },
        openapi_extra=documents.body(
            documents.speech_schema(without=frozenset({"stream"})),
            {
                "G.711 mu-law": {"text": "Your call is important to us."},
                "G.711 A-law": {"text": "Your call is important to us.", "format": "alaw"},
                "16 kHz samples": {"text": "Hello.", "format": "pcm", "sample_rate": 16_000},
            },
        ),
    )
    async def telephony(request: Request) -> SpeechResponse:
        """Answer while it is spoken, as RTP carries it: `ulaw`, `alaw` or `pcm`, at 8 kHz unless said."""
        body = speech_input(await json_object(request))
        _refuse_stream(body)
        return _speak(request, _for_telephones(body), AudioWire(), "telephony")

    def _speak(request: Request, body: dict[str, object], wire: Wire, interface: str) -> SpeechResponse:
        return SpeechResponse(backend, body, wire, arrival(request.headers.get("x-request-id")), interface)

    return routes


def _refuse_stream(body: dict[str, object]) -> None:
    if "stream" in body:
        raise InvalidRequest("stream: this path decides; use /tts/generate to choose.", field="stream")


def _chosen_wire(request: Request, body: dict[str, object]) -> Wire:
    """Return the form of the answer that a request asks for; raises ``InvalidRequest``."""
    streams = body.get("stream", True)
    if not isinstance(streams, bool):
        raise InvalidRequest("stream: use true or false.", field="stream")
    if "application/x-ndjson" in request.headers.get("accept", ""):
        return EventsWire() if streams else WholeEventsWire()
    return AudioWire() if streams else FileWire()


def _for_telephones(body: dict[str, object]) -> dict[str, object]:
    """Return a request with what telephones take; raises ``InvalidRequest`` for another format."""
    key = "response_format" if "response_format" in body else "format"
    name = body.get(key, "ulaw")
    parsed = FormatName.parse(name) if isinstance(name, str) else None
    if parsed is None or parsed.format not in _TELEPHONY:
        raise InvalidRequest(f"format: use one of {', '.join(_TELEPHONY)} here.", field="format")
    rate = {} if parsed.sample_rate else {"sample_rate": _TELEPHONY_RATE}
    return {**rate, **body, key: name}
