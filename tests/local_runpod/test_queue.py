"""The queue's state machine, by rules and in any order."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from local_runpod.jobs import JobStatus, QueuedJob
from local_runpod.queue import STOP_AGAIN_AFTER_S, JobNotFound, JobQueue

WORKERS = st.sampled_from(["w1", "w2"])
KEPT = 4


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class QueueMachine(RuleBasedStateMachine):
    """Clients and workers act in any order, also on jobs that are finished or forgotten."""

    jobs: Bundle[QueuedJob] = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.queue = JobQueue(keep_finished=KEPT, clock=self.clock)
        self.all: list[QueuedJob] = []
        self.final: dict[str, JobStatus] = {}
        self.sent: dict[str, list[int]] = {}
        self.drained: dict[str, list[int]] = {}

    @rule(target=jobs, timeout=st.sampled_from([None, 1.0]))
    def submit(self, timeout: float | None) -> QueuedJob:
        job = self.queue.submit({"text": "x"}, execution_timeout_s=timeout)
        self.all.append(job)
        return job

    @rule(worker=WORKERS, limit=st.integers(1, 3))
    def take(self, worker: str, limit: int) -> None:
        waiting = [job for job in self.all if job.status is JobStatus.IN_QUEUE]
        taken = self.queue.take(worker, limit)
        assert len(taken) == min(limit, len(waiting))
        assert all(job.worker_id == worker for job in taken)

    @rule(job=jobs, worker=WORKERS, item=st.integers())
    def stream(self, job: QueuedJob, worker: str, item: int) -> None:
        held = job.status is JobStatus.IN_PROGRESS and job.worker_id == worker
        try:
            assert self.queue.add_item(job.id, worker, item) is held
        except JobNotFound:
            assert job.status.is_final
        if held:
            self.sent.setdefault(job.id, []).append(item)

    @rule(job=jobs, worker=WORKERS, error=st.sampled_from([None, "boom"]))
    def finish(self, job: QueuedJob, worker: str, error: str | None) -> None:
        held = job.status is JobStatus.IN_PROGRESS and job.worker_id == worker
        self.attempt(lambda: self.queue.finish(job.id, worker, output=[], error=error))
        if held:
            assert job.status is (JobStatus.FAILED if error else JobStatus.COMPLETED)

    @rule(job=jobs)
    def cancel(self, job: QueuedJob) -> None:
        was = job.status
        self.attempt(lambda: self.queue.cancel(job.id))
        assert job.status is (was if was.is_final else JobStatus.CANCELLED)
        if was is JobStatus.IN_PROGRESS:
            assert job.worker_id is not None
            assert job.id in self.queue.take_stops(job.worker_id)

    @rule(job=jobs)
    def drain(self, job: QueuedJob) -> None:
        self.attempt(
            lambda: self.drained.setdefault(job.id, []).extend(self.queue.drain(job.id)),
        )
        sent, drained = self.sent.get(job.id, []), self.drained.get(job.id, [])
        assert drained == sent[: len(drained)]

    @rule(worker=WORKERS)
    def lose_worker(self, worker: str) -> None:
        self.queue.lose_worker(worker)
        assert worker not in self.queue.busy_workers()

    @rule(seconds=st.floats(0, 2))
    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.queue.time_out_overdue()

    @rule()
    def purge(self) -> None:
        self.queue.purge()
        assert self.queue.counts()["inQueue"] == 0

    @invariant()
    def a_final_status_never_changes(self) -> None:
        for job in self.all:
            if job.status.is_final:
                assert self.final.setdefault(job.id, job.status) is job.status
            else:
                assert job.id not in self.final

    @invariant()
    def counts_agree_with_the_jobs(self) -> None:
        counts = self.queue.counts()
        assert counts["inQueue"] == sum(job.status is JobStatus.IN_QUEUE for job in self.all)
        assert counts["inProgress"] == sum(job.status is JobStatus.IN_PROGRESS for job in self.all)
        assert counts["completed"] + counts["failed"] + counts["cancelled"] == len(self.final)

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len(self.queue._finished) <= KEPT
        alive = [job for job in self.all if not job.status.is_final]
        assert len(self.queue._jobs) == len(alive) + len(self.queue._finished)

    def attempt(self, action: object) -> None:
        assert callable(action)
        try:
            action()
        except JobNotFound:
            assert len(self.final) > KEPT


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQueueInAnyOrder = QueueMachine.TestCase


def test_jobs_are_taken_in_the_order_they_came() -> None:
    queue = JobQueue()
    ids = [queue.submit({}).id for _ in range(5)]
    assert [job.id for job in [*queue.take("w", 2), *queue.take("w", 9)]] == ids


def test_a_lost_workers_jobs_come_first_again_in_their_order() -> None:
    queue = JobQueue()
    ids = [queue.submit({}).id for _ in range(4)]
    queue.take("w1", 3)
    queue.lose_worker("w1")
    assert [job.id for job in queue.take("w2", 4)] == ids


def test_a_job_that_streamed_fails_with_its_worker() -> None:
    queue = JobQueue()
    job = queue.submit({})
    queue.take("w1")
    queue.add_item(job.id, "w1", {})
    queue.lose_worker("w1")
    assert job.status is JobStatus.FAILED
    assert "w1 was lost" in job.error


def test_a_job_that_loses_two_workers_fails() -> None:
    queue = JobQueue()
    job = queue.submit({})
    for worker in ("w1", "w2"):
        queue.take(worker)
        queue.lose_worker(worker)
    assert job.status is JobStatus.FAILED
    assert queue.take("w3") == []


def test_a_worker_that_goes_on_with_a_cancelled_job_is_told_again() -> None:
    clock = Clock()
    queue = JobQueue(clock=clock)
    job = queue.submit({})
    queue.take("w")
    queue.cancel(job.id)
    assert queue.take_stops("w") == [job.id]
    queue.add_item(job.id, "w", {})
    assert queue.take_stops("w") == []
    clock.now += STOP_AGAIN_AFTER_S + 0.1
    queue.add_item(job.id, "w", {})
    assert queue.take_stops("w") == [job.id]


def test_a_forgotten_job_is_unknown() -> None:
    queue = JobQueue(keep_finished=1)
    first, second = queue.submit({}), queue.submit({})
    queue.cancel(first.id)
    queue.cancel(second.id)
    assert queue.get(second.id) is second
    with pytest.raises(JobNotFound):
        queue.get(first.id)


def test_results_are_forgotten_by_their_size_too() -> None:
    queue = JobQueue(keep_bytes=100)
    jobs = [queue.submit({}) for _ in range(4)]
    queue.take("w", 4)
    queue.add_item(jobs[0].id, "w", "x", size_bytes=60)
    for job, size in zip(jobs, (0, 30, 20, 500), strict=True):
        queue.finish(job.id, "w", size_bytes=size)
        known = [other for other in jobs if other.id in queue._jobs and other.status.is_final]
        assert known[-1] is job
        assert len(known) == 1 or sum(other.held_bytes for other in known) <= 100
    assert [job.id in queue._jobs for job in jobs] == [False, False, False, True]


def test_drained_items_are_held_no_longer() -> None:
    queue = JobQueue()
    job = queue.submit({})
    queue.take("w")
    queue.add_item(job.id, "w", "x", size_bytes=60)
    assert job.held_bytes == 60
    assert queue.drain(job.id) == ["x"]
    assert job.held_bytes == 0


def test_progress_is_shown_without_ending_the_job() -> None:
    queue = JobQueue()
    job = queue.submit({})
    queue.take("w")
    queue.report_progress(job.id, "w", "half")
    assert (job.status, job.output) == (JobStatus.IN_PROGRESS, "half")
