"""What a client sees when a worker is told to end, or dies: the table in docs/API.md says the same.

The queue worker as it is, in its own process; its model is the scripted engine, made slow, so that the
signal comes just when it should.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from scripted_speech_worker import command, environment
from storm import Followed, Storm
from timed import wait_until as wait_until_in

from local_runpod import LocalEndpoint
from voices.publication import Publisher
from voices.registry import VoiceRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voices.clips.preparation import PreparedClip

pytestmark = pytest.mark.process

TEXT = "a" * 200
"""Two seconds of speech, made in four."""
wait_until = partial(wait_until_in, seconds=90)
WHEN = ("idle", "loading the voice", "before the first audio", "streaming")


@pytest.fixture
def endpoint(tmp_path: Path, prepared: PreparedClip) -> Iterator[LocalEndpoint]:
    Publisher(VoiceRegistry.at(tmp_path)).add("anna", prepared)
    env = environment(tmp_path, PREPARE_S=1.5, PREFILL_S=1.5, BLOCK_S=0.1, WRITE_BACK="false")
    with LocalEndpoint(command, env=env) as endpoint:
        endpoint.plane.take_wait_s = endpoint.plane.stop_wait_s = 0.5  # a worker ends once its polls have
        endpoint.wait_until_ready()
        yield endpoint


@pytest.fixture
def storm(endpoint: LocalEndpoint) -> Iterator[Storm]:
    with Storm(endpoint.url) as storm:
        yield storm


def speak(storm: Storm) -> Followed:
    return storm.submit({"text": TEXT, "voice_id": "anna", "format": "pcm"})


def at(storm: Storm, when: str) -> Followed | None:
    """Return a job that has come so far, if it is one's turn."""
    if when == "idle":
        return None
    job = speak(storm)
    wait_until(lambda: storm.poll(job) or job.status == "IN_PROGRESS")
    if when == "loading the voice":
        time.sleep(0.5)  # taken, started, and long not loaded
    if when == "before the first audio":
        wait_until(lambda: storm.poll(job) or job.events)
    if when == "streaming":
        wait_until(lambda: storm.poll(job) or job.audio)
    storm.poll(job)
    assert bool(job.events) is (when != "loading the voice")
    assert bool(job.audio) is (when == "streaming")
    return job


@pytest.mark.parametrize("when", WHEN)
def test_told_to_end_it_finishes_what_it_speaks(endpoint: LocalEndpoint, storm: Storm, when: str) -> None:
    job = at(storm, when)
    endpoint.terminate_worker()
    if job is not None:
        wait_until(lambda: storm.poll(job))
        assert (job.status, job.is_whole) == ("COMPLETED", True)
    wait_until(lambda: endpoint.exit_code() is not None)
    assert endpoint.exit_code() == 0


@pytest.mark.parametrize("when", WHEN)
def test_killed_it_loses_what_was_heard_of_and_nothing_else(
    endpoint: LocalEndpoint, storm: Storm, when: str
) -> None:
    job = at(storm, when)
    endpoint.restart_worker()
    if job is not None:
        wait_until(lambda: storm.poll(job))
        if when == "loading the voice":
            assert (job.status, job.is_whole) == ("COMPLETED", True)
        else:
            assert (job.status, job.is_whole) == ("FAILED", False)
            assert "was lost while it ran this job" in job.error
    [after] = storm.run([{"text": "a", "format": "pcm"}])
    assert after.is_whole


def test_a_job_handed_out_while_it_ends_is_not_lost(endpoint: LocalEndpoint, storm: Storm) -> None:
    endpoint.plane.take_wait_s = 5  # the poll stays open
    time.sleep(1)
    endpoint.terminate_worker()
    job = storm.submit({"text": "a", "format": "pcm"})
    wait_until(lambda: endpoint.exit_code() is not None)
    endpoint.restart_worker()
    wait_until(lambda: storm.poll(job))
    assert job.is_whole or "code" in job.error
