"""The command, against an account of API v2 on this machine."""

import json

import pytest
from fault_proxy import Answer, Fault, FaultProxy, in_turn
from runpod_api_v2 import KEY

SECRET = "hf_do_not_show"


def test_an_empty_account_gets_a_volume_and_an_endpoint(deploy, account):
    ran = deploy("--yes")
    assert ran.code == 0, ran.err
    (volume,) = account.volumes
    assert (volume["name"], volume["size"], volume["dataCenter"]) == ("chatterpod-voices", 10, "EU-RO-1")
    (endpoint,) = account.endpoints
    assert endpoint["networkVolumes"] == [volume["id"]]
    assert endpoint["timeout"] == 600_000
    assert endpoint["flashboot"] == "FLASHBOOT"
    assert endpoint["workers"] == {"min": 0, "max": 3, "idleTimeout": 60}
    assert endpoint["scaling"] == {"type": "QUEUE_DELAY", "queueDelay": 1.0}
    assert endpoint["gpu"]["pools"] == ["AMPERE_24", "ADA_24"]
    assert endpoint["env"] == {"ENGINE": "chatterbox-turbo", "MAX_CONCURRENCY": "8"}


def test_it_says_how_to_go_on(deploy):
    ran = deploy("--yes", model="ResembleAI/chatterbox-turbo")
    assert "https://api.runpod.ai/v2/ep0" in ran.out
    assert 'export VOICES_TARGETS="s3://vol0/voices?datacenter=EU-RO-1"' in ran.out
    assert "bucket vol0 at https://s3api-eu-ro-1.runpod.io/" in ran.out
    assert "voices add anna recording.wav --via ep0" in ran.out
    assert "curl --fail-with-body -sS https://api.runpod.ai/v2/ep0/run" in ran.out
    assert "Edit Endpoint, Model: ResembleAI/chatterbox-turbo" in ran.out


def test_a_second_run_changes_nothing(deploy, account):
    assert deploy("--yes").code == 0
    account.writes.clear()
    ran = deploy()  # which would have to be asked, were there anything to do
    assert ran.code == 0, ran.err
    assert account.writes == []
    assert "= endpoint chatterpod (ep0): unchanged" in ran.out


def test_only_what_differs_is_sent(deploy, account):
    deploy("--yes")
    account.writes.clear()
    ran = deploy("--yes", image="ghcr.io/someone/chatterpod:0.2.0", workers={"max": 4, "idle_timeout_s": 60})
    assert account.writes == [
        (
            "PATCH",
            "/v2/serverless/ep0",
            {
                "image": "ghcr.io/someone/chatterpod:0.2.0",
                "workers": {"min": 0, "max": 4, "idleTimeout": 60},
            },
        )
    ]
    assert "image: ghcr.io/someone/chatterpod:0.1.0 -> ghcr.io/someone/chatterpod:0.2.0" in ran.out
    assert "workers.max: 3 -> 4" in ran.out


def test_a_volume_grows_and_never_shrinks(deploy, account):
    deploy("--yes")
    assert deploy("--yes", volume={"name": "chatterpod-voices", "size_gb": 20}).code == 0
    assert account.volumes[0]["size"] == 20
    ran = deploy("--yes", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "cannot_change")


def test_a_volume_never_changes_its_tier(deploy, account):
    deploy("--yes", volume={"name": "chatterpod-voices", "tier": "standard"})
    assert account.volumes[0]["type"] == "STANDARD"
    ran = deploy("--yes", "--json", volume={"name": "chatterpod-voices", "tier": "high_performance"})
    assert (ran.json["error"]["code"], ran.json["error"]["field"]) == ("cannot_change", "volume.tier")


def test_each_data_centre_gets_its_own_volume(deploy, account):
    deploy("--yes")
    ran = deploy("--yes", "--json", data_centres=["EU-RO-1", "US-KS-2"])
    assert ran.json["voices_targets"] == [
        "s3://vol0/voices?datacenter=EU-RO-1",
        "s3://vol1/voices?datacenter=US-KS-2",
    ]
    assert account.endpoints[0]["networkVolumes"] == ["vol0", "vol1"]
    assert account.endpoints[0]["dataCenterIds"] == ["EU-RO-1", "US-KS-2"]
    assert "not copied between data centres" in ran.err


def test_the_gpus_restrictions_are_set_and_taken_away(deploy, account):
    deploy("--yes", gpu={"pools": ["AMPERE_24"], "excluded_types": ["NVIDIA RTX A5000"], "min_cuda": "12.8"})
    gpu = account.endpoints[0]["gpu"]
    assert (gpu["excludedTypes"], gpu["minCudaVersion"]) == (["NVIDIA RTX A5000"], "12.8")
    assert deploy("--yes", gpu={"pools": ["AMPERE_24"]}).code == 0
    gpu = account.endpoints[0]["gpu"]
    assert (gpu["excludedTypes"], gpu["minCudaVersion"]) == ([], None)
    assert "unchanged" in deploy("--dry-run", gpu={"pools": ["AMPERE_24"]}).out.splitlines()[-1]


