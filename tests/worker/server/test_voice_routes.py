"""Voices over HTTP: a clip becomes a voice if uploads are enabled."""

import httpx
import pytest
from clips import beside, resized, silence, without, written
from full_disk import full_disk
from scripted_engine import ScriptedEngine
from served import served

from voices.publication import Publisher
from voices.registry import VoiceRegistry


@pytest.fixture
def open_site(tmp_path):
    with served(ScriptedEngine(), tmp_path / "voices", voice_uploads=True, max_upload_mb=3) as site:
        yield site


@pytest.fixture(scope="module")
def enabled_site(voices_dir):
    with served(ScriptedEngine(), voices_dir, voice_uploads=True) as site:
        yield site


def _upload(site, *audio, **fields):
    files = [("clip", (f"clip-{number}.wav", each, "audio/wav")) for number, each in enumerate(audio, 1)]
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
    again = _upload(open_site, speech.to_flac())
    assert (again.status_code, again.json()["error"]["code"]) == (409, "voice_exists")
    assert "replace=true" in again.json()["error"]["message"]
    assert "--force" not in again.text
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
        ({"audio": b"not audio", "language": "klingon"}, 400, "language"),
        ({"audio": b"not audio", "name": "n" * 201}, 400, "name"),
        ({"audio": b"a" * 4_000_000}, 413, None),
    ]
    for fields, status, field in cases:
        answer = _upload(open_site, fields.pop("audio"), **fields)
        assert (answer.status_code, answer.json()["error"]["field"]) == (status, field), answer.text
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\n'
    endless = iter([part, *[b"a" * 100_000] * 40])
    answer = httpx.post(f"{open_site.url}/voices", headers=headers, content=endless)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    no_form = httpx.post(f"{open_site.url}/voices", json={"voice_id": "eve"})
    assert no_form.status_code == 400
    assert len(httpx.get(f"{open_site.url}/voices").json()["voices"]) == 1


