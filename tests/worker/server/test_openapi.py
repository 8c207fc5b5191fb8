"""The OpenAPI document, and responses that conform to it for any request."""

import contextlib
import json

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema_rs import validator_for
from schemathesis import checks
from scripted_engine import ScriptedEngine
from served import served

from worker.request import SpeechRequest

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
MEDIA = "application/json"


@pytest.fixture(scope="module")
def document(site):
    """The document, each reference replaced by the schema that it names."""
    document = httpx.get(f"{site.url}/openapi.json").json()
    schemas = document["components"]["schemas"]

    def resolved(part):
        match part:
            case {"$ref": reference, **others}:
                return resolved(schemas[reference.removeprefix("#/components/schemas/")] | others)
            case dict():
                return {name: resolved(each) for name, each in part.items()}
            case list():
                return [resolved(each) for each in part]
        return part

    return resolved(document)


def _operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_operation_is_described_and_tells_of_its_errors(document):
    operations = list(_operations(document))
    assert len(operations) >= 14
    for method, path, operation in operations:
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
        assert len(operation["responses"]) > 1, path
        if method == "post" and "requestBody" in operation and MEDIA in operation["requestBody"]["content"]:
            assert operation["requestBody"]["content"][MEDIA]["examples"], path


def test_every_error_has_an_example_that_fits_its_schema(document):
    for _, path, operation in _operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and "content" in answer:
                content = answer["content"][MEDIA]
                assert validator_for(content["schema"]).is_valid(content["example"]), (path, status)
                assert "error" in content["schema"]["properties"], (path, status)


def test_an_event_line_fits_the_schema_and_no_other_type_does(site, document):
    answers = document["paths"]["/tts/generate"]["post"]["responses"]
    line = validator_for(answers["200"]["content"]["application/x-ndjson"]["schema"])
    for body in ({"text": "Hello."}, {"text": "Hello.", "stream": False}):
        headers = {"Accept": "application/x-ndjson"}
        spoken = httpx.post(f"{site.url}/tts/generate", json=body, headers=headers, timeout=30)
        events = [json.loads(each) for each in spoken.text.splitlines()]
        assert {event["type"] for event in events} == {"start", "audio", "end"}
        for event in events:
            line.validate(event)
            assert not line.is_valid({**event, "type": "song"})


def test_every_field_of_a_request_is_in_the_document(document):
    schema = document["paths"]["/tts/generate"]["post"]["requestBody"]["content"][MEDIA]["schema"]
    assert set(schema["properties"]) == set(SpeechRequest.model_fields) - {"action"} | {
        "voice",
        "response_format",
    }


def test_every_example_is_valid_and_answered(site, document):
    for method, path, operation in _operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get(MEDIA)
        if content is None or "{" in path:
            continue
        for name, example in content["examples"].items():
            assert validator_for(content["schema"]).is_valid(example["value"]), name
            answer = httpx.request(method, f"{site.url}{path}", json=example["value"], timeout=30)
            assert answer.status_code in {200, 202}, (name, answer.text)
            mime = answer.headers["content-type"].partition(";")[0]
            assert mime in operation["responses"][str(answer.status_code)]["content"], name


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    """Every operation of a server that allows everything, as schemathesis reads it."""
    with served(ScriptedEngine(), tmp_path_factory.mktemp("voices"), voice_uploads=True) as site:
        schema = schemathesis.openapi.from_url(f"{site.url}/openapi.json")
        yield [found.ok() for found in schema.get_all_operations()]


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_whatever_is_asked_is_answered_as_the_document_says_and_never_by_a_server_error(operations, mode):
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
        def ask(case):
            case.call_and_validate(timeout=30, checks=CHECKS)

        with contextlib.suppress(Unsatisfiable):  # an operation without parameters cannot be asked wrongly
            ask()
