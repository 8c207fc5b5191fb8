"""The commands beyond add, list, show and delete; on directories."""

import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from local_runpod.local_endpoint import LocalEndpoint
from voices import file_names
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from voices_cli.app import app
from worker.audio import formats

pytestmark = pytest.mark.process


class PlainServer(ThreadingHTTPServer):
    """Answers everything with one status, and one object."""

    def __init__(self, status: int, answer: dict[str, str] | None = None) -> None:
        body = json.dumps(answer).encode() if answer else b""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server_port}"

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture
def voices(tmp_path, monkeypatch):
    """Run the command on a directory of its own."""
    monkeypatch.setenv("VOICES_DIR", str(tmp_path / "voices"))
    monkeypatch.setenv("ENGINE", "preview")
    monkeypatch.delenv("VOICES_TARGETS", raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def here(tmp_path, prepared):
    """The registry of this machine, with the voices anna and bob."""
    registry = VoiceRegistry.at(tmp_path / "voices")
    for voice_id in ("anna", "bob"):
        Publisher(registry).add(voice_id, prepared)
    return registry


def _json(result):
    return json.loads(result.stdout)


class TestVia:
    @pytest.mark.parametrize("command", ["add", "say"])
    def test_without_a_key_or_an_endpoint_nothing_is_done(
        self, voices, clip_file, tmp_path, monkeypatch, command
    ):
        monkeypatch.delenv("RUNPOD_API_KEY", raising=False)
        arguments = [clip_file] if command == "add" else ["Hello.", "--out", tmp_path / "a.wav"]
        refused = voices(command, "anna", *arguments, "--via", "abc123", "--json")
        assert (refused.exit_code, _json(refused)["error"]["field"]) == (5, "via")
        with PlainServer(404) as url:
            refused = voices(command, "anna", *arguments, "--via", f"{url}/v2/abc123", "--json")
        assert (refused.exit_code, _json(refused)["error"]["code"]) == (9, "endpoint_failure")
        refused = voices(command, "anna", *arguments, "--via", f"{url}/v2/abc123", "--json")
        assert url.removeprefix("http://") in _json(refused)["error"]["message"]  # nobody listens there now
        with PlainServer(200, {"status": "ready"}) as url:  # as our HTTP server tells of itself
            refused = voices(command, "anna", *arguments, "--via", url, "--json")
        assert (refused.exit_code, _json(refused)["error"]["field"]) == (5, "via")
        assert not (tmp_path / "voices").exists()
        assert not (tmp_path / "a.wav").exists()


class TestOut:
    @pytest.mark.parametrize(("name", "magic"), [("a.ogg", b"OggS"), ("a.OPUS", b"OggS"), ("a", b"RIFF")])
    def test_the_ending_is_the_format(self, voices, here, tmp_path, name, magic):
        assert voices("say", "anna", "Hello.", "--out", tmp_path / name).exit_code == 0
        assert (tmp_path / name).read_bytes()[:4] == magic

    def test_an_ending_that_is_no_format_is_refused_with_those_that_are(self, voices, here, tmp_path):
        refused = voices("say", "anna", "Hello.", "--out", tmp_path / "a.doc", "--json")
        assert refused.exit_code == 5
        assert ".doc is not a supported audio format" in _json(refused)["error"]["message"]
        assert ".ogg" in _json(refused)["error"]["message"]

    def test_every_format_of_a_request_has_an_ending_and_every_ending_a_format(self):
        assert set(file_names.FORMATS.values()) == set(formats.FORMATS)

    def test_a_place_that_cannot_be_written_is_told_first(self, voices, here, tmp_path):
        for command in (
            ("say", "anna", "Hello.", "--out", tmp_path / "no" / "a.wav"),
            ("export", "anna", tmp_path / "no" / "anna.tar"),
            ("export", "anna", tmp_path),
            ("check", here.store.root / "anna" / "reference.flac", "--plot", tmp_path / "no" / "a.png"),
        ):
            refused = voices(*command, "--json")
            assert (refused.exit_code, _json(refused)["error"]["code"]) == (7, "store_failure"), command


class TestAddAll:
    def test_warnings_are_told(self, voices, speech, tmp_path):
        (tmp_path / "clips").mkdir()
        whole = speech.to_flac()
        (tmp_path / "clips" / "anna.flac").write_bytes(whole[: len(whole) * 9 // 10])
        added = voices("add-all", tmp_path / "clips", "--no-precompute", "--json")
        (anna,) = _json(added)["added"]
        assert "It is damaged or cut short" in anna["warnings"][0]


class TestEdit:
    def test_name_language_and_labels_change_on_every_target(self, voices, here, prepared, tmp_path):
        other = VoiceRegistry.at(tmp_path / "other")
        Publisher(other).add("anna", prepared, labels={"mood": "calm", "age": "40"})
        before = other.get("anna").manifest
        options = ["-t", here.store.root, "-t", tmp_path / "other"]
        chosen = ["--name", "Anna B.", "--language", "pt-BR", "--label", "mood=loud", "--no-label", "age"]
        edited = voices("edit", "anna", *chosen, *options, "--json")
        assert edited.exit_code == 0, edited.output
        for told, registry in zip(_json(edited), (here, other), strict=True):
            manifest = registry.get("anna").manifest
            assert (manifest.name, manifest.language) == ("Anna B.", "pt-BR")
            assert manifest.labels == told["result"]["labels"] == {"mood": "loud"}
        assert manifest.files == before.files

    def test_it_tells_what_the_voice_is_now(self, voices, here):
        edited = voices("edit", "anna", "--name", "Anna B.", "--label", "motto=a=b")
        assert edited.exit_code == 0, edited.output
        assert "anna: Anna B. (en)" in edited.stdout
        assert "motto=a=b" in edited.stdout

    @pytest.mark.parametrize(
        "options",
        [[], ["--label", "mood"], ["--label", "=calm"], ["--label", "mood=calm", "--no-label", "mood"]],
    )
    def test_a_command_line_that_makes_no_sense_changes_nothing(self, voices, here, options):
        before = here.get("anna")
        assert voices("edit", "anna", *options).exit_code == 2
        assert here.get("anna") == before

    def test_a_voice_that_is_not_there_and_a_value_that_cannot_be_are_refused(self, voices, here):
        assert voices("edit", "nobody", "--name", "N").exit_code == 4
        refused = voices("edit", "anna", "--language", "klingon", "--json")
        assert (refused.exit_code, _json(refused)["error"]["field"]) == (5, "language")


class TestTargets:
    def test_a_voice_goes_to_every_target(self, voices, clip_file, tmp_path):
        targets = [tmp_path / "one", tmp_path / "two"]
        options = [part for target in targets for part in ("-t", target)]
        added = voices("add", "anna", clip_file, *options, "--json")
        assert added.exit_code == 0, added.output
        assert [each["target"] for each in _json(added)] == [str(target) for target in targets]
        for target in targets:
            assert VoiceRegistry.at(target).ids() == ["anna"]
        assert voices("delete", "anna", "--yes", *options).exit_code == 0
        for target in targets:
            assert VoiceRegistry.at(target).ids() == []

    def test_a_target_that_fails_does_not_stop_the_others(self, voices, clip_file, tmp_path):
        blocked = tmp_path / "blocked"
        blocked.write_text("a file where a directory should be")
        options = ["-t", blocked, "-t", tmp_path / "fine"]
        added = voices("add", "anna", clip_file, *options, "--json")
        assert added.exit_code == 7
        failed, fine = _json(added)
        assert failed["error"]["code"] == "store_failure"
        assert fine["result"]["voice_id"] == "anna"

    def test_targets_can_come_from_the_environment(self, voices, clip_file, tmp_path, monkeypatch):
        monkeypatch.setenv("VOICES_TARGETS", f"{tmp_path / 'one'} {tmp_path / 'two'}")
        voices("add", "anna", clip_file)
        listed = _json(voices("list", "--json"))
        assert [each["result"][0]["voice_id"] for each in listed] == ["anna", "anna"]

    @pytest.mark.parametrize("target", ["s3://", "http://x/y", "s3://volume/voices?datacenter=nowhere"])
    def test_a_target_that_is_none_is_refused(self, voices, target):
        refused = voices("list", "-t", target, "--json")
        assert refused.exit_code == 5
        assert _json(refused)["error"]["field"] == "target"


class TestAdd:
    def test_a_dry_run_writes_nothing(self, voices, clip_file, tmp_path):
        planned = voices("add", "anna", clip_file, "--dry-run", "--json")
        assert planned.exit_code == 0
        assert _json(planned)["fingerprints"] == ["preview-1"]
        assert "would add anna" in voices("add", "anna", clip_file, "--dry-run").stdout
        assert not (tmp_path / "voices").exists()

    def test_a_dry_run_refuses_what_would_be_refused(self, voices, clip_file, here):
        assert voices("add", "anna", clip_file, "--dry-run").exit_code == 3

    @pytest.mark.parametrize(("option", "value"), [("--language", "klingon"), ("--name", "n" * 201)])
    def test_what_no_clip_could_mend_is_refused_before_the_clip_is_read(
        self, voices, here, tmp_path, option, value
    ):
        broken = tmp_path / "broken.wav"
        broken.write_bytes(b"x" * 100)
        refused = voices("add", "eve", broken, option, value, "--json")
        assert refused.exit_code == 5
        assert _json(refused)["error"]["field"] == option.removeprefix("--")
        added = voices("add-all", tmp_path, option, value, "--json") if option == "--language" else None
        assert added is None or _json(added)["failed"][0]["error"]["field"] == "language"

    def test_a_directory_is_added_and_a_bad_clip_does_not_stop_it(self, voices, clip_file, tmp_path):
        folder = tmp_path / "clips"
        folder.mkdir()
        for name in ("Anna Berg.flac", "bob.flac"):
            (folder / name).write_bytes(clip_file.read_bytes())
        (folder / "broken.wav").write_bytes(b"x" * 100)
        (folder / "notes.txt").write_text("not a clip")
        (folder / "!!!.flac").write_bytes(clip_file.read_bytes())
        added = voices("add-all", folder, "--json")
        assert added.exit_code == 1
        summary = _json(added)
        assert [each["voice_id"] for each in summary["added"]] == ["anna-berg", "bob"]
        assert len(summary["failed"]) == 2
        names = {voice["voice_id"]: voice["name"] for voice in _json(voices("list", "--json"))}
        assert names == {"anna-berg": "Anna Berg", "bob": "bob"}
        again = voices("add-all", folder)
        assert again.exit_code == 1
        assert "0 added, 4 failed" in again.stdout
        assert "2 added" in voices("add-all", folder, "--force").stdout

    def test_a_directory_that_is_none_is_refused(self, voices, tmp_path):
        assert voices("add-all", tmp_path / "nowhere").exit_code == 5


class TestPromptLength:
    def test_it_is_kept_in_the_manifest_and_shown(self, voices, clip_file, tmp_path):
        added = voices("add", "anna", clip_file, "--prompt-seconds", "4.5", "--json")
        assert added.exit_code == 0, added.output
        assert _json(added)["prompt_seconds"] == 4.5
        assert VoiceRegistry.at(tmp_path / "voices").get("anna").manifest.prompt_seconds == 4.5
        assert "at most 4.5 s of it" in voices("show", "anna").stdout
        voices("rename", "anna", "eva")
        voices("export", "eva", tmp_path / "eva.tar")
        voices("import", tmp_path / "eva.tar", "--as", "iva")
        assert _json(voices("show", "iva", "--json"))["prompt_seconds"] == 4.5

    def test_a_directory_of_clips_has_one_for_all(self, voices, clip_file, tmp_path):
        folder = tmp_path / "clips"
        folder.mkdir()
        for name in ("anna.flac", "bob.flac"):
            (folder / name).write_bytes(clip_file.read_bytes())
        assert voices("add-all", folder, "--prompt-seconds", 3).exit_code == 0
        assert [each["prompt_seconds"] for each in _json(voices("list", "--json"))] == [3, 3]

    @pytest.mark.parametrize("seconds", ["0.9", "11", "nan"])
    @pytest.mark.parametrize("command", [("add", "eva"), ("add-all",), ("refresh", "anna")])
    def test_what_cannot_be_is_refused_before_anything_is_done(
        self, voices, here, clip_file, command, seconds
    ):
        place = {"add": [clip_file], "add-all": [clip_file.parent], "refresh": []}[command[0]]
        refused = voices(*command, *place, "--prompt-seconds", seconds, "--json")
        assert refused.exit_code == 5
        assert _json(refused)["error"]["field"] == "prompt_seconds"
        assert "1 to 10 s" in _json(refused)["error"]["message"]
        assert here.ids() == ["anna", "bob"]
        assert here.get("anna").manifest.fingerprints == []

    def test_refresh_changes_it_and_computes_anew_only_where_it_differs(self, voices, here, clip_file):
        voices("add", "eva", clip_file, "--prompt-seconds", 5)
        refreshed = voices("refresh", "--prompt-seconds", 5, "--json")
        assert refreshed.exit_code == 0
        outcomes = {row["voice_id"]: row["outcome"] for row in _json(refreshed)}
        changed = "computed with a prompt of 5 s instead of 10 s"
        assert outcomes == {"anna": changed, "bob": changed, "eva": "up to date"}
        for voice_id in here.ids():
            assert here.get(voice_id).manifest.prompt_seconds == 5
            here.check(here.get(voice_id))
        assert "anna: up to date" in voices("refresh", "anna").stdout
        assert here.get("anna").manifest.prompt_seconds == 5

    def test_refresh_back_to_the_usual_one_leaves_a_manifest_as_of_old(self, voices, here):
        path = here.store.root / "anna" / "voice.json"
        old = set(json.loads(path.read_text()))
        voices("refresh", "anna", "--prompt-seconds", 5)
        assert set(json.loads(path.read_text())) == old | {"prompt_seconds"}
        voices("refresh", "anna", "--prompt-seconds", 10)
        assert set(json.loads(path.read_text())) == old


class TestVerify:
    def test_sound_voices_pass(self, voices, here):
        checked = voices("verify")
        assert checked.exit_code == 0
        assert "all files match" in checked.stdout

    def test_damage_is_told_and_mended_on_request(self, voices, here):
        (here.store.root / "anna" / "reference.flac").write_bytes(b"x")
        (here.store.root / "bob" / "left.over").write_bytes(b"x")
        told = voices("verify", "--json")
        assert told.exit_code == 1
        assert {each["problem"] for each in _json(told)} == {"damaged_reference", "leftover_file"}
        assert voices("verify", "bob").exit_code == 1
        mended = voices("verify", "--repair")
        assert mended.exit_code == 0
        assert "add it again" in mended.stdout
        assert here.ids() == ["bob"]
        assert voices("verify").exit_code == 0


class TestChange:
    def test_rename(self, voices, here):
        assert voices("rename", "anna", "eva").exit_code == 0
        assert here.ids() == ["bob", "eva"]
        assert voices("rename", "eva", "bob").exit_code == 3
        assert voices("rename", "anna", "carl").exit_code == 4

    def test_refresh_computes_what_is_missing_and_prunes_on_request(self, voices, here):
        refreshed = voices("refresh", "--json")
        assert refreshed.exit_code == 0
        assert [row["outcome"] for row in _json(refreshed)] == ["computed", "computed"]
        assert here.get("anna").manifest.fingerprints == ["preview-1"]
        assert "anna: up to date" in voices("refresh", "anna").stdout

    def test_refresh_keeps_what_other_workers_need(self, voices, here, prepared):
        import numpy as np

        from voices.conditionals import Conditionals

        old = Conditionals("engine-0", {"a": np.zeros(1, np.float32)})
        Publisher(here).add("anna", prepared, [old], replace=True)
        voices("refresh", "anna")
        assert here.get("anna").manifest.fingerprints == ["engine-0", "preview-1"]
        voices("refresh", "anna", "--prune")
        assert here.get("anna").manifest.fingerprints == ["preview-1"]

    def test_refresh_goes_on_after_a_damaged_voice(self, voices, here):
        (here.store.root / "anna" / "reference.flac").write_bytes(b"x")
        refreshed = voices("refresh")
        assert refreshed.exit_code == 1
        assert "anna: failed" in refreshed.stdout
        assert "bob: computed" in refreshed.stdout


class TestExchange:
    def test_push_and_pull(self, voices, here, tmp_path):
        there = tmp_path / "there"
        assert [row["outcome"] for row in _json(voices("push", "-t", there, "--json"))] == ["copied"] * 2
        again = voices("push", "anna", "-t", there)
        assert "anna: unchanged" in again.stdout
        back = tmp_path / "back"
        assert voices("pull", "bob", "-t", there, "--to", back).exit_code == 0
        assert VoiceRegistry.at(back).ids() == ["bob"]

    def test_push_never_replaces_another_voice_unforced(self, voices, here, tmp_path, prepared):
        there = VoiceRegistry.at(tmp_path / "there")
        Publisher(there).add("anna", prepared, name="another Anna")
        assert voices("push", "anna", "-t", there.store.root).exit_code == 3
        assert there.get("anna").manifest.name == "another Anna"
        assert voices("push", "anna", "-t", there.store.root, "--force").exit_code == 0
        assert there.get("anna").manifest.name == "anna"

    def test_export_and_import(self, voices, here, tmp_path):
        file = tmp_path / "anna.tar"
        assert voices("export", "anna", file).exit_code == 0
        assert voices("import", file, "-t", tmp_path / "there").exit_code == 0
        assert voices("import", file).exit_code == 3
        assert voices("import", file, "--as", "eva").exit_code == 0
        here.check(here.get("eva"))
        there = VoiceRegistry.at(tmp_path / "there")
        assert there.get("anna").manifest.files == here.get("anna").manifest.files

    @pytest.mark.parametrize("member", ["../evil/voice.json", "/etc/voice.json", "a/b/c", "anna/../x"])
    def test_an_archive_cannot_reach_outside(self, voices, tmp_path, member):
        file = tmp_path / "evil.tar"
        with tarfile.open(file, "w") as archive:
            archive.addfile(tarfile.TarInfo(member))
        refused = voices("import", file)
        assert refused.exit_code == 5
        assert not (tmp_path / "voices").exists()

    def test_what_is_no_archive_is_refused(self, voices, tmp_path, clip_file):
        assert voices("import", clip_file).exit_code == 5
        assert voices("import", tmp_path / "nowhere.tar").exit_code == 5

    def test_a_damaged_archive_is_refused(self, voices, here, tmp_path):
        file = tmp_path / "anna.tar"
        voices("export", "anna", file)
        damaged = bytearray(file.read_bytes())
        damaged[2000] ^= 1
        file.write_bytes(damaged)
        assert voices("import", file, "--as", "eva").exit_code in {5, 6}
        assert here.ids() == ["anna", "bob"]


class TestSay:
    def test_speaks_here(self, voices, here, tmp_path):
        said = voices("say", "anna", "Hello.", "--out", tmp_path / "hello.mp3", "--json")
        assert said.exit_code == 0, said.output
        assert _json(said)["engine"] == "preview"
        assert (tmp_path / "hello.mp3").stat().st_size > 1000
        assert voices("say", "eve", "--out", tmp_path / "x.wav").exit_code == 4

    def test_speaks_and_prepares_through_an_endpoint(self, voices, here, tmp_path, clip_file):
        env = {"ENGINE": "preview", "VOICES_DIR": str(here.store.root)}
        with LocalEndpoint(env=env) as endpoint:
            endpoint.wait_until_ready()
            added = voices("add", "eva", clip_file, "--via", endpoint.url)
            assert added.exit_code == 0, added.output
            assert here.get("eva").manifest.fingerprints == ["preview-1"]
            assert "on its volume" in added.stderr
            out = tmp_path / "hello.wav"
            assert voices("say", "eva", "--via", endpoint.url, "--out", out).exit_code == 0
            unknown = voices("say", "eve", "--via", endpoint.url, "--out", out, "--json")
            assert unknown.exit_code == 9
            assert "no voice 'eve'" in _json(unknown)["error"]["message"]
        gone = voices("say", "eva", "--via", endpoint.url, "--out", out)
        assert gone.exit_code == 9

    def test_an_endpoint_on_runpod_needs_a_key(self, voices, here, monkeypatch):
        monkeypatch.delenv("RUNPOD_API_KEY", raising=False)
        refused = voices("say", "anna", "--via", "abc123")
        assert refused.exit_code == 5
        assert "RUNPOD_API_KEY" in refused.stderr
