"""The voice: its id and its manifest."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from voices.errors import InvalidRequest, InvalidVoiceId

VOICE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
DEFAULT_VOICE_ID = "default"
"""The engine's built-in voice; this id cannot be published."""

MANIFEST_FILE = "voice.json"

REFERENCE = "reference"
_CONDITIONALS = "conditionals-"

SHORTEST_PROMPT_SECONDS = 1.0
LONGEST_PROMPT_SECONDS = 10.0
"""The stock library's prompt length, and the default of a voice."""

MOST_LABELS, LONGEST_LABEL_NAME, LONGEST_LABEL_VALUE = 50, 64, 500
"""Per voice; lengths in characters. Bounded because every list of voices carries all labels."""

VoiceId = Annotated[str, Field(pattern=rf"^{VOICE_ID.pattern}$")]
FileName = Annotated[
    str,
    Field(
        pattern=r"^(reference(\.[0-9a-f]{8})?\.flac|"
        r"conditionals-[a-z0-9][a-z0-9-]{0,63}(\.[0-9a-f]{8})?\.safetensors)$"
    ),
]
"""A file name in a manifest, always within the voice's own folder.

``reference.flac`` or ``conditionals-<fingerprint>.safetensors``. A changed file gets eight digits of its
SHA-256 in its name, because readers may still be reading the file of the plain name.
"""

PromptSeconds = Annotated[
    float, Field(ge=SHORTEST_PROMPT_SECONDS, le=LONGEST_PROMPT_SECONDS, allow_inf_nan=False)
]
"""Seconds of the clip in the prompt that precedes every S3Gen pass of Chatterbox."""


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileFacts(_Facts):
    """The expected checksum and size (bytes) of a file."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]


class ClipFacts(_Facts):
    """Measured on the prepared reference clip."""

    seconds: Annotated[float, Field(gt=0)]
    speech_seconds: float
    sample_rate: int
    loudness_lufs: float
    peak_dbfs: float
    snr_db: float
    """Estimated: the level of the speech above the level of the pauses."""


class Manifest(_Facts):
    """``voice.json``: written last and removed first, so that a voice exists exactly while it does."""

    schema_version: Literal[1] = 1
    voice_id: VoiceId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    labels: dict[str, str] = Field(default_factory=dict)
    created_at: AwareDatetime
    clip: ClipFacts
    prompt_seconds: PromptSeconds = LONGEST_PROMPT_SECONDS
    """The prompt length of all conditionals files named here; it changes only together with them."""
    files: dict[FileName, FileFacts]

    @model_validator(mode="after")
    def _has_one_reference(self) -> Self:
        if sum(file_stem(file) == REFERENCE for file in self.files) != 1:
            raise ValueError("files must name one reference clip")
        if len({file_stem(file) for file in self.files}) != len(self.files):
            raise ValueError("files must name each fingerprint once")
        return self

    @property
    def reference_file(self) -> str:
        """Return the name of the reference clip."""
        return next(file for file in self.files if file_stem(file) == REFERENCE)

    def conditionals_file(self, fingerprint: str) -> str | None:
        """Return the file name of the conditionals for a fingerprint; None if not precomputed."""
        stem = conditionals_stem(fingerprint)
        return next((file for file in self.files if file_stem(file) == stem), None)

    def same_content(self, other: "Manifest") -> bool:
        """Whether both describe the same voice; creation time and file names may differ."""
        mine, theirs = (
            {file_stem(file): each for file, each in files.items()} for files in (self.files, other.files)
        )
        varying = {"files": {}, "created_at": self.created_at}
        return mine == theirs and self.model_copy(update=varying) == other.model_copy(update=varying)

    def speaks_as(self, older: "Manifest", fingerprint: str) -> bool:
        """Whether conditionals loaded or computed under an older manifest are still valid."""
        if self.files[self.reference_file].sha256 != older.files[older.reference_file].sha256:
            return False
        if self.prompt_seconds != older.prompt_seconds:
            return False
        before, now = older.conditionals_file(fingerprint), self.conditionals_file(fingerprint)
        return before is None or (now is not None and self.files[now] == older.files[before])

    def to_json(self) -> bytes:
        """Return the content of ``voice.json``.

        The default prompt length is left out: older releases refuse fields that they do not know.
        """
        is_usual = self.prompt_seconds == LONGEST_PROMPT_SECONDS
        return self.model_dump_json(indent=2, exclude={"prompt_seconds"} if is_usual else None).encode()

    @property
    def fingerprints(self) -> list[str]:
        """Return the fingerprints whose conditionals are precomputed."""
        stems = (file_stem(file) for file in self.files)
        return [stem.removeprefix(_CONDITIONALS) for stem in stems if stem.startswith(_CONDITIONALS)]

    @property
    def total_bytes(self) -> int:
        """Total size of the voice's files in bytes, without the manifest."""
        return sum(facts.size for facts in self.files.values())


