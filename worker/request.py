"""The requests of clients: validated, bounded, typed. No unchecked input passes this module."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from voices.errors import InvalidRequest, InvalidVoiceId
from voices.languages import language_tag
from voices.voice import DEFAULT_VOICE_ID, VoiceId
from worker.audio.formats import AudioOutput, FormatName
from worker.audio.speed import FASTEST, SLOWEST
from worker.engine.base import Engine, SpeechOptions
from worker.errors import NothingToSpeak, TextTooLong
from worker.text.characters import whole_characters
from worker.text.chunks import split_text
from worker.text.normalize import is_speakable


@dataclass(frozen=True)
class Arrival:
    """A request's identity and its time of arrival (``time.perf_counter`` seconds)."""

    request_id: str
    """Id in logs and events. Over HTTP the client chooses it, so it never names a stored file."""
    at: float = field(default_factory=time.perf_counter)
    job_id: str | None = None
    """RunPod's id of the job, the same at each delivery; None for a request that is no job."""
    in_pieces: bool = False
    """Whether the interface reads even an unstreamed answer's audio as it is made, and stores it itself."""


_MAX_SEED = 2**32 - 1
_RANDOM_SEED = -1
_MOST_FIELDS = 100
"""More than any request has: with so many, at least one is unknown."""
_VOICES_OWN = {"", "auto"}
"""Values of ``language`` that select the voice's own."""


class _Request(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
    )


class SpeechRequest(_Request):
    """Speak ``text``. An omitted option takes the engine's default."""

    action: Literal["speak"] = "speak"
    text: str
    voice_id: Annotated[VoiceId, Field(validation_alias=AliasChoices("voice_id", "voice"))] = DEFAULT_VOICE_ID
    format: Annotated[str, Field(validation_alias=AliasChoices("format", "response_format"))] = "mp3"
    sample_rate: Annotated[int, Field(ge=8_000, le=48_000)] | None = None
    """Hz; default: the engine's own."""
    speed: Annotated[float, Field(ge=SLOWEST, le=FASTEST)] = 1.0
    """2.0 is twice as fast; the pitch stays."""
    normalize: bool = True
    """Whether numbers, dates, addresses and the like are put into words; English only."""
    stream: bool = True
    """False sends the whole file in one audio event."""
    resume: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    """Name of a job: a later request of the same name, voice and text continues where this one ended."""
    deadline_ms: Annotated[int, Field(ge=1, le=24 * 3_600_000)] | None = None

    seed: Annotated[int, Field(ge=_RANDOM_SEED, le=_MAX_SEED)] | None = None
    """-1 is random, as is the default."""
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    """0 is greedy: always the likeliest token."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, le=6_563)] | None = None
    repetition_penalty: Annotated[float, Field(ge=1, le=5)] | None = None
    exaggeration: Annotated[float, Field(ge=0, le=2)] | None = None
    cfg_weight: Annotated[float, Field(ge=0, le=2)] | None = None
    language: str | None = None
    """A tag such as pt-BR, or a name such as English."""
    watermark: bool | None = None

    @field_validator("seed")
    @classmethod
    def _may_be_random(cls, seed: int | None) -> int | None:
        return None if seed == _RANDOM_SEED else seed

    @field_validator("language")
    @classmethod
    def _becomes_a_tag(cls, language: str | None) -> str | None:
        if language is None or language.strip().lower() in _VOICES_OWN:
            return None
        return language_tag(language)

    @field_validator("text")
    @classmethod
    def _has_whole_characters(cls, text: str) -> str:
        return whole_characters(text)

    @model_validator(mode="after")
    def _format_has_the_rate(self) -> Self:
        FormatName.parse(self.format).check_rate(self.sample_rate)
        return self

    def has_words(self, text: str) -> bool:
        """Whether a text has a word, by this request's language and ``normalize``.

        It normalizes the first paragraphs, so call it on the request's own thread.
        """
        chunks = split_text(text, language=self.language, normalize=self.normalize)
        return any(is_speakable(chunk.text) for chunk in chunks)

    def check_words(self) -> None:
        """Raise ``NothingToSpeak`` unless the text has a word; as slow as ``has_words``."""
        if not self.has_words(self.text):
            raise NothingToSpeak(" but markup") if is_speakable(self.text) else NothingToSpeak()

    def output(self, engine_rate: int) -> AudioOutput:
        """Return the format and sample rate of the audio, for an engine of ``engine_rate`` Hz."""
        return FormatName.parse(self.format).output(self.sample_rate, engine_rate)

    @property
    def options(self) -> SpeechOptions:
        """The engine's options."""
        return SpeechOptions(**{name: getattr(self, name) for name in SpeechOptions.__dataclass_fields__})

    def is_marked_by(self, engine: Engine, *, may_be_unmarked: bool) -> bool:
        """Whether this request's speech carries the engine's watermark."""
        return engine.watermarks and not (may_be_unmarked and self.watermark is False)

    def options_ignored_by(self, engine: Engine, *, is_marked: bool) -> list[str]:
        """Return the names of the options that the client set and the engine ignores."""
        sent = {name for name in self.model_fields_set if getattr(self, name) is not None}
        ignored = sent & set(SpeechOptions.__dataclass_fields__) - engine.options
        if self.watermark is not None and self.watermark != is_marked:
            ignored.add("watermark")
        return sorted(ignored)