def test_nothing_is_changed_unless_the_deployment_says_so(site, speech):
    assert _upload(site, speech.to_flac()).json()["error"]["code"] == "not_enabled"
    for answer in (
        httpx.delete(f"{site.url}/voices/anna"),
        httpx.patch(f"{site.url}/voices/anna", json={"name": "Eva"}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_enabled")
    listed = httpx.get(f"{site.url}/voices").json()["voices"]
    assert [voice["voice_id"] for voice in listed] == ["default", "anna", "bob"]
    assert listed[2]["error"]["code"] == "voice_corrupt"


def test_a_form_is_read_as_utf_8_alone(enabled_site):
    """A codec that takes quadratic time would hold the event loop for minutes."""
    body = (
        b'--X\r\nContent-Disposition: form-data; name="voice_id"\r\n\r\n' + b"a" * 50_000 + b"-\r\n--X--\r\n"
    )
    for charset, refused in (("punycode", True), ("UTF-8", False), ('"utf-8"', False)):
        kind = f"multipart/form-data; boundary=X; charset={charset}"
        answer = httpx.post(f"{enabled_site.url}/voices", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 400
        assert (answer.json()["error"]["field"] == "Content-Type") is refused


def test_the_charset_of_what_is_no_form_does_not_matter(site):
    kind = {"Content-Type": "text/plain; charset=ISO-8859-1"}
    asked = httpx.post(f"{site.url}/tts/generate", content=b'{"text": "Hello."}', headers=kind)
    assert asked.status_code == 200


def test_only_uploads_may_be_large(site, enabled_site):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert httpx.post(f"{enabled_site.url}/voices", content=b"&" * 2_000_000, headers=form).status_code == 413
    parts = {"Content-Type": "multipart/form-data; boundary=X"}
    assert httpx.post(f"{site.url}/voices", content=b"-" * 2_000_000, headers=parts).status_code == 413


def test_an_upload_without_room_for_it_is_the_servers_fault(enabled_site, speech):
    with full_disk(100_000):
        answer = _upload(enabled_site, speech.to_flac() * 10, voice_id="anna")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "store_failure"
    assert "TMPDIR" in answer.json()["error"]["message"]


def test_all_clips_of_an_upload_are_used(open_site, speech):
    clips = [written(resized(speech, seconds)) for seconds in (7, 8)]
    alone = _upload(open_site, clips[0], voice_id="alone").json()
    both = _upload(open_site, *clips, voice_id="both").json()
    assert both["seconds"] > alone["seconds"] + 3
    refused = _upload(open_site, clips[0], b"not audio", voice_id="half")
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith("clip-2.wav: ")
    many = _upload(open_site, *[b"not audio"] * 11, voice_id="many")
    assert (many.status_code, many.json()["error"]["message"]) == (
        400,
        "Give 1 to 10 clips for a voice, not 11.",
    )


def test_fields_left_empty_are_left_out(open_site, speech):
    added = _upload(open_site, speech.to_flac(), name="", language="", labels="", replace="")
    assert added.status_code == 201, added.text
    assert (added.json()["name"], added.json()["language"], added.json()["labels"]) == ("eve", "en", {})


def test_a_voice_is_looked_at(site):
    told = httpx.get(f"{site.url}/voices/anna").json()
    assert (told["voice_id"], told["name"], told["language"], told["labels"]) == ("anna", "Anna", "en", {})
    assert told["clip"]["seconds"] > 5
    assert told["created_at"].endswith("Z")
    assert httpx.get(f"{site.url}/voices/default").json()["built_in"]
    for voice_id, status, code in (
        ("nobody", 404, "unknown_voice"),
        ("A%20b", 400, "invalid_request"),
        ("..%2Fanna", 404, "not_found"),
        ("bob", 500, "voice_corrupt"),
    ):
        for path in (f"/voices/{voice_id}", f"/voices/{voice_id}/clip"):
            refused = httpx.get(f"{site.url}{path}")
            assert (refused.status_code, refused.json()["error"]["code"]) == (status, code), path
    assert "GET /voices" in httpx.get(f"{site.url}/voices/nobody").json()["error"]["message"]


def test_a_voice_is_changed(open_site, speech):
    _upload(open_site, speech.to_flac(), labels='{"mood": "calm", "age": "old"}')
    url = f"{open_site.url}/voices/eve"
    before = httpx.get(url).json()
    changes = {"name": "Eva", "language": "English (UK)", "labels": {"mood": None, "accent": "Leeds"}}
    told = httpx.patch(url, json=changes).json()
    assert told == httpx.get(url).json()
    assert told == {
        **before,
        "name": "Eva",
        "language": "en-GB",
        "labels": {"age": "old", "accent": "Leeds"},
    }
    assert httpx.patch(url, json={"name": None, "labels": None}).json() == told, "null is left out"
    spoken = httpx.post(f"{open_site.url}/tts/generate", json={"text": "Hello.", "voice_id": "eve"})
    assert spoken.status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "a" * 201}, "name"),
        ({"language": "klingon"}, "language"),
        ({"language": ["en"]}, "language"),
        ({"labels": []}, "labels"),
        ({"labels": "calm"}, "labels"),
        ({"labels": {"mood": 7}}, "labels"),
        ({"voice_id": "eva"}, "voice_id"),
        ({"clip": "x"}, "clip"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(enabled_site, changes, field):
    url = f"{enabled_site.url}/voices/anna"
    before = httpx.get(url).json()
    refused = httpx.patch(url, json={"labels": {"mood": "calm"}, "name": "Anne", **changes})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field), refused.text
    assert httpx.get(url).json() == before


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/voices/anna"), ("POST", "/v1/audio/speech")])
def test_a_field_whose_name_is_not_unicode_is_refused(enabled_site, method, path):
    refused = httpx.request(method, f"{enabled_site.url}{path}", content=b'{"\\ud800": 1, "input": "Hi."}')
    assert (refused.status_code, "There is no field" in refused.text) == (400, True)


def test_voices_that_cannot_be_changed(enabled_site):
    for voice_id, status, code in (
        ("nobody", 404, "unknown_voice"),
        ("default", 400, "invalid_request"),
        ("A%20b", 400, "invalid_request"),
        ("bob", 500, "voice_corrupt"),
    ):
        refused = httpx.patch(f"{enabled_site.url}/voices/{voice_id}", json={"name": "Eva"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)


def test_a_clip_can_be_heard_whole_and_in_part(site, prepared):
    url = f"{site.url}/voices/anna/clip"
    whole = httpx.get(url)
    assert whole.headers["content-type"] == "audio/flac"
    assert whole.content == prepared.clip.to_flac()
    part = httpx.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert httpx.get(url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
    assert httpx.get(f"{site.url}/voices/default/clip").json()["error"]["code"] == "not_found"


def test_a_bare_clip_is_answered_as_it_is(tmp_path, speech):
    (tmp_path / "carl.flac").write_bytes(speech.to_flac())
    with served(ScriptedEngine(), tmp_path, voice_uploads=True) as site:
        clip = httpx.get(f"{site.url}/voices/carl/clip")
        assert (clip.headers["content-type"], clip.content) == ("audio/flac", speech.to_flac())
        assert httpx.get(f"{site.url}/voices/carl").json() == {"voice_id": "carl", "precomputed": False}
        refused = httpx.patch(f"{site.url}/voices/carl", json={"name": "Carl"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, "voice_id")


def test_a_clip_that_is_damaged_is_not_passed_on(tmp_path, prepared):
    Publisher(VoiceRegistry.at(tmp_path)).add("anna", prepared)
    (tmp_path / "anna" / "reference.flac").write_bytes(b"damaged")
    with served(ScriptedEngine(), tmp_path) as site:
        assert httpx.get(f"{site.url}/voices/anna/clip").json()["error"]["code"] == "voice_corrupt"