class Voice(BaseModel):
    """A voice as found in a registry.

    A voice without a manifest is a bare clip, put into the directory by hand. It can be spoken; its
    conditionals are computed on first use.
    """

    model_config = ConfigDict(frozen=True)

    voice_id: str
    manifest: Manifest | None
    reference: str
    """Store key of the reference clip."""
    version: str
    """Changes each time the voice is published."""

    def published(self) -> Manifest:
        """Return the manifest; raises ``InvalidRequest`` for a bare clip, which has none."""
        if self.manifest is None:
            raise InvalidRequest(f"{self.voice_id!r} is a bare clip: add it first.", field="voice_id")
        return self.manifest

    @property
    def created_at(self) -> datetime | None:
        """When the voice was added; None for a bare clip."""
        return self.manifest.created_at if self.manifest else None

    @property
    def prompt_seconds(self) -> float:
        """Length of the prompt in the voice's conditionals, in seconds of the clip."""
        return self.manifest.prompt_seconds if self.manifest else LONGEST_PROMPT_SECONDS


def conditionals_stem(fingerprint: str) -> str:
    """Return the file name of a fingerprint's conditionals, without the extension."""
    return f"{_CONDITIONALS}{fingerprint}"


def file_stem(file: str) -> str:
    """Return a file's role in its voice: the name up to the first dot."""
    return file.partition(".")[0]


def check_prompt_seconds(seconds: float) -> float:
    """Return ``seconds`` if it is a valid prompt length, else raise ``InvalidRequest``."""
    if not SHORTEST_PROMPT_SECONDS <= seconds <= LONGEST_PROMPT_SECONDS:
        raise InvalidRequest(
            f"prompt_seconds: use {SHORTEST_PROMPT_SECONDS:g} to {LONGEST_PROMPT_SECONDS:g} s "
            f"of the clip, not {seconds:g}.",
            field="prompt_seconds",
        )
    return seconds


def check_labels(labels: Mapping[str, str]) -> None:
    """Raise ``InvalidRequest`` for too many labels or too long ones."""
    if len(labels) > MOST_LABELS:
        raise InvalidRequest(f"labels: use at most {MOST_LABELS} labels, not {len(labels)}.", field="labels")
    for name, value in labels.items():
        if not 1 <= len(name) <= LONGEST_LABEL_NAME or len(value) > LONGEST_LABEL_VALUE:
            raise InvalidRequest(
                f"labels: use a name of 1 to {LONGEST_LABEL_NAME} characters and a value of at most "
                f"{LONGEST_LABEL_VALUE}; the label {name[:20]!r} has {len(name)} and {len(value)}.",
                field="labels",
            )


def check_voice_id(voice_id: str) -> str:
    """Return ``voice_id`` if it is well-formed, else raise ``InvalidVoiceId``."""
    if not VOICE_ID.fullmatch(voice_id):
        raise InvalidVoiceId(voice_id)
    return voice_id