def test_versions_that_were_chosen_by_hand_give_way_to_the_floor(deploy, account):
    deploy("--yes", gpu={"pools": ["AMPERE_24"]})
    account.endpoints[0]["gpu"]["allowedCudaVersions"] = ["12.6"]
    assert deploy("--yes").code == 0
    assert account.endpoints[0]["gpu"]["allowedCudaVersions"] == []


def test_a_scaler_is_changed_with_what_belongs_to_it(deploy, account):
    deploy("--yes")
    ran = deploy("--yes", scaler={"type": "request_count", "value": 4}, workers={"max": 3})
    assert ran.code == 0, ran.err
    assert account.endpoints[0]["scaling"] == {"type": "REQUEST_COUNT", "requestCount": 4}


def test_a_load_balancing_endpoint_serves_http(deploy, account):
    ran = deploy("--yes", type="load_balancer", scaler={"type": "request_count", "value": 4})
    assert ran.code == 0, ran.err
    (endpoint,) = account.endpoints
    assert (endpoint["type"], endpoint["ports"]) == ("LOAD_BALANCER", ["8000/http"])
    assert (endpoint["env"]["MODE"], endpoint["env"]["PORT"]) == ("serve", "8000")
    assert "curl --fail-with-body -sSN https://ep0.api.runpod.ai/tts/generate" in ran.out
    assert "--no-precompute" in ran.out  # --via asks a queue


def test_a_port_of_one_s_own_is_the_one_that_is_exposed(deploy, account):
    ran = deploy(
        "--yes", type="load_balancer", scaler={"type": "request_count", "value": 4}, env={"PORT": "9000"}
    )
    assert ran.code == 0, ran.err
    assert (account.endpoints[0]["ports"], account.endpoints[0]["env"]["PORT"]) == (["9000/http"], "9000")


def test_an_endpoint_never_changes_its_type(deploy):
    deploy("--yes")
    ran = deploy("--yes", "--json", type="load_balancer", scaler={"type": "request_count", "value": 4})
    assert ran.json["error"]["code"] == "cannot_change"


def test_a_dry_run_changes_nothing_and_shows_the_requests(deploy, account):
    ran = deploy("--dry-run")
    assert (ran.code, account.writes) == (0, [])
    assert "+ endpoint chatterpod: create" in ran.out
    assert "POST http://127.0.0.1" in ran.out
    assert '"networkVolumes": [\n    "(the id of chatterpod-voices in EU-RO-1)"\n  ]' in ran.out
    assert "AMPERE_24: 24 GB, $0.69 per hour, stock HIGH (L4, RTX A5000)" in ran.out
    assert "$0.00 to $3.30 per hour" in ran.out  # three 4090s


def test_a_dry_run_without_a_key_asks_nobody(deploy):
    ran = deploy("--dry-run", key="", url="http://127.0.0.1:9")
    assert ran.code == 0, ran.err
    assert "RunPod got no request" in ran.err
    assert "POST http://127.0.0.1:9/v2/serverless" in ran.out


def test_nothing_is_changed_where_nobody_can_be_asked(deploy, account):
    ran = deploy()
    assert (ran.code, account.writes) == (2, [])
    assert "--yes" in ran.err


@pytest.mark.parametrize(
    "options", [("--dry-run",), ("--dry-run", "--json"), ("--yes",), ("--yes", "--json")]
)
def test_secrets_reach_the_endpoint_and_nothing_that_is_printed(deploy, account, options):
    ran = deploy(*options, secrets=["HF_TOKEN"], variables={"HF_TOKEN": SECRET})
    assert ran.code == 0, ran.err
    if "--yes" in options:
        assert account.endpoints[0]["env"]["HF_TOKEN"] == SECRET
    again = deploy(*options, secrets=["HF_TOKEN"], variables={"HF_TOKEN": SECRET + "2"})
    for printed in (ran.out, ran.err, again.out, again.err):
        assert SECRET not in printed
        assert KEY not in printed


def test_a_changed_secret_is_seen_and_not_shown(deploy, account):
    deploy("--yes", secrets=["HF_TOKEN"], variables={"HF_TOKEN": SECRET})
    account.endpoints[0]["env"]["BY_HAND"] = "something"
    ran = deploy("--yes", secrets=["HF_TOKEN"], variables={"HF_TOKEN": "new"})
    assert "env.HF_TOKEN: *** -> ***" in ran.out
    assert "env.BY_HAND: *** -> (removed)" in ran.out
    assert account.endpoints[0]["env"]["HF_TOKEN"] == "new"
    assert "BY_HAND" not in account.endpoints[0]["env"]


@pytest.mark.parametrize("lost", [Fault.DROP_REQUEST, Fault.DROP_ANSWER])
@pytest.mark.parametrize("what", ["network-volumes", "serverless"])
def test_a_run_that_broke_off_is_gone_on_with(deploy, api_v2, account, lost, what):
    def choose(request):
        return lost if request.method == "POST" and request.path.endswith(what) else None

    with FaultProxy(api_v2.url, choose) as proxy:
        broken = deploy("--yes", "--json", url=proxy.url)
    assert broken.json["error"]["code"] == "outcome_unknown"
    ran = deploy("--yes")
    assert ran.code == 0, ran.err
    assert (len(account.volumes), len(account.endpoints)) == (1, 1)
    assert account.endpoints[0]["networkVolumes"] == [account.volumes[0]["id"]]


