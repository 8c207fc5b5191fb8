"""The worker's settings; each is read from the environment variable of the same name in capitals."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from voices.errors import StoreFailure
from voices.library import VoiceLibrary
from voices.registry import voices_dirs
from voices.voice import DEFAULT_VOICE_ID, LONGEST_PROMPT_SECONDS, VOICE_ID, PromptSeconds


def _pairs(value: object) -> object:
    """Parse ``alloy=anna,nova=bella``; raises ``ValueError`` for a part without ``=`` or a duplicate name."""
    if not isinstance(value, str):
        return value
    parts = [each.strip() for each in value.split(",") if each.strip()]
    if any("=" not in part for part in parts):
        raise ValueError("write it as name=voice_id,name=voice_id")
    pairs = [(name.strip(), voice_id.strip()) for name, voice_id in (part.split("=", 1) for part in parts)]
    name, times = Counter(name for name, _ in pairs).most_common(1)[0] if pairs else ("", 0)
    if times > 1:
        raise ValueError(f"{name!r} is there {times} times: name one voice for each alias")
    return dict(pairs)


def _checked(aliases: dict[str, str]) -> dict[str, str]:
    """Raise ``ValueError`` for an alias that can never work. Whether its voice exists is checked later."""
    for name, voice_id in aliases.items():
        pair = f"{name}={voice_id}"
        if not name:
            raise ValueError(f"{pair!r} has no name: write it as name=voice_id")
        if name == DEFAULT_VOICE_ID:
            raise ValueError(f"{pair!r} would hide the built-in voice: choose another name than {name!r}")
        if not VOICE_ID.fullmatch(voice_id):
            raise ValueError(
                f"{pair!r} leads to {voice_id!r}, which is not a valid voice id: "
                "use 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or a digit"
            )
        if voice_id in aliases:
            raise ValueError(f"{pair!r} leads to an alias: name the voice itself")
    return aliases


VoiceAliases = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs), AfterValidator(_checked)]
"""Aliases and their voice ids."""


def doubts(aliases: Mapping[str, str], library: VoiceLibrary) -> Iterator[str]:
    """Yield a clause for each alias that is ineffective or misleading, given the voices in the library."""
    if not aliases:
        return
    try:
        voice_ids = set(library.ids())
    except StoreFailure:  # every request will report it
        return
    for name, voice_id in aliases.items():
        if voice_id != DEFAULT_VOICE_ID and voice_id not in voice_ids:
            yield f"{name} is an alias of {voice_id}, but there is no such voice yet"
        if name in voice_ids:
            yield f"{name} is an alias of {voice_id}, so the voice with the id {name} is out of reach"


LogFormat = Literal["auto", "json", "text"]


EngineName = Literal["auto", "preview", "chatterbox-turbo"]

MEBIBYTE = 1 << 20


def _split_path(value: object) -> object:
    """Split directories that are separated as in PATH."""
    if isinstance(value, str | Path):
        return tuple(Path(each) for each in str(value).split(os.pathsep) if each)
    return value


def _on_volume(name: str) -> Path | None:
    """Return a directory on RunPod's network volume, or None if no volume is mounted."""
    volume = Path("/runpod-volume")
    return volume / name if volume.is_dir() else None


