"""Voices over HTTP: a clip becomes one, where that is allowed."""

import httpx
import pytest
from clips import beside, resized, silence, without, written
from scripted_engine import ScriptedEngine
from served import served


@pytest.fixture
def open_site(tmp_path):
    with served(ScriptedEngine(), tmp_path / "voices", voice_uploads=True, max_upload_mb=3) as site:
        yield site


def _upload(site, audio, **fields):
    files = {"clip": ("clip.wav", audio, "audio/wav")}
    return httpx.post(f"{site.url}/voices", data={"voice_id": "eve", **fields}, files=files, timeout=60)


def test_a_clip_becomes_a_voice_that_is_listed_spoken_and_deleted(open_site, speech):
    added = _upload(open_site, speech.to_flac(), name="Eve", labels='{"mood": "calm"}')
    assert added.status_code == 201, added.text
    told = added.json()
    assert (told["voice_id"], told["name"], told["labels"]) == ("eve", "Eve", {"mood": "calm"})
    assert told["seconds"] > 5
    listed = httpx.get(f"{open_site.url}/voices").json()["voices"]
    assert [voice["voice_id"] for voice in listed] == ["default", "eve"]
    assert listed[1]["precomputed"], "the engine has computed what it needs"
    spoken = httpx.post(f"{open_site.url}/tts/generate", json={"text": "Hello.", "voice_id": "eve"})
    assert spoken.headers["x-voice-id"] == "eve"
    assert _upload(open_site, speech.to_flac()).json()["error"]["code"] == "voice_exists"
    assert _upload(open_site, speech.to_flac(), replace="true").status_code == 201
    assert httpx.delete(f"{open_site.url}/voices/eve").status_code == 204
    assert httpx.delete(f"{open_site.url}/voices/eve").status_code == 404
    gone = httpx.post(f"{open_site.url}/tts/generate", json={"text": "Hello.", "voice_id": "eve"})
    assert gone.status_code == 404


def test_a_damaged_clip_with_a_cover_is_taken_with_a_warning(open_site, speech):
    clip = beside(resized(speech, 14), "mp3", "libmp3lame", cover=True)
    added = _upload(open_site, without(clip, 0.5, 0.05))
    assert added.status_code == 201, added.text
    (warning,) = added.json()["warnings"]
    assert "s of 14.0 s are missing" in warning


def test_what_makes_no_voice_is_refused_and_leaves_nothing(open_site, speech):
    short = written(resized(speech, 2))
    cases = [
        ({"audio": b"not audio"}, 400, "clip"),
        ({"audio": b""}, 400, "clip"),
        ({"audio": written(silence(6))}, 400, "clip"),
        ({"audio": short}, 400, "clip"),
        ({"audio": short, "voice_id": "../eve"}, 400, "voice_id"),
        ({"audio": short, "voice_id": "default"}, 400, "voice_id"),
        ({"audio": short, "labels": "[]"}, 400, "labels"),
        ({"audio": short, "replace": "perhaps"}, 400, "replace"),
        ({"audio": b"a" * 4_000_000}, 413, None),
    ]
    for fields, status, field in cases:
        answer = _upload(open_site, **fields)
        assert (answer.status_code, answer.json()["error"]["field"]) == (status, field), answer.text
    no_form = httpx.post(f"{open_site.url}/voices", json={"voice_id": "eve"})
    assert no_form.status_code == 400
    assert len(httpx.get(f"{open_site.url}/voices").json()["voices"]) == 1


def test_nothing_is_changed_unless_the_deployment_says_so(site, speech):
    assert _upload(site, speech.to_flac()).json()["error"]["code"] == "not_enabled"
    answer = httpx.delete(f"{site.url}/voices/anna")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_enabled")
    listed = httpx.get(f"{site.url}/voices").json()["voices"]
    assert [voice["voice_id"] for voice in listed] == ["default", "anna", "bob"]
    assert listed[2]["error"]["code"] == "voice_corrupt"
