"""The S3 store when something is wrong: whole files or a failure, told without secrets."""

import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from fault_proxy import Answer, Fault, at_random, in_turn
from s3_server import BUCKET, CREDENTIALS, IMPATIENT, QUICK, REGION

from voices.clips.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import StoreFailure, UnknownVoice, VoiceCorrupt
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from voices.stores.s3_store import S3Store

pytestmark = pytest.mark.process

# Three attempts of half a second each, and boto3's pauses between them, of up to 1 s and 2 s.
LONGEST_REQUEST_S = 3 * 0.5 + 1 + 2


class TestFaults:
    def test_any_operation_ends_well_or_as_a_store_failure(self, s3_store, through):
        contents = {f"voice-{n}": [bytes([n, turn]) * 40_000 for turn in range(2)] for n in range(12)}
        for name, (old, _) in contents.items():
            s3_store.write(f"{name}/a", old)
        faulty, proxy = through(at_random(0.3, seed=1))
        longest = []

        def use(name):
            key, outcomes = f"{name}/a", []
            for operation in (
                lambda: faulty.read(key) in contents[name],
                lambda: faulty.write(key, contents[name][1]) is None,
                lambda: faulty.version(key) is not None,
                lambda: faulty.files(name) == ["a"],
                lambda: faulty.names() == sorted(contents),
                lambda: faulty.write(f"{name}/b", b"") is None,
                lambda: faulty.delete(f"{name}/b") is None,
            ):
                began = time.monotonic()
                try:
                    outcomes.append(operation())
                except StoreFailure:
                    outcomes.append(None)
                longest.append(time.monotonic() - began)
            return outcomes

        with ThreadPoolExecutor(len(contents)) as threads:
            outcomes = [outcome for each in threads.map(use, contents) for outcome in each]
        assert False not in outcomes
        assert outcomes.count(True) > len(outcomes) * 0.6
        assert len(proxy.requests) > len(outcomes)
        # The longest operation, a read, makes four requests; the rest is what a loaded machine adds.
        assert max(longest) < 4 * LONGEST_REQUEST_S + 5
        for name, either in contents.items():
            assert s3_store.read(f"{name}/a") in either

    @pytest.mark.parametrize("fault", list(Fault))
    def test_one_fault_is_overcome(self, s3_store, through, fault):
        data = bytes(range(256)) * 500
        s3_store.write("a/b", data)
        assert through(in_turn(fault))[0].read("a/b") == data
        through(in_turn(fault))[0].write("a/b", data[::-1])
        assert s3_store.read("a/b") == data[::-1]

    @pytest.mark.parametrize("fault", [Fault.CUT_BODY, Fault.RESET_BODY, Fault.STALL_BODY])
    def test_a_body_that_always_breaks_off_is_never_returned(self, s3_store, through, fault):
        s3_store.write("a/b", bytes(200_000))
        faulty, proxy = through(lambda _: fault)
        with pytest.raises(StoreFailure, match=r"Could not read a/b from s3://.*: .*try again"):
            faulty.read("a/b")
        assert len(proxy.requests) == IMPATIENT.repeats + 1

    def test_a_write_that_did_not_arrive_whole_is_a_failure(self, through):
        store, _ = through(in_turn(Answer(200), Answer(200, b"", (("ETag", '"x"'), ("content-length", "3")))))
        with pytest.raises(StoreFailure, match="3 of 5 bytes arrived"):
            store.write("a/b", b"12345")
        store, _ = through(in_turn(Answer(200), Answer(404)))
        with pytest.raises(StoreFailure, match="0 of 5 bytes arrived"):
            store.write("a/b", b"12345")


def every_use(store):
    """Name every use of a store, for failures that all must tell."""
    return {
        "names": store.names,
        "files": lambda: store.files("anna"),
        "version": lambda: store.version("anna/a"),
        "read": lambda: store.read("anna/a"),
        "write": lambda: store.write("anna/a", b"1"),
        "delete": lambda: store.delete("anna/a"),
    }


