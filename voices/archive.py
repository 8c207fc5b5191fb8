"""Archives: one voice in a tar file, for backup or transfer."""

import io
import tarfile
from pathlib import Path

from typing_extensions import override

from voices.clips.untrusted import decode_untrusted
from voices.errors import InvalidClip, InvalidRequest, StoreFailure, VoiceCorrupt
from voices.registry import VoiceRegistry
from voices.stores.store import MOST_BYTES, FileTooLarge, Store, key_parts
from voices.voice import VOICE_ID, Voice
from voices.whole_file import WholeFile

MAX_ARCHIVE_BYTES = 256 * 1024 * 1024
"""Upper bound of an import; a voice takes about a megabyte."""


def write_archive(registry: VoiceRegistry, voice: Voice, path: Path) -> None:
    """Verify a voice's files and write them to a tar file; raises ``VoiceCorrupt``, ``InvalidRequest``."""
    manifest = voice.published()
    contents = {file: registry.read(voice, f"{voice.voice_id}/{file}") for file in manifest.files}
    contents["voice.json"] = manifest.to_json()
    try:
        with WholeFile(path) as whole, tarfile.open(fileobj=whole.file, mode="w") as archive:
            for file, content in contents.items():
                entry = tarfile.TarInfo(f"{voice.voice_id}/{file}")
                entry.size, entry.mode = len(content), 0o644
                entry.mtime = manifest.created_at.timestamp()
                archive.addfile(entry, io.BytesIO(content))
    except OSError as error:
        raise StoreFailure(f"Could not write {path}: {error.strerror or error}.") from error


def read_archive(path: Path) -> tuple[VoiceRegistry, Voice]:
    """Read a tar file's only voice, and return it in an in-memory registry.

    The archive is untrusted: nothing is unpacked to disk, and a subprocess decodes the clip. Raises
    ``InvalidRequest`` unless the file is an exported voice, and ``VoiceCorrupt`` if the voice is damaged.
    """
    contents = _read_members(path)
    folders = {key.partition("/")[0] for key in contents}
    if len(folders) != 1 or not VOICE_ID.fullmatch(voice_id := folders.pop()):
        raise InvalidRequest(f"{path} does not hold exactly one voice.", field="file")
    registry = VoiceRegistry(_ArchiveStore(path, contents))
    voice = registry.get(voice_id)
    _check_clip(registry, voice)
    return registry, voice


def _check_clip(registry: VoiceRegistry, voice: Voice) -> None:
    data = registry.read(voice, voice.reference)
    try:
        decode_untrusted(data)
    except InvalidClip as error:
        raise VoiceCorrupt(voice.voice_id, f"{voice.reference}: {error.message}") from error
    registry.decoded(voice, data)


def _read_members(path: Path) -> dict[str, bytes]:
    """Read an untrusted archive's regular files, up to ``MAX_ARCHIVE_BYTES``."""
    contents: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(path, "r:") as archive:
            for entry in archive:
                total += entry.size
                if not entry.isreg() or total > MAX_ARCHIVE_BYTES:
                    raise InvalidRequest(f"{path} is not an exported voice.", field="file")
                key_parts(entry.name)
                file = archive.extractfile(entry)
                contents[entry.name] = file.read() if file else b""
    except FileNotFoundError as error:
        raise InvalidRequest(f"There is no file {path}.", field="file") from error
    except (tarfile.TarError, OSError, ValueError) as error:
        raise InvalidRequest(f"{path} is not an exported voice.", field="file") from error
    return contents


class _ArchiveStore(Store):
    """An archive's files in memory, read-only."""

    parallel = 1

    def __init__(self, path: Path, contents: dict[str, bytes]) -> None:
        self._path = path
        self._contents = contents

    def __str__(self) -> str:
        return str(self._path)

    @override
    def names(self) -> list[str]:
        return sorted({key.partition("/")[0] for key in self._contents})

    @override
    def files(self, folder: str) -> list[str]:
        return sorted(key.partition("/")[2] for key in self._contents if key.startswith(f"{folder}/"))

    @override
    def version(self, key: str) -> str | None:
        return "archived" if key in self._contents else None

    @override
    def read(self, key: str, most: int = MOST_BYTES) -> bytes:
        if key not in self._contents:
            raise FileNotFoundError(key)
        if len(self._contents[key]) > most:
            raise FileTooLarge
        return self._contents[key]

    @override
    def write(self, key: str, data: bytes) -> None:
        raise StoreFailure(f"{self._path} is a read-only archive: import it first.")

    @override
    def delete(self, key: str) -> None:
        raise StoreFailure(f"{self._path} is a read-only archive: import it first.")

    @override
    def prune(self, folder: str) -> None:
        """Do nothing."""
