"""The S3 store: the files that a worker sees, by the operations that RunPod has."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from fault_proxy import Answer, in_turn
from s3_server import BUCKET, CREDENTIALS, QUICK, REGION

from voices.errors import StoreFailure
from voices.stores.s3_client import S3Limits
from voices.stores.s3_store import S3Store
from voices.voice import MANIFEST_FILE

pytestmark = pytest.mark.process

SUPPORTED = {"GetObject", "PutObject", "HeadObject", "DeleteObject", "ListObjectsV2"}


def listing(*keys, token=None, folders=()):
    """Answer as ListObjectsV2 does."""
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
    body = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    body += "".join(f"<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>" for key in folders)
    return Answer(200, f"<ListBucketResult>{body}{more if token else ''}</ListBucketResult>".encode())


class TestOnTheVolume:
    def test_what_is_written_is_the_file_that_a_worker_sees(self, s3_server, s3_store):
        s3_store.write("anna/voice.json", b"{}")
        assert (s3_server.bucket_dir / s3_store.prefix / "anna" / "voice.json").read_bytes() == b"{}"

    def test_what_a_worker_writes_is_read(self, s3_server, s3_store):
        folder = s3_server.bucket_dir / s3_store.prefix / "bob"
        folder.mkdir(parents=True)
        (folder / "voice.json").write_bytes(b"{}")
        (s3_server.bucket_dir / s3_store.prefix / "empty").mkdir()
        time.sleep(0.01)  # the server looks at the disk every millisecond
        assert s3_store.read("bob/voice.json") == b"{}"
        assert s3_store.names() == ["bob", "empty"]
        s3_store.prune("empty")
        assert s3_store.names() == ["bob"]

    def test_only_operations_that_runpod_has_are_used(self, s3_store, prepared):
        used = set()
        s3_store._client.meta.events.register("before-call.s3", lambda model, **_: used.add(model.name))
        s3_store.write("anna/a", b"1")
        s3_store.version("anna/b")
        s3_store.read("anna/a")
        s3_store.names()
        s3_store.files("anna")
        s3_store.delete("anna/a")
        s3_store.prune("anna")
        assert used == SUPPORTED

    def test_requests_are_plain(self, through):
        store, proxy = through(in_turn())
        store.write("anna/a", b"1")
        store.read("anna/a")
        assert all(request.path.startswith(f"/{BUCKET}/") for request in proxy.requests)
        for request in proxy.requests:
            headers = {name.lower(): value for name, value in request.headers}
            assert f"/{REGION}/s3/aws4_request" in headers["authorization"]
            assert not {"content-encoding", "transfer-encoding", "x-amz-trailer"} & set(headers)
            assert not any(name.startswith("x-amz-checksum") for name in headers)

    def test_over_tls_a_body_is_sent_as_it_is(self):
        # boto3 chooses how to send by the URL's scheme: what http shows proves nothing of https.
        store = S3Store("v0", "", endpoint_url="https://s3.invalid", region=REGION, credentials=CREDENTIALS)
        sent = []

        def stop(request, **_):
            sent.append(request.headers)
            raise KeyboardInterrupt

        store._client.meta.events.register("before-send.s3.PutObject", stop)
        with pytest.raises(KeyboardInterrupt):
            store.write("anna/a", b"12345")
        assert sent[0]["Content-Length"] == "5"
        assert sent[0]["X-Amz-Content-SHA256"] != b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        assert not {"Content-Encoding", "Transfer-Encoding", "X-Amz-Trailer"} & set(sent[0].keys())

    def test_as_many_connections_as_calls_at_once_are_kept(self, s3_store):
        assert s3_store._client.meta.config.max_pool_connections == S3Store.parallel == 16

    def test_by_default_ten_attempts_are_made(self, s3_server):
        config = s3_server.store(limits=S3Limits())._client.meta.config
        assert config.retries == {"mode": "standard", "total_max_attempts": 10}


class TestListing:
    def test_twelve_thousand_voices_take_a_page_a_thousand(self, s3_server, through):
        store, proxy = through(in_turn(), QUICK)
        root = s3_server.bucket_dir / store.prefix
        root.mkdir()
        names = [f"voice-{number:05d}" for number in range(12_000)]
        for name in names:
            (root / name).mkdir()
            (root / name / MANIFEST_FILE).touch()
        assert store.names() == names
        assert len(proxy.requests) == 12

    def test_folders_and_hidden_keys_are_understood(self, through):
        prefix = through(in_turn())[0].prefix
        answer = listing(
            *(prefix, f"{prefix}empty/", f"{prefix}bare.wav", f"{prefix}.s3compat_uploads/"),
            folders=[f"{prefix}anna/", f"{prefix}empty/", f"{prefix}.s3compat_uploads/"],
        )
        assert through(in_turn(answer))[0].names() == ["anna", "bare.wav", "empty"]
        answer = listing(
            f"{prefix}anna/", f"{prefix}anna/voice.json", f"{prefix}anna/.part", f"{prefix}anna/x/"
        )
        assert through(in_turn(answer))[0].files("anna") == [".part", "voice.json"]

    def test_pages_follow_one_another(self, through):
        prefix = through(in_turn())[0].prefix
        pages = [
            listing(f"{prefix}{name}", token=token) for name, token in [("a", "t1"), ("b", "t2"), ("c", None)]
        ]
        store, proxy = through(in_turn(*pages))
        assert store.names() == ["a", "b", "c"]
        queries = [parse_qs(urlsplit(request.path).query) for request in proxy.requests]
        assert [query.get("continuation-token") for query in queries] == [None, ["t1"], ["t2"]]

    def test_a_page_that_leads_nowhere_is_asked_for_again(self, through):
        prefix = through(in_turn())[0].prefix
        stuck = listing(f"{prefix}wrong", token="t1")
        store, _ = through(in_turn(listing(f"{prefix}a", token="t1"), stuck, stuck, listing(f"{prefix}b")))
        assert store.names() == ["a", "b"]

    @pytest.mark.parametrize("tokens", [["t1"], ["t1", "t2"]], ids=["same", "circle"])
    def test_a_listing_that_never_ends_is_a_failure(self, through, tokens):
        asked = []

        def choose(request):
            asked.append(request)
            return listing("x", token=tokens[len(asked) % len(tokens)] if len(asked) < 4 else tokens[0])

        store, proxy = through(choose)
        with pytest.raises(StoreFailure, match="the listing does not advance"):
            store.names()
        assert len(proxy.requests) <= 8

    def test_a_truncated_page_without_a_token_is_a_failure(self, through):
        answer = Answer(200, b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")
        with pytest.raises(StoreFailure, match="does not advance"):
            through(lambda _: answer)[0].names()


class TestPruning:
    def test_only_an_empty_folder_is_removed(self, through):
        prefix = through(in_turn())[0].prefix
        marker = f"{prefix}anna/"

        def deleted_after(*answers):
            store, proxy = through(in_turn(*answers, Answer(204)))
            store.prune("anna")
            return [urlsplit(each.path).path for each in proxy.requests if each.method == "DELETE"]

        assert deleted_after(listing(marker), listing(folders=[marker])) == [f"/{BUCKET}/{marker}"]
        assert deleted_after(listing(), listing(marker)) == [f"/{BUCKET}/{marker}"]
        assert deleted_after(listing(marker, f"{marker}voice.json")) == []
        assert deleted_after(listing(folders=[f"{marker}deeper/"])) == []
        assert deleted_after(listing(), listing(f"{prefix}anna")) == []  # a file of that name
        assert deleted_after(listing(), listing(folders=[f"{prefix}anna2/"])) == []
