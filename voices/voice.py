"""What a voice is: its id, and the manifest that makes it exist."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from voices.errors import InvalidVoiceId

VOICE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
DEFAULT_VOICE_ID = "default"
"""The engine's built-in voice; nothing can be published under it."""

MANIFEST_FILE = "voice.json"
REFERENCE_FILE = "reference.flac"

VoiceId = Annotated[str, Field(pattern=rf"^{VOICE_ID.pattern}$")]
FileName = Annotated[
    str, Field(pattern=r"^(reference\.flac|conditionals-[a-z0-9][a-z0-9-]{0,63}\.safetensors)$")
]
"""A manifest names the files of its own voice, and can name no other."""


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileFacts(_Facts):
    """What a file must be for its voice to be sound."""

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
    """Estimated: the level of speech over the level of the pauses."""


class Manifest(_Facts):
    """``voice.json``: written last and removed first, so a voice exists exactly when this does."""

    schema_version: Literal[1] = 1
    voice_id: VoiceId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    labels: dict[str, str] = Field(default_factory=dict)
    created_at: AwareDatetime
    clip: ClipFacts
    files: dict[FileName, FileFacts]

    @property
    def fingerprints(self) -> list[str]:
        """Return the fingerprints whose conditionals are precomputed."""
        prefix, suffix = "conditionals-", ".safetensors"
        return [
            file.removeprefix(prefix).removesuffix(suffix) for file in self.files if file.startswith(prefix)
        ]

    @property
    def total_bytes(self) -> int:
        """Size of all its files, the manifest aside."""
        return sum(facts.size for facts in self.files.values())


class Voice(BaseModel):
    """A voice as found in a registry.

    Without a manifest it is a bare clip that someone dropped into the directory: spoken all the
    same, its conditionals computed on first use.
    """

    model_config = ConfigDict(frozen=True)

    voice_id: str
    manifest: Manifest | None
    reference: str
    """Store key of the reference clip."""
    version: str
    """Changes whenever the voice is published anew."""

    @property
    def created_at(self) -> datetime | None:
        """When it was published; unknown for a bare clip."""
        return self.manifest.created_at if self.manifest else None


def check_voice_id(voice_id: str) -> str:
    """Return ``voice_id`` if it can name a published voice, else raise ``InvalidVoiceId``."""
    if not VOICE_ID.fullmatch(voice_id):
        raise InvalidVoiceId(voice_id)
    return voice_id
