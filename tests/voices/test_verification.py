"""Verification: every kind of damage is found, named and mended."""

import json

import numpy as np
import pytest

from voices.claim import claimed
from voices.conditionals import Conditionals
from voices.publication import Publisher
from voices.verification import Verifier

CONDITIONALS = Conditionals("engine-1", {"pitch": np.array([1.0], np.float32)})


@pytest.fixture
def anna(registry, prepared):
    Publisher(registry).add("anna", prepared, [CONDITIONALS], name="Anna")
    return registry.store.root / "anna"


def _problems(registry):
    verifier = Verifier(registry)
    return [problem for folder in verifier.folders() for problem in verifier.problems(folder)]


def _damage_manifest(anna):
    (anna / "voice.json").write_text("{")


def _damage_reference(anna):
    (anna / "reference.flac").write_bytes(b"x")


def _damage_both(anna):
    _damage_manifest(anna)
    _damage_reference(anna)


def _damage_conditionals(anna):
    (anna / "conditionals-engine-1.safetensors").write_bytes(b"x")


def _lose_conditionals(anna):
    (anna / "conditionals-engine-1.safetensors").unlink()


def _leave_a_file(anna):
    (anna / "reference.0badc0de.flac").write_bytes(b"x")


def _leave_a_write(anna):
    (anna / ".voice.json.x7f3").write_bytes(b"{")


def _lose_manifest(anna):
    (anna / "voice.json").unlink()


def _leave_a_claim(anna):
    (anna / "claim-1.json").write_text(json.dumps({"host": "h", "pid": 1, "began": 0}))


def _leave_an_empty_folder(anna):
    (anna.parent / "bob").mkdir()


@pytest.mark.parametrize(
    ("damage", "codes", "survives"),
    [
        (_damage_manifest, {"damaged_manifest"}, True),
        (_damage_reference, {"damaged_reference"}, False),
        (_damage_both, {"damaged_manifest"}, False),
        (_damage_conditionals, {"damaged_conditionals"}, True),
        (_lose_conditionals, {"damaged_conditionals"}, True),
        (_leave_a_file, {"leftover_file"}, True),
        (_leave_a_write, {"leftover_file"}, True),
        (_lose_manifest, {"leftover_file"}, False),
        (_leave_a_claim, {"interrupted_claim"}, True),
        (_leave_an_empty_folder, {"empty_folder"}, True),
    ],
)
def test_damage_is_found_and_mended(registry, anna, damage, codes, survives):
    assert _problems(registry) == []
    damage(anna)
    found = _problems(registry)
    assert {problem.code for problem in found} == codes
    for problem in found:
        problem.mend()
    assert _problems(registry) == []
    assert registry.ids() == (["anna"] if survives else [])
    assert registry.store.names() == registry.ids()
    for voice_id in registry.ids():
        registry.check(registry.get(voice_id))


def test_finding_changes_nothing(registry, anna):
    _damage_conditionals(anna)
    _leave_a_file(anna)
    before = sorted(path.name for path in anna.iterdir())
    assert len(_problems(registry)) == 2
    assert sorted(path.name for path in anna.iterdir()) == before


def test_a_voice_that_is_being_changed_is_passed_over(registry, anna):
    _damage_conditionals(anna)
    with claimed(registry.store, "anna"):
        assert _problems(registry) == []
    assert len(_problems(registry)) == 1