def test_what_may_be_asked_twice_is_asked_again(deploy, api_v2, account):
    deploy("--yes")
    account.writes.clear()
    faults = in_turn(Fault.UNAVAILABLE, Fault.DROP_ANSWER, None, None, None, None, Fault.DROP_ANSWER)
    with FaultProxy(api_v2.url, faults) as proxy:
        ran = deploy("--yes", url=proxy.url, image="ghcr.io/someone/chatterpod:0.2.0")
        patches = [request for request in proxy.requests if request.method == "PATCH"]
    assert ran.code == 0, ran.err
    assert len(patches) == 2
    assert account.endpoints[0]["image"].endswith(":0.2.0")


@pytest.mark.parametrize(
    ("code", "options", "other"),
    [
        ("not_authorised", {"key": "rpa_wrong"}, {}),
        ("not_authorised", {"key": "rpa_with a blank"}, {}),
        ("not_authorised", {"key": ""}, {}),
        ("unknown_gpu", {}, {"gpu": {"pools": ["ADA_25"]}}),
        ("unknown_gpu", {}, {"gpu": {"pools": ["ADA_24"], "excluded_types": ["NVIDIA L4"]}}),
        ("unknown_gpu", {}, {"gpu": {"pools": ["ADA_24"], "excluded_types": ["NVIDIA GeForce RTX 4090"]}}),
        ("unknown_data_centre", {}, {"data_centres": ["EU-RO-9"]}),
        ("unknown_data_centre", {}, {"data_centres": ["AP-JP-1"]}),
        ("no_capacity", {}, {"gpu": {"pools": ["ADA_24"]}}),
        ("quota_reached", {}, {"workers": {"max": 9}}),
        ("missing_secret", {}, {"secrets": ["HF_TOKEN"]}),
        ("invalid_file", {}, {"engine": "espeak"}),
        ("api_unreachable", {"url": "http://127.0.0.1:9"}, {}),
    ],
)
def test_what_goes_wrong_has_a_code_and_says_what_to_do(deploy, account, code, options, other):
    ran = deploy("--yes", "--json", **options, **other)
    assert ran.code == 1
    assert ran.json["error"]["code"] == code
    assert account.endpoints == []
    assert "rpa_" not in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_missing_gpu_is_named_with_those_that_are_free(deploy, account):
    ran = deploy("--yes", gpu={"pools": ["ADA_24"]})
    assert "No GPU of ADA_24 is free in EU-RO-1 now. Pools with free GPUs: AMPERE_24." in ran.err
    assert deploy("--yes", "--ignore-stock", gpu={"pools": ["ADA_24"]}).code == 0
    assert len(account.endpoints) == 1


def test_two_of_one_name_are_not_guessed_between(deploy, account):
    deploy("--yes")
    account.endpoints.append({**account.endpoints[0], "id": "ep9"})
    ran = deploy("--yes")
    assert ran.code == 1
    assert "There are 2 endpoints named 'chatterpod' (ep0, ep9)" in ran.err


def test_what_runpod_keeps_otherwise_is_told(deploy, account):
    deploy("--yes")
    account.keeps = {"disk": 20}
    ran = deploy("--yes", container_disk_gb=40)
    assert "RunPod did not apply disk: it is 20" in ran.out


def _problem(status: int, detail: str, **headers: str) -> Answer:
    body = json.dumps({"title": "Problem", "status": status, "detail": detail}).encode()
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, body, (("Content-Type", "application/problem+json"), *named))


def test_it_waits_as_long_as_runpod_asks(deploy, api_v2, account):
    """Also before it creates: what was refused was not done."""

    def choose(request):
        is_first = sum(each.method == request.method for each in proxy.requests) == 1
        return _problem(429, "rate limit exceeded", Retry_After="1") if is_first else None

    with FaultProxy(api_v2.url, choose) as proxy:
        ran = deploy("--yes", url=proxy.url)
    assert ran.code == 0, ran.err
    assert (len(account.volumes), len(account.endpoints)) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (_problem(429, "rate limit exceeded", Retry_After="4000"), "rate_limited", "4000 s"),
        (_problem(403, "access denied"), "access_denied", "read and write"),
        (_problem(402, "insufficient balance"), "quota_reached", "insufficient balance"),
        (_problem(400, "no capacity for the selection"), "no_capacity", "gpu.pools"),
        (_problem(400, "request could not be processed"), "request_refused", "could not be processed"),
        (Answer(200, b"<html>"), "unexpected_answer", "without a JSON object"),
        (Answer(200, b"{}"), "unexpected_answer", "does not match API v2"),
    ],
)
def test_what_runpod_says_has_a_code(deploy, api_v2, answer, code, said):
    with FaultProxy(api_v2.url, lambda _: answer) as proxy:
        error = deploy("--yes", "--json", url=proxy.url).json["error"]
    assert error["code"] == code
    assert said in error["message"]
