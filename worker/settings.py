"""What a deployment can set, each by the environment variable of the same name in capitals."""

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
    """Read ``alloy=anna,nova=bella``; raises ``ValueError`` for a part without its sign, or said twice."""
    if not isinstance(value, str):
        return value
    parts = [each.strip() for each in value.split(",") if each.strip()]
    if any("=" not in part for part in parts):
        raise ValueError("write it as name=voice_id,name=voice_id")
    pairs = [(name.strip(), voice_id.strip()) for name, voice_id in (part.split("=", 1) for part in parts)]
    name, times = Counter(name for name, _ in pairs).most_common(1)[0] if pairs else ("", 0)
    if times > 1:
        raise ValueError(f"{name!r} is there {times} times: a name stands for one voice")
    return dict(pairs)


def _checked(aliases: dict[str, str]) -> dict[str, str]:
    """Raise ``ValueError`` for an alias that can never work; whether its voice is there is not known yet."""
    for name, voice_id in aliases.items():
        pair = f"{name}={voice_id}"
        if not name:
            raise ValueError(f"{pair!r} has no name: write it as name=voice_id")
        if name == DEFAULT_VOICE_ID:
            raise ValueError(f"{pair!r} would hide the built-in voice: choose another name than {name!r}")
        if not VOICE_ID.fullmatch(voice_id):
            raise ValueError(
                f"{pair!r} leads to {voice_id!r}, which cannot be a voice id: "
                "it has 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or a digit"
            )
        if voice_id in aliases:
            raise ValueError(f"{pair!r} leads to an alias: name the voice itself")
    return aliases


VoiceAliases = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs), AfterValidator(_checked)]
"""Names, and the voice id that each stands for."""


def doubts(aliases: Mapping[str, str], library: VoiceLibrary) -> Iterator[str]:
    """Say in a clause each which aliases do not do what they seem to, with the voices that there are."""
    if not aliases:
        return
    try:
        voice_ids = set(library.ids())
    except StoreFailure:  # every request says so
        return
    for name, voice_id in aliases.items():
        if voice_id != DEFAULT_VOICE_ID and voice_id not in voice_ids:
            yield f"{name} stands for {voice_id}, and there is no such voice yet"
        if name in voice_ids:
            yield f"{name} stands for {voice_id}, so the voice of that very id is out of reach"


LogFormat = Literal["auto", "json", "text"]


EngineName = Literal["auto", "preview", "chatterbox-turbo"]

MEBIBYTE = 1 << 20


def _split_path(value: object) -> object:
    """Read one directory, or several separated as in PATH."""
    if isinstance(value, str | Path):
        return tuple(Path(each) for each in str(value).split(os.pathsep) if each)
    return value


def _on_volume(name: str) -> Path | None:
    """Return a directory on RunPod's network volume, where there is one."""
    volume = Path("/runpod-volume")
    return volume / name if volume.is_dir() else None


