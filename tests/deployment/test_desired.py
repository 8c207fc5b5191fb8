"""deploy.toml: what it may say, and how it is told what it may not."""

from pathlib import Path

import pytest

from deployment.desired import read_desired
from deployment.errors import InvalidFile, MissingSecret

ROOT = Path(__file__).parents[2]


def test_the_repository_s_own_file_is_read():
    desired = read_desired(ROOT / "deploy.toml")
    assert desired.name == "chatterpod"
    assert desired.volume is not None
    assert desired.environment({})["ENGINE"] == "chatterbox-turbo"


@pytest.mark.parametrize(
    ("line", "field", "said"),
    [
        ("mx_workers = 3", "mx_workers", "Extra inputs"),
        ("execution_timeout_s = 1", "execution_timeout_s", "greater than or equal to 5"),
        ('flashboot = "yes"', "flashboot", "'off', 'on' or 'priority'"),
        ('container_disk_gb = "20"', "container_disk_gb", "valid integer"),
        ('data_centres = ["EU-RO-1", "EU-RO-1"]', "data_centres", "once"),
        ("data_centres = []", "data_centres", "list at least one"),
        ('secrets = ["MAX_CONCURRENCY"]', "secrets", "MAX_CONCURRENCY is also in `env`"),
        ('secrets = ["ENGINE"]', "env.ENGINE", "set `engine` in this file"),
        ('secrets = ["MODE"]', "env.MODE", "set `type` in this file"),
        ('type = "load_balancer"', "scaler", "only by request_count"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, line: str, field: str, said: str):
    file = tmp_path / "deploy.toml"
    name = line.partition(" = ")[0]
    kept = [
        each for each in (ROOT / "deploy.toml").read_text().splitlines() if not each.startswith(f"{name} =")
    ]
    file.write_text("\n".join([line, *kept]))
    if name == "type":  # the scaler's type is a line of that name too
        file.write_text(file.read_text().replace("[scaler]", '[scaler]\ntype = "queue_delay"'))
    with pytest.raises(InvalidFile) as caught:
        read_desired(file)
    assert caught.value.field == field
    assert said in caught.value.message


def test_a_queue_that_counts_requests_has_no_idle_timeout(wanted):
    scaler = {"type": "request_count", "value": 4}
    with pytest.raises(ValueError, match=r"workers\.idle_timeout_s: not supported by a queue"):
        wanted(scaler=scaler)
    assert wanted(scaler=scaler, workers={"max": 2}).workers.idle_timeout_s is None
    assert wanted(scaler=scaler, type="load_balancer").workers.idle_timeout_s == 60


def test_more_workers_at_least_than_at_most_are_refused(wanted):
    with pytest.raises(ValueError, match=r"workers\.min"):
        wanted(workers={"min": 4, "max": 3})


def test_a_file_that_is_not_there_or_not_toml_is_told(tmp_path: Path):
    with pytest.raises(InvalidFile, match="No such file"):
        read_desired(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(InvalidFile, match="is not TOML"):
        read_desired(tmp_path / "bad.toml")


@pytest.mark.parametrize("name", ["HF_TOKEN", "API_KEY", "BUCKET_SECRET_ACCESS_KEY", "PASSWORD"])
def test_a_secret_is_never_written_into_the_file(tmp_path: Path, name: str):
    file = tmp_path / "deploy.toml"
    file.write_text((ROOT / "deploy.toml").read_text().replace("[env]", f'[env]\n{name} = "hf_secret"'))
    with pytest.raises(InvalidFile) as caught:
        read_desired(file)
    assert name in caught.value.message
    assert "hf_secret" not in caught.value.message


def test_a_reference_to_a_secret_that_runpod_keeps_may_be(wanted):
    reference = "{{ RUNPOD_SECRET_huggingface }}"
    assert wanted(env={"HF_TOKEN": reference}).environment({})["HF_TOKEN"] == reference


def test_secrets_are_taken_from_the_environment(wanted):
    desired = wanted(secrets=["HF_TOKEN"])
    assert desired.environment({"HF_TOKEN": "hf_1", "OTHER": "x"}) == {
        "ENGINE": "chatterbox-turbo",
        "MAX_CONCURRENCY": "8",
        "HF_TOKEN": "hf_1",
    }
    with pytest.raises(MissingSecret, match="Export HF_TOKEN"):
        desired.environment({})