class Settings(BaseSettings):
    """The worker's settings; raises ``pydantic.ValidationError`` for an invalid value."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, use_attribute_docstrings=True)

    mode: Literal["queue", "serve"] = "queue"
    """``queue``: ``python -m worker`` takes jobs from RunPod's queue. ``serve``: it serves HTTP."""
    engine: EngineName = "auto"
    """``auto`` takes chatterbox-turbo if a checkpoint is found, else preview, and logs its choice. The image
    sets chatterbox-turbo."""
    model_dir: Path | None = None
    """The checkpoint's directory. Default: the weights in the image, else RunPod's model cache, else Hugging
    Face's cache, else a download."""
    device: str = "auto"
    """``cuda``, ``cpu``, or ``auto``: CUDA if there is a GPU, else the CPU."""
    t3_precision: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    """Number format of T3; int8 works on CPUs only. ``auto`` is bfloat16 on a GPU and int8 on a CPU that
    multiplies bfloat16."""
    decode_slots: Annotated[int, Field(ge=1, le=256)] | None = None
    """Text chunks that are decoded at once. Default: as many as memory allows, 16 on the CPU and up to 64 on
    a GPU."""
    s3gen_precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of S3Gen's flow. ``auto`` is bfloat16 if the processor multiplies it."""
    flow_steps: Annotated[int, Field(ge=1, le=2)] = 2
    """S3Gen's steps from noise to mel. The stock library takes 2; with 1 a call costs two thirds."""
    prompt_seconds: PromptSeconds = LONGEST_PROMPT_SECONDS
    """Upper bound for the part of a voice's prompt that S3Gen reads in every call. A voice may set a lower
    one."""
    left_context_seconds: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 1.0
    """Earlier speech that S3Gen renders again in front of each new audio chunk."""
    watermark: bool = True
    """Whether Chatterbox's speech carries Perth's watermark."""
    allow_unwatermarked: bool = False
    """Whether a request may turn the watermark off by ``"watermark": false``."""

    voices_dir: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split_path)] = Field(
        default_factory=lambda: tuple(voices_dirs()),
        json_schema_extra={"by_default": "``/voices`` if it exists, else ``~/.chatterpod/voices``"},
    )
    """Directories of voices, searched in order, separated as in PATH."""
    voice_aliases: VoiceAliases = Field(default_factory=dict)
    """Other names of voices, valid wherever a voice is named: alloy=anna,nova=bella."""
    write_back: bool = True
    """Whether the worker publishes conditionals that it had to compute, so that other workers need not
    compute them."""
    voice_cache_mb: Annotated[int, Field(ge=1)] = 256
    """Upper bound for conditionals cached in the host's memory; a voice takes 0.2 MB."""
    device_voice_cache_mb: Annotated[int, Field(ge=1)] = 1024
    """Upper bound for voices cached on the model's device; after its first use a voice takes 37 MB on a GPU,
    74 MB on the CPU."""

    store_timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    """Timeout for a voices' directory that makes no progress: the request ends with an error. If the voice is
    in memory, the worker waits a second and then speaks the cached version."""

    max_concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Upper bound for requests spoken at once. Default: as many as memory allows. Above what the GPU carries,
    all streams stutter; when all are taken, RunPod's SDK sleeps a second before it fetches the next job."""
    max_waiting: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Upper bound for requests that wait beyond ``max_concurrency``; default: four times as many. Jobs of the
    queue wait at RunPod instead."""
    max_request_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Upper bound for a request's duration, whatever its ``deadline_ms``."""
    stall_timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0
    """Cancel a request whose client has read nothing for this many seconds."""
    engine_timeout_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 180.0
    """Timeout for one step of the engine, and for a worker process that makes no progress at all: its
    requests fail and the process ends, so that RunPod starts another. 0 turns it off."""
    shutdown_grace_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    """Time that requests in progress get to finish after the worker is told to end; after it they end with an
    error."""
    max_text_characters: Annotated[int, Field(ge=1)] = 100_000
    """Upper bound for a request's text; 100,000 characters are about two hours of speech."""
    max_result_mb: Annotated[float, Field(gt=0)] = 9.0
    """Upper bound for an answer's audio in base64: RunPod loses results of more than 10 MB. A larger result
    goes to ``results_dir`` or the bucket."""
    results_dir: Path | None = Field(
        default_factory=lambda: _on_volume("results"),
        json_schema_extra={"by_default": "``/runpod-volume/results`` if a volume is mounted"},
    )
    """Directory for large results and for the finished parts of long jobs. Without a volume there is none."""
    bucket_endpoint_url: str | None = None
    """URL of an S3 server that stores large results; the answer then holds a URL. The ``BUCKET_`` variables
    are RunPod's own."""
    bucket_access_key_id: str | None = None
    """Access key for that server."""
    bucket_secret_access_key: SecretStr | None = None
    """Secret key for that server."""
    bucket_name: str | None = None
    """Bucket name. Default: the path in ``bucket_endpoint_url``, else month and year (``11-26``), as in
    RunPod's SDK."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Minimum log level."""
    log_format: LogFormat = "auto"
    """``json`` is one JSON object a line, ``text`` is plain text. ``auto`` is text on a terminal, else
    JSON."""
    log_text: bool = False
    """Whether the log may contain the first 1,000 characters of a request's text."""
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """A port of its own for Prometheus metrics, without a key. The HTTP server has ``/metrics`` in any
    case."""
    metrics_host: str = "127.0.0.1"
    """The address of ``metrics_port``; 0.0.0.0 for a Prometheus on another machine."""
    heartbeat_file: Path | None = None
    """File that the queue worker touches when it asks for jobs, every 90 s at least. The image's health check
    reads its age."""

    @cached_property
    def max_result_bytes(self) -> int:
        """``max_result_mb`` as encoded audio, before base64 adds a third."""
        return int(self.max_result_mb * MEBIBYTE * 3 / 4)


def explain_settings(error: ValidationError) -> str:
    """Return one line for each invalid environment variable, with the reason."""
    return "\n".join(
        f"{'.'.join(map(str, each['loc'])).upper()}: {each['msg'].removeprefix('Value error, ')}."
        for each in error.errors(include_url=False, include_input=False)
    )
