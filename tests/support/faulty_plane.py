"""A local endpoint with one worker, and random faults, by seed, in the network and the queue between them.

The dice are the seed's: what happens to the nth post of the job that was submitted as the mth is the
same in every run. What else is in a take's answer than its first job is not: that is up to how many
slots were free.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx
from fault_proxy import Answer, Fault, FaultProxy, Request, Step
from scripted_speech_worker import command, environment

from local_runpod.app import worker_urls
from local_runpod.local_endpoint import LocalEndpoint
from local_runpod.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

LATE_S = 0.3
POST_FAULTS = (
    Fault.INTERNAL_ERROR,
    Fault.UNAVAILABLE,
    Fault.DROP_REQUEST,
    Fault.DROP_ANSWER,
    Fault.CUT_BODY,
    Fault.RESET_BODY,
    "late",
)
TAKE_FAULTS = (
    "twice",
    "again",
    "stopped at once",
    "stopped soon",
    "late",
    "refused",
    "lost",
    "cut",
    "garbage",
)
LOSING = {"refused", "lost", "cut", "garbage"}
"""The worker gets none of these takes' jobs; the plane's execution timeout ends them."""

Jobs = list[dict[str, Any]]


@dataclass(frozen=True)
class Dice:
    """How often what goes wrong."""

    seed: int
    post_rate: float
    take_rate: float

    def throw(self, rate: float, faults: tuple[Any, ...], *throw: object) -> Any:
        """Return one of the faults, or None; the same for the same ``throw``."""
        generator = random.Random(f"{self.seed} {throw}")
        return generator.choice(faults) if generator.random() < rate else None


class FaultyPlane:
    """The endpoint, its worker, and what was done to them; a context manager.

    Nothing fails until ``begin``. ``take`` is how jobs are handed to the worker, and may be replaced: it
    gets the jobs and gives what the worker is answered with.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.endpoint = LocalEndpoint(workers=0)
        self.endpoint.plane.take_wait_s = 1.0
        self.outage: Step = None
        """What becomes of all that the worker asks, while there is one."""
        self.injected: Counter[str] = Counter()
        self.asked_for: list[int] = []
        """How many jobs the worker wanted, at each take: its free slots."""
        self.take: Callable[[Jobs], Answer | Fault] = Answer.of_json
        self._dice: Dice | None = None
        self._command, self._env, self._log = command, env, log
        self._numbers: dict[str, int] = {}
        self._posts: Counter[str] = Counter()
        self._again: Jobs = []
        self._lock = threading.Lock()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.endpoint)
            base = self.endpoint.url.removesuffix(f"/v2/{self.endpoint.plane.endpoint}")
            proxy = stack.enter_context(FaultProxy(base, self._choose))
            urls = worker_urls(self.endpoint.plane, proxy.url)
            self.worker = WorkerProcess(
                "stormy", urls, command=self._command, env=self._env, log_path=self._log
            )
            stack.enter_context(self.worker)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait_until_ready(self, timeout_s: float = 120) -> None:
        """Return when the worker has asked for a job."""
        deadline = time.monotonic() + timeout_s
        while not self.endpoint.plane.workers.is_ready(self.worker.id):
            self.worker.check()
            assert time.monotonic() < deadline, self.worker.log_tail()
            time.sleep(0.02)

    def begin(self, dice: Dice) -> None:
        """Let things go wrong with every job that is submitted from now on."""
        self._numbers.clear()
        self._posts.clear()
        self._dice, self.take = dice, self._take_by_dice

    def cease(self) -> None:
        """Let nothing go wrong any more."""
        self._dice, self.take, self.outage = None, Answer.of_json, None

    def _choose(self, request: Request) -> Step:
        route, _, rest = request.path.partition("/v2/local/")[2].partition("/")
        if route.startswith("job-take"):
            query = httpx.URL(request.path).params
            self.asked_for.append(int(query.get("batch_size", "1")))
            return self.outage or self._hand_out
        if self.outage is not None:
            return self.outage
        if self._dice is None or route not in {"job-stream", "job-done"}:
            return None
        job_id = rest.split("/")[1].partition("?")[0]
        with self._lock:
            self._posts[job_id] += 1
            throw = self._numbers.get(job_id), self._posts[job_id]
        return self._noted(route, self._dice.throw(self._dice.post_rate, POST_FAULTS, *throw))

    def _noted(self, route: str, step: Any) -> Step:
        if step is None:
            return None
        name = step.name.lower() if isinstance(step, Fault) else step
        with self._lock:
            self.injected[f"{route} {name}"] += 1
        return late if step == "late" else step

    def _hand_out(self, answer: Answer) -> Answer | Fault:
        if answer.status != 200:
            return answer
        found = json.loads(answer.body)
        jobs = found if isinstance(found, list) else [found]
        with self._lock:
            for job in jobs:
                self._numbers.setdefault(job["id"], len(self._numbers))
        return self.take(jobs)

    def _take_by_dice(self, jobs: Jobs) -> Answer | Fault:
        assert self._dice is not None
        number = self._numbers[jobs[0]["id"]]
        # The first take brings as many jobs as there are slots: too many to lose.
        fault = self._dice.throw(self._dice.take_rate, TAKE_FAULTS, "take", number) if number else None
        if fault is not None:
            self.injected[f"job-take {fault}"] += 1
        if fault in LOSING:
            return _lost(fault, jobs)
        if fault == "late":
            time.sleep(LATE_S)
        if fault == "stopped at once":
            self.cancel(jobs[0]["id"])
        if fault == "stopped soon":
            threading.Timer(LATE_S, self.cancel, [jobs[0]["id"]]).start()
        earlier, self._again = self._again, jobs[:1] if fault == "again" else []
        return Answer.of_json(earlier + jobs * (2 if fault == "twice" else 1))

    def cancel(self, job_id: str) -> None:
        """Cancel a job, as its client would."""
        httpx.post(f"{self.endpoint.url}/cancel/{job_id}").raise_for_status()


@contextmanager
def speaking_plane(folder: Path, **variables: object) -> Iterator[FaultyPlane]:
    """Begin a plane with one worker of the scripted engine, which is told ``variables``, and wait for it."""
    with FaultyPlane(command, environment(folder / "voices", **variables), folder / "worker.log") as faulty:
        faulty.wait_until_ready()
        yield faulty


def late(answer: Answer) -> Answer:
    """Pass the answer on after a while."""
    time.sleep(LATE_S)
    return answer


def _lost(fault: str, jobs: Jobs) -> Answer | Fault:
    """Make an answer that does not bring its jobs."""
    whole = Answer.of_json(jobs)
    match fault:
        case "refused":
            return Answer(500)
        case "lost":
            return Fault.DROP_ANSWER
        case "cut":
            return Fault.RESET_BODY
        case _:
            return Answer(200, whole.body[: len(whole.body) // 2], whole.headers)