class Settings(BaseSettings):
    """The worker's settings; raises ``pydantic.ValidationError`` for a value it cannot have."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, use_attribute_docstrings=True)

    mode: Literal["queue", "serve"] = "queue"
    """What ``python -m worker`` does without a command: take jobs from RunPod's queue, or serve HTTP."""
    engine: EngineName = "auto"
    """``auto`` takes chatterbox-turbo where a checkpoint is found, else preview, and says so. The image
    says chatterbox-turbo."""
    model_dir: Path | None = None
    """The checkpoint's directory; otherwise the image's own weights, RunPod's model cache and Hugging Face's
    are looked at, and at last it is downloaded."""
    device: str = "auto"
    """``cuda``, ``cpu``, or ``auto`` for the first of them that is there."""
    t3_precision: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    """Numbers that T3 computes in; int8 on the CPU only. ``auto`` is bfloat16 on a GPU, and int8 on a CPU
    that multiplies bfloat16."""
    decode_slots: Annotated[int, Field(ge=1, le=256)] | None = None
    """Text chunks whose tokens are decoded at once; otherwise what memory allows: 16 on the CPU, up to 64
    on a GPU."""
    s3gen_precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers that S3Gen's flow computes in; ``auto`` is bfloat16 where the processor multiplies it."""
    flow_steps: Annotated[int, Field(ge=1, le=2)] = 2
    """S3Gen's steps from noise to mel: stock takes 2; with 1 a decode costs two thirds."""
    prompt_seconds: PromptSeconds = LONGEST_PROMPT_SECONDS
    """The most of a voice's prompt that every decode of S3Gen sees; the voice itself may have less."""
    left_context_seconds: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 1.0
    """Speech that S3Gen decodes again to lead into what is new."""
    watermark: bool = True
    """Whether Chatterbox's speech carries Perth's watermark."""
    allow_unwatermarked: bool = False
    """Whether a request may have it left out, by ``"watermark": false``."""

    voices_dir: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split_path)] = Field(
        default_factory=lambda: tuple(voices_dirs()),
        json_schema_extra={"by_default": "``/voices`` where it is, else ``~/.chatterpod/voices``"},
    )
    """Searched in order; separated as in PATH."""
    voice_aliases: VoiceAliases = Field(default_factory=dict)
    """Other names of voices, wherever a voice is named: alloy=anna,nova=bella."""
    write_back: bool = True
    """Whether conditionals that had to be computed are published, so that no other worker has to."""
    voice_cache_mb: Annotated[int, Field(ge=1)] = 256
    """Conditionals kept in the host's memory: 0.2 MB a voice."""
    device_voice_cache_mb: Annotated[int, Field(ge=1)] = 1024
    """And of those where the model is, once spoken: 37 MB a voice on a GPU, 74 MB on the CPU."""

    store_timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    """A voices' directory that has not got on for so long hangs: who waits for it ends with an error. A voice
    that is in memory is spoken as it was, after a second."""

    max_concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Requests spoken at once; otherwise what memory allows. The SDK sleeps for a second whenever all are
    taken, so rather too many."""
    max_waiting: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Requests that may wait for their turn beyond those; four times as many when left out. The queue's own
    jobs wait at RunPod."""
    max_request_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """No request may take longer, whatever its ``deadline_ms``."""
    stall_timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0
    """Whoever takes nothing of a request's events for so long is given up."""
    engine_timeout_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 180.0
    """An engine that is at one step for longer is stuck, as is a worker of which nothing runs any more: its
    requests fail, and it is replaced. 0 waits for ever."""
    shutdown_grace_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    """What is being spoken when the worker is told to end may take so long; then it ends with an error."""
    max_text_characters: Annotated[int, Field(ge=1)] = 100_000
    """About two hours of speech."""
    max_result_mb: Annotated[float, Field(gt=0)] = 9.0
    """Base64 audio of one answer: RunPod loses a result of more than 10 MB. What is larger is put into
    ``results_dir`` or the bucket."""
    results_dir: Path | None = Field(
        default_factory=lambda: _on_volume("results"),
        json_schema_extra={"by_default": "``/runpod-volume/results`` where a volume is mounted"},
    )
    """Large results, and what is kept of long jobs; None where there is no volume."""
    bucket_endpoint_url: str | None = None
    """RunPod's own variables: large results go to this S3 server, and are answered with a URL."""
    bucket_access_key_id: str | None = None
    """For that server."""
    bucket_secret_access_key: SecretStr | None = None
    """For that server."""
    bucket_name: str | None = None
    """Otherwise the URL's path, otherwise month and year (``11-26``), as the SDK has it."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least that is logged."""
    log_format: LogFormat = "auto"
    """One JSON object a line, or plain text; ``auto`` is text on a terminal and JSON anywhere else."""
    log_text: bool = False
    """Whether the log may have the first 1,000 characters of what a request speaks."""
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Prometheus is answered at this port too, without a key; the HTTP face has ``/metrics`` anyway."""
    metrics_host: str = "127.0.0.1"
    """The address of ``metrics_port``: 0.0.0.0 for a Prometheus on another machine."""
    heartbeat_file: Path | None = None
    """Marked whenever the queue worker asks for jobs, every 90 s at least; the image's health check looks
    at it."""

    @cached_property
    def max_result_bytes(self) -> int:
        """``max_result_mb`` as encoded audio, before base64 adds a third."""
        return int(self.max_result_mb * MEBIBYTE * 3 / 4)


def explain_settings(error: ValidationError) -> str:
    """Say in a line each which environment variables are wrong, and how."""
    return "\n".join(
        f"{'.'.join(map(str, each['loc'])).upper()}: {each['msg'].removeprefix('Value error, ')}."
        for each in error.errors(include_url=False, include_input=False)
    )