class ListVoicesRequest(_Request):
    """List the voices of the registry, ordered by id."""

    action: Literal["list_voices"]
    after: VoiceId | None = None
    """Begin after this voice: the ``next`` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000
    """Upper bound for the voices of one page."""


class PrepareVoiceRequest(_Request):
    """Load a voice, or compute its conditionals, before its first speech."""

    action: Literal["prepare_voice"]
    voice_id: Annotated[VoiceId, Field(validation_alias=AliasChoices("voice_id", "voice"))]


class HealthRequest(_Request):
    """Ask for the worker's state."""

    action: Literal["health"]


Request = SpeechRequest | ListVoicesRequest | PrepareVoiceRequest | HealthRequest

_BY_ACTION: dict[str, type[Request]] = {
    "speak": SpeechRequest,
    "list_voices": ListVoicesRequest,
    "prepare_voice": PrepareVoiceRequest,
    "health": HealthRequest,
}


def named_action(job_input: Mapping[str, object]) -> str | None:
    """Return the request's action; None for an unknown one."""
    action = job_input.get("action")
    if action is None:
        return "speak"
    return action if isinstance(action, str) and action in _BY_ACTION else None


def parse_request(
    job_input: object, *, max_text_characters: int, voice_aliases: Mapping[str, str] | None = None
) -> Request:
    """Parse a job's ``input`` into a request; raises ``InvalidRequest`` with the name of the invalid field.

    A null field counts as omitted. ``voice_aliases`` maps other names to voice ids.
    """
    if not isinstance(job_input, dict):
        raise InvalidRequest(
            'The job\'s input must be a JSON object such as {"text": "Hello"}.', field="input"
        )
    text = job_input.get("text")
    if isinstance(text, str) and len(text) > max_text_characters:
        raise TextTooLong(
            f"text: {len(text):,} characters are more than the {max_text_characters:,} "
            "allowed in one request: send it in parts."
        )
    action = named_action(job_input)
    if action is None:
        raise InvalidRequest(f"action: use one of {', '.join(_BY_ACTION)}.", field="action")
    model = _BY_ACTION[action]
    given = {name: value for name, value in job_input.items() if value is not None}
    for name in _VOICE_NAMES & given.keys():
        given[name] = voice_named(given[name], voice_aliases or {})
    if len(given) > _MOST_FIELDS:  # pydantic would take seconds to list that many errors
        given = dict(islice(given.items(), _MOST_FIELDS))
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _explain(model, error.errors(include_url=False)[0]) from error


def voice_named(name: object, aliases: Mapping[str, str]) -> object:
    """Return the voice id of an alias; any other value is returned unchanged."""
    return aliases.get(name, name) if isinstance(name, str) else name


def _explain(model: type[Request], error: ErrorDetails) -> InvalidRequest:
    """Return the error as one sentence that names the field; it never repeats the client's text."""
    field = str(error["loc"][0]) if error["loc"] else "input"
    field = _ALIASES.get(field, field)
    if field == "voice_id" and isinstance(error["input"], str):
        return InvalidVoiceId(error["input"])
    match error["type"]:
        case "extra_forbidden":
            message = f"There is no field {field[:80]!r}: the fields are {', '.join(model.model_fields)}."
        case "missing":
            message = f"{field} is required."
        case _:
            given = error["input"]
            found = f" (not {given!r})" if isinstance(given, bool | int | float) else ""
            message = f"{field}: {error['msg'].removeprefix('Input ')}{found}."
    return InvalidRequest(message, field=field[:80])


_VOICE_NAMES = {"voice_id", "voice"}
_ALIASES = {"voice": "voice_id", "response_format": "format"}
