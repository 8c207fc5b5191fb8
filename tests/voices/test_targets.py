"""Targets: what a person may write for a store, and what each becomes."""

import os
import subprocess
import sys

import pytest
from s3_server import BUCKET, CREDENTIALS

from voices.errors import InvalidRequest, StoreFailure
from voices.stores.s3_store import S3Store
from voices.stores.store import DirectoryStore
from voices.stores.targets import DATA_CENTRES, open_store

pytestmark = pytest.mark.process


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path):
    """A machine on which nobody has set up anything."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "RUNPOD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def runpod_keys(monkeypatch):
    """RunPod's keys, with the line break that comes along when copied."""
    monkeypatch.setenv("RUNPOD_S3_ACCESS_KEY_ID", f"{CREDENTIALS.access_key_id}\n")
    monkeypatch.setenv("RUNPOD_S3_SECRET_ACCESS_KEY", f" {CREDENTIALS.secret_access_key}\n")


@pytest.fixture
def aws_keys(monkeypatch):
    """Keys to something else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other-secret")


def keys_of(store):
    frozen = store._client._request_signer._credentials.get_frozen_credentials()
    return frozen.access_key, frozen.secret_key


class TestDirectories:
    @pytest.mark.parametrize("target", ["voices", "./voices", "/runpod-volume/voices", "a b/ü#?", "s3"])
    def test_a_path_is_a_directory(self, target):
        store = open_store(target, endpoint_url="http://127.0.0.1:1")
        assert isinstance(store, DirectoryStore)
        assert str(store) == target.removeprefix("./")

    def test_a_home_is_found(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        assert open_store("~/voices").root == tmp_path / "voices"

    def test_boto3_is_not_paid_for(self):
        program = "import sys; from voices.stores.targets import open_store; open_store('x')"
        program += "; sys.exit('botocore' in sys.modules)"
        subprocess.run([sys.executable, "-c", program], check=True)


class TestVolumes:
    @pytest.mark.parametrize("written", ["EU-RO-1", "eu-ro-1"])
    def test_the_data_centre_names_the_server(self, runpod_keys, written):
        store = open_store(f"s3://v0lume1d/voices/?datacenter={written}")
        assert isinstance(store, S3Store)
        assert (store.bucket, store.prefix) == ("v0lume1d", "voices/")
        assert store._client.meta.endpoint_url == "https://s3api-eu-ro-1.runpod.io/"
        assert store._client.meta.region_name == "EU-RO-1"
        assert str(store) == "s3://v0lume1d/voices?datacenter=EU-RO-1"
        assert keys_of(store) == (CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key)

    @pytest.mark.parametrize("name", [*DATA_CENTRES, "AP-JP-1", "CA-MTL-3"])
    def test_every_data_centre_is_taken_the_unknown_ones_too(self, runpod_keys, name):
        store = open_store(f"s3://v0lume1d?datacenter={name}")
        assert store._client.meta.endpoint_url == f"https://s3api-{name.lower()}.runpod.io/"
        assert (store.prefix, str(store)) == ("", f"s3://v0lume1d?datacenter={name}")

    def test_its_server_may_be_replaced(self, runpod_keys, s3_server):
        store = open_store(f"s3://{BUCKET}/targets?datacenter=EU-RO-1", endpoint_url=s3_server.url)
        store.write("a/b", b"1")
        assert (s3_server.bucket_dir / "targets" / "a" / "b").read_bytes() == b"1"
        assert store._client.meta.region_name == "EU-RO-1"
        assert str(store) == f"s3://{BUCKET}/targets?datacenter=EU-RO-1 at {s3_server.url}"

    @pytest.mark.parametrize(
        "name", ["", "romania", "EU-RO", "EU-RO-1.evil.example/", "EU-RO-1&datacenter=US-KS-2"]
    )
    def test_a_malformed_data_centre_is_refused_with_the_list(self, runpod_keys, name):
        with pytest.raises(InvalidRequest, match=r"EU-CZ-1, EU-RO-1, .*US-WA-1") as refusal:
            open_store(f"s3://v0lume1d/voices?datacenter={name}")
        assert refusal.value.field == "target"


class TestOtherServers:
    @pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
    def test_aws_variables_name_the_server(self, monkeypatch, aws_keys, runpod_keys, variable):
        monkeypatch.setenv(variable, "https://s3.example.com")
        store = open_store("s3://bucket/a/b")
        assert (store.bucket, store.prefix) == ("bucket", "a/b/")
        assert store._client.meta.endpoint_url == "https://s3.example.com"
        assert store._client.meta.region_name == "us-east-1"
        assert keys_of(store) == ("AKIAOTHER", "other-secret")  # RunPod's are not for anybody's server

    def test_runpods_server_is_known_by_its_name(self, monkeypatch, aws_keys, runpod_keys):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3api-us-ks-2.runpod.io/")
        store = open_store("s3://v0lume1d/voices")
        assert store._client.meta.region_name == "US-KS-2"
        assert keys_of(store)[0] == CREDENTIALS.access_key_id

    def test_the_region_is_boto3s(self, monkeypatch, aws_keys):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-9")
        store = open_store("s3://bucket/x", endpoint_url="https://s3.example.com")
        assert store._client.meta.region_name == "eu-west-9"

    def test_without_a_server_both_ways_are_told(self, aws_keys):
        with pytest.raises(InvalidRequest, match=r"datacenter=EU-RO-1, .*--endpoint-url"):
            open_store("s3://bucket/x")


class TestCredentials:
    def test_a_profile_will_do(self, monkeypatch, tmp_path):
        (tmp_path / "credentials").write_text(
            "[volumes]\naws_access_key_id = user_profile\naws_secret_access_key = rps_profile\n"
        )
        monkeypatch.setenv("AWS_PROFILE", "volumes")
        assert keys_of(open_store("s3://v0lume1d/v?datacenter=EU-RO-1")) == ("user_profile", "rps_profile")

    def test_runpods_come_first(self, aws_keys, runpod_keys):
        assert keys_of(open_store("s3://v0lume1d/v?datacenter=EU-RO-1"))[0] == CREDENTIALS.access_key_id
        store = open_store("s3://v0lume1d/v", endpoint_url="https://s3.example.com")
        assert keys_of(store)[0] == CREDENTIALS.access_key_id

    def test_none_is_an_error_that_says_what_to_set(self):
        with pytest.raises(StoreFailure, match="no S3 keys were found; set RUNPOD_S3_ACCESS_KEY_ID and"):
            open_store("s3://v0lume1d/v?datacenter=EU-RO-1")

    def test_a_profile_that_is_not_there_is_an_error(self, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(StoreFailure, match="no usable S3 keys were found"):
            open_store("s3://v0lume1d/v?datacenter=EU-RO-1")

    def test_half_a_pair_is_an_error(self, monkeypatch, aws_keys):
        monkeypatch.setenv("RUNPOD_S3_ACCESS_KEY_ID", "user_alone")
        with pytest.raises(StoreFailure, match="RUNPOD_S3_SECRET_ACCESS_KEY is not set") as failure:
            open_store("s3://v0lume1d/v?datacenter=EU-RO-1")
        assert "user_alone" not in str(failure.value)


@pytest.mark.parametrize(
    "target",
    [
        "",
        " ",
        "a\0b",
        "https://v0lume1d/voices",
        "file:///voices",
        "s3:",
        "s3://",
        "s3:/v0lume1d/voices",
        "s3:///voices",
        "s3://v0lume1d:99999999/voices",
        "s3://[v0lume1d/voices",
        "s3://user_KEY:rps_SECRET@v0lume1d/voices?datacenter=EU-RO-1",
        "s3://v0lume1d/a//b?datacenter=EU-RO-1",
        "s3://v0lume1d/../b?datacenter=EU-RO-1",
        "s3://v0lume1d/a%2Fb?datacenter=EU-RO-1",
        "s3://v0lume1d/voices?datacenter=EU-RO-1#x",
        "s3://v0lume1d/voices?datacentre=EU-RO-1",
        "s3://v0lume1d/voices?datacenter=EU-RO-1&rps_SECRET=1",
        "s3://v0lume1d/voices?rps_SECRET",
    ],
)
def test_a_malformed_target_is_refused_without_repeating_it(runpod_keys, target):
    with pytest.raises(InvalidRequest) as refusal:
        open_store(target)
    assert refusal.value.field == "target"
    assert refusal.value.message.endswith(".")
    assert "SECRET" not in refusal.value.message
    assert "user_KEY" not in refusal.value.message


@pytest.mark.parametrize(
    "url",
    [
        "s3.example.com",
        "ftp://s3.example.com",
        "https://",
        "https://host:port",
        "https://id:SECRET@host",
        "https://SECRET@host",
        "https://host/bucket",
        "https://host?SECRET",
    ],
)
def test_a_malformed_endpoint_url_is_refused_without_repeating_it(runpod_keys, url):
    with pytest.raises(InvalidRequest, match="endpoint URL") as refusal:
        open_store("s3://bucket/x", endpoint_url=url)
    assert "SECRET" not in refusal.value.message
