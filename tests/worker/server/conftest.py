"""A server over the scripted engine, shared by a module's tests."""

import pytest
from scripted_engine import ScriptedEngine
from served import served

from voices.publication import Publisher
from voices.registry import VoiceRegistry


@pytest.fixture(scope="module")
def voices_dir(tmp_path_factory, prepared):
    """A directory with one voice, and a damaged one."""
    directory = tmp_path_factory.mktemp("voices")
    registry = VoiceRegistry.at(directory)
    Publisher(registry).add("anna", prepared, name="Anna")
    registry.store.write("bob/voice.json", b"{")
    return directory


@pytest.fixture(scope="module")
def site(voices_dir):
    """Quick speech."""
    with served(ScriptedEngine(), voices_dir) as site:
        yield site


@pytest.fixture(scope="module")
def slow_site(voices_dir):
    """Speech that takes a twentieth of a second for each twentieth of a second."""
    with served(ScriptedEngine(block_delay_s=0.05), voices_dir) as site:
        yield site
