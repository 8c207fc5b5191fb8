"""Single checks, over directories and ports made for them."""

import socket

import pytest

from voices.publication import Publisher
from worker.doctor.configuration import check_settings
from worker.doctor.finding import Level, Subject
from worker.doctor.ports import check_ports
from worker.doctor.self_test import judge
from worker.doctor.storage import check_results
from worker.doctor.voices import check_aliases, check_voices
from worker.engine.chatterbox.fingerprint import encoders_fingerprint
from worker.engine.checkpoint import REQUIRED_FILES
from worker.server.settings import ServerSettings
from worker.settings import Settings


def _examine(check, server=None, **settings):
    return list(check(Subject(Settings(**settings), ServerSettings(**(server or {"port": 0})), {})))


@pytest.fixture
def checkpoint(tmp_path):
    """Files of the right names; what is in them matters to their fingerprint alone."""
    directory = tmp_path / "weights"
    directory.mkdir()
    for name in REQUIRED_FILES:
        (directory / name).write_bytes(name.encode() * 2000)
    return directory


def test_a_link_without_its_volume_is_told(tmp_path):
    link = tmp_path / "voices"
    link.symlink_to(tmp_path / "volume" / "voices")
    (found,) = _examine(check_voices, engine="preview", voices_dir=(link,))
    assert (found.level, "volume" in found.detail) == (Level.WARNING, True)
    assert "network volume" in found.remedy


def test_a_damaged_voice_is_a_fault_by_its_name(registry, prepared):
    Publisher(registry).add("anna", prepared)
    registry.store.write("bob/voice.json", b"{")
    count, damaged = _examine(check_voices, engine="preview", voices_dir=(registry.store.root,))
    assert count.detail.endswith(": 2")
    assert (damaged.level, damaged.detail.endswith(": bob")) == (Level.FAULT, True)


def test_voices_without_this_engines_conditionals_are_told(registry, prepared, checkpoint):
    Publisher(registry).add("anna", prepared)
    settings = {"engine": "chatterbox-turbo", "model_dir": checkpoint, "voices_dir": (registry.store.root,)}
    _, found = _examine(check_voices, **settings)
    assert found.level == Level.WARNING
    assert "anna" in found.detail
    assert encoders_fingerprint("chatterbox-turbo", checkpoint) in found.detail


def test_aliases_that_lead_nowhere_or_hide_a_voice_are_told(registry, prepared):
    Publisher(registry).add("anna", prepared)

    def examine(aliases):
        return _examine(
            check_aliases, engine="preview", voices_dir=(registry.store.root,), voice_aliases=aliases
        )

    assert examine({}) == []
    (found,) = examine({"alloy": "anna", "nova": "default"})
    assert (found.level, found.detail) == (Level.OK, "alloy=anna, nova=default")
    nowhere, hidden = examine({"alloy": "bella", "anna": "default"})
    assert (nowhere.level, hidden.level) == (Level.WARNING, Level.WARNING)
    assert "no such voice yet" in nowhere.detail
    assert "out of reach" in hidden.detail


def test_a_port_that_is_taken_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (found,) = _examine(check_ports, server={"port": port})
    assert (found.level, "PORT" in found.remedy) == (Level.WARNING, True)
    assert f"127.0.0.1:{port}" in found.detail


def test_where_large_results_go_is_told(tmp_path):
    (found,) = _examine(check_results, results_dir=tmp_path / "results")
    assert found.detail == f"go to {tmp_path / 'results'}"
    (found,) = _examine(check_results, results_dir=None, bucket_endpoint_url="https://s3.example.com")
    assert (found.level, "BUCKET_ACCESS_KEY_ID" in found.detail) == (Level.FAULT, True)


@pytest.mark.parametrize(
    ("changed", "level"), [({}, Level.OK), ({"rtf": 1.7}, Level.WARNING), ({"peak": 0.0}, Level.FAULT)]
)
def test_speech_that_is_slow_or_silent_is_not_well(changed, level):
    spoken = {"engine": "chatterbox-turbo", "load_s": 3.0, "ttfa_ms": 200.0, "rtf": 0.4}
    spoken |= {"audio_seconds": 2.5, "decoded_seconds": 2.5, "peak": 0.6} | changed
    (found,) = judge(spoken)
    assert found.level == level


def test_whom_everybody_may_have_speak_is_told_where_http_is_served():
    open_to_all = {"listen_host": "0.0.0.0"}
    _, found = _examine(check_settings, server=open_to_all, mode="serve")
    assert (found.level, "API_KEY" in found.remedy) == (Level.WARNING, True)
    assert len(_examine(check_settings, server=open_to_all)) == 1
    assert len(_examine(check_settings, server={**open_to_all, "api_key": "k"}, mode="serve")) == 1