class TestFailures:
    @pytest.mark.parametrize("use", ["names", "files", "version", "read", "write", "delete"])
    @pytest.mark.parametrize("wrong", ["secret", "id", "bucket", "server"])
    def test_what_is_wrong_is_told_without_secrets(self, s3_server, caplog, wrong, use):
        caplog.set_level(logging.DEBUG)
        credentials = {
            "secret": replace(CREDENTIALS, secret_access_key="rps_not_this_one"),
            "id": replace(CREDENTIALS, access_key_id="user_not_this_one"),
        }.get(wrong, CREDENTIALS)
        store = S3Store(
            "nosuchvolume" if wrong == "bucket" else BUCKET,
            "voices/",
            endpoint_url="http://127.0.0.1:9" if wrong == "server" else s3_server.url,
            region=REGION,
            credentials=credentials,
            limits=replace(QUICK, attempts=1),
        )
        with pytest.raises(StoreFailure) as failure:
            every_use(store)[use]()
        assert {
            "secret": "Settings > S3 API keys",
            "id": "Settings > S3 API keys",
            "bucket": "there is no such volume",
            "server": "cannot be reached",
        }[wrong] in failure.value.message
        shown = [*traceback.format_exception(failure.value), caplog.text, str(store), repr(store)]
        for secret in (credentials.access_key_id, credentials.secret_access_key, "AWS4-HMAC", "Signature="):
            assert not any(secret in text for text in shown)

    @pytest.mark.parametrize(
        ("status", "code", "sentence"),
        [
            (403, "AccessDenied", "RunPod's S3 keys are not its API key"),
            (403, "RequestTimeTooSkewed", "clock is wrong"),
            (507, "InsufficientStorage", "the volume is full"),
            (502, "BadGateway", "the server is unavailable (HTTP 502)"),
            (400, "EntityTooLarge", "larger than 500 MB"),
            (400, "Peculiar", "the server refused the request (Peculiar, HTTP 400)"),
            (400, "user_x", "the server refused the request (HTTP 400)"),
        ],
    )
    def test_an_answer_becomes_advice_and_is_not_quoted(self, through, status, code, sentence):
        echo = (
            f"<AWSAccessKeyId>{CREDENTIALS.access_key_id}</AWSAccessKeyId><Message>Authorization: x</Message>"
        )
        store, _ = through(lambda _: Answer.error(status, code, echo), replace(IMPATIENT, attempts=1))
        with pytest.raises(StoreFailure) as failure:
            store.write("a/b", b"1")
        assert sentence in failure.value.message
        told = "".join(traceback.format_exception(failure.value))
        assert CREDENTIALS.access_key_id not in told
        assert "Authorization" not in told

    def test_a_web_page_is_neither_a_listing_nor_a_missing_file(self, through):
        answers = in_turn(*(Answer(status, b"<html><p>Welcome") for status in (200, 404, 404)))
        store, _ = through(answers, replace(IMPATIENT, attempts=1))
        with pytest.raises(StoreFailure):
            store.names()
        for use in (store.names, lambda: store.read("anna/a")):
            with pytest.raises(StoreFailure, match="does not answer like an S3 server"):
                use()

    def test_a_server_that_does_not_answer_is_given_up(self, through):
        store, _ = through(lambda _: Fault.STALL, replace(IMPATIENT, attempts=1))
        with pytest.raises(StoreFailure, match="did not answer in time"):
            store.version("a/b")

    def test_keys_show_in_no_representation(self):
        assert "user_" not in repr(CREDENTIALS)
        assert "rps_" not in repr(CREDENTIALS)


class TestABucketThatLies:
    """Whatever is answered in a file's place, a reader gets the voice that was published, or an error."""

    @pytest.fixture
    def anna(self, s3_store, prepared):
        for voice_id, name in (("anna", "Anna"), ("bob", "Bob")):
            conditionals = Conditionals("engine-1", {"name": np.frombuffer(name.encode(), np.uint8).copy()})
            clip = Clip(prepared.clip.samples / np.float32(len(name)))
            own = replace(prepared, clip=clip)
            Publisher(VoiceRegistry(s3_store)).add(voice_id, own, [conditionals], name=name)

    def _spoken(self, store):
        registry = VoiceRegistry(store)
        voice = registry.get("anna")
        registry.check(voice)
        read = registry.conditionals(voice, "engine-1")
        return voice.manifest.name, bytes(read.tensors["name"])

    @pytest.mark.parametrize("part", ["voice.json", "reference.flac", "conditionals-engine-1.safetensors"])
    @pytest.mark.parametrize("lie", ["another's", "shorter", "longer", "promised longer", "garbage", "empty"])
    def test_another_content_or_length_is_never_a_wrong_voice(self, s3_store, through, anna, part, lie):
        bobs = s3_store.read(f"bob/{part}")

        def altered(answer):
            body = {
                "another's": bobs,
                "shorter": answer.body[:-7],
                "longer": answer.body + b"       x",
                "garbage": b"\xff" * len(answer.body),
                "empty": b"",
                "promised longer": answer.body,
            }[lie]
            promised = len(body) + 5 * (lie == "promised longer")
            headers = {
                **{name.lower(): value for name, value in answer.headers},
                "content-length": str(promised),
            }
            return replace(answer, body=body, headers=tuple(headers.items()))

        def choose(request):
            return altered if request.method == "GET" and f"anna/{part}" in request.path else None

        store, _ = through(choose, replace(IMPATIENT, attempts=1, repeats=1))
        with pytest.raises((StoreFailure, VoiceCorrupt)):
            self._spoken(store)
        assert self._spoken(s3_store) == ("Anna", b"Anna")

    def test_a_listing_that_names_what_is_not_there_gives_no_such_voice(self, through, anna):
        def choose(request):
            return with_a_ghost if request.method == "GET" and "list-type" in request.path else None

        def with_a_ghost(answer):
            body = answer.body.replace(b"bob/", b"eve/")
            headers = {
                **{name.lower(): value for name, value in answer.headers},
                "content-length": str(len(body)),
            }
            return replace(answer, body=body, headers=tuple(headers.items()))

        registry = VoiceRegistry(through(choose)[0])
        assert "eve" in registry.store.names()
        assert registry.ids() == ["anna"]
        with pytest.raises(UnknownVoice):
            registry.get("eve")

    @pytest.mark.parametrize("fault", [Fault.CUT_BODY, Fault.RESET_BODY, Fault.STALL_BODY, Fault.STALL])
    def test_a_server_that_stops_in_the_middle_of_an_answer_is_given_up(self, through, anna, fault):
        store, _ = through(lambda _: fault, replace(IMPATIENT, attempts=1, repeats=1))
        with pytest.raises(StoreFailure):
            VoiceRegistry(store).get("anna")
