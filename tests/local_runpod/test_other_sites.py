"""Pages of other sites, and names that were made to lead here, cannot use the queue; programs can."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from chatterpod import SpeechClient
from local_runpod import LocalEndpoint
from local_runpod.__main__ import parse

JOB = {"input": {"text": "x"}}
CROSS = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
FOREIGN = [
    CROSS,
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},  # another port of this machine
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": ""},
]
REBOUND = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "[",
    "x",
]
EVERY_ROUTE = [
    *(("POST", path) for path in ("run", "runsync?wait=1000", "stream/j", "cancel/j", "purge-queue")),
    *(("GET", path) for path in ("stream/j", "status/j", "health", "no-such-route")),
    *(("GET", path) for path in ("job-take/w", "job-take-batch/w", "job-stop/w", "ping/w?status=unhealthy")),
    *(("POST", path) for path in ("job-stream/w/j", "job-done/w/j")),
    ("OPTIONS", "run"),
]


@pytest.fixture
def bare(shared: LocalEndpoint) -> LocalEndpoint:
    httpx.post(f"{shared.url}/purge-queue").raise_for_status()
    return shared


def is_refused(answer: httpx.Response, why: str) -> bool:
    return answer.status_code == 403 and why in answer.json()["error"]


class TestAPageOfAnotherSite:
    @pytest.mark.parametrize("headers", FOREIGN)
    def test_is_refused_by_what_its_browser_says_of_it(
        self, bare: LocalEndpoint, headers: dict[str, str]
    ) -> None:
        answer = httpx.post(f"{bare.url}/run", headers=headers, json=JOB)
        assert is_refused(answer, "other sites")
        assert "access-control-allow-origin" not in answer.headers
        assert httpx.get(f"{bare.url}/health").json()["jobs"]["inQueue"] == 0

    @pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
    def test_is_refused_on_every_route(self, bare: LocalEndpoint, method: str, path: str) -> None:
        assert is_refused(httpx.request(method, f"{bare.url}/{path}", headers=CROSS), "other sites")

    def test_takes_no_job_and_no_speech_away(self, bare: LocalEndpoint) -> None:
        job_id = httpx.post(f"{bare.url}/run", json=JOB).json()["id"]
        httpx.get(f"{bare.url}/job-take/evil", headers=CROSS)
        assert httpx.get(f"{bare.url}/job-take/w").json()["id"] == job_id
        httpx.post(f"{bare.url}/job-stream/w/{job_id}", json={"output": 1})
        httpx.get(f"{bare.url}/stream/{job_id}", headers=CROSS)
        assert httpx.get(f"{bare.url}/stream/{job_id}").json()["stream"] == [{"output": 1}]

    def test_is_refused_with_the_right_key_too(self) -> None:
        with LocalEndpoint(workers=0, api_key="open-sesame") as locked:
            headers = {**CROSS, "Authorization": "Bearer open-sesame"}
            assert is_refused(httpx.get(f"{locked.url}/health", headers=headers), "other sites")


class TestANameThatWasMadeToLeadHere:
    @pytest.mark.parametrize("host", REBOUND)
    @pytest.mark.parametrize("path", ["health", "job-take/w", "no-such-route"])
    def test_is_refused_though_its_page_passes_for_our_own(
        self, bare: LocalEndpoint, host: str, path: str
    ) -> None:
        host = host.format(port=urlsplit(bare.url).port)
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        assert is_refused(httpx.get(f"{bare.url}/{path}", headers=headers), "--allowed-host")

    def test_an_option_adds_names(self) -> None:
        names = parse(["--allowed-host", "Queue.Example", "--allowed-host", "queue.lan"]).allowed_host
        with LocalEndpoint(workers=0, allowed_hosts=names) as endpoint:
            for host, status in [("queue.example:8001", 200), ("QUEUE.LAN", 200), ("evil.example", 403)]:
                assert httpx.get(f"{endpoint.url}/health", headers={"Host": host}).status_code == status

    @pytest.mark.parametrize(
        "given", [{"api_key": "k"}, {"host": "0.0.0.0"}, {"allowed_hosts": ["*"]}], ids=str
    )
    def test_an_endpoint_with_a_key_or_for_others_takes_any(self, given: dict[str, str]) -> None:
        headers = {"Host": "queue.proxy.example", "Authorization": "Bearer k"}
        with LocalEndpoint(workers=0, **given) as endpoint:  # type: ignore[arg-type]
            assert httpx.get(f"{endpoint.url}/health", headers=headers).status_code == 200


class TestWhoIsLetIn:
    @pytest.mark.parametrize(
        "headers",
        [
            {},  # curl, RunPod's SDK
            {"Host": "localhost:{port}"},
            {"Host": "LocalHost"},
            {"Host": "queue.localhost"},
            {"Host": "[::1]:{port}"},
            {"Host": "192.168.1.7"},
            {"Sec-Fetch-Site": "none"},  # typed into the address bar
            {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:{port}"},
            {"Origin": "http://127.0.0.1:{port}"},
            {"Origin": "http://localhost:{port}", "Host": "localhost:{port}"},
        ],
        ids=str,
    )
    def test_a_program_and_whoever_sits_here(self, bare: LocalEndpoint, headers: dict[str, str]) -> None:
        port = urlsplit(bare.url).port
        headers = {name: value.format(port=port) for name, value in headers.items()}
        assert httpx.post(f"{bare.url}/run", headers=headers, json=JOB).status_code == 200

    def test_our_client_and_a_worker_of_the_sdk(self, endpoint: LocalEndpoint) -> None:
        with SpeechClient(endpoint.url) as client:
            assert len(client.speak("Hello.").read()) == 3 * 4800
