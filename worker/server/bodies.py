"""Bodies of requests: JSON whatever its content type says, read within bounds and checked by models."""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Body, Header
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, core_schema
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from voices.errors import InvalidRequest

M = TypeVar("M", bound=BaseModel)

RequestId = Annotated[
    str | SkipJsonSchema[None],
    Header(
        description="Names the request in the server's log and in `X-Request-Id`: 1 to 64 of A-Z, a-z, 0-9, "
        "'.', '_' and '-'. Any other name is replaced."
    ),
]
"""The header ``X-Request-Id``."""


class JsonRoute(APIRoute):
    """A route whose JSON body is read by ``parse_object``, before FastAPI sees the request.

    FastAPI would refuse JSON without its content type, and hide a timeout in an error of its own.
    """

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request; raises ``InvalidRequest`` unless its body is a JSON object."""
        handle = super().get_route_handler()
        if self.body_field is None or isinstance(self.body_field.field_info, Form):
            return handle

        async def read_first(request: Request) -> Response:
            return await handle(_ReadRequest(request, parse_object(await request.body())))

        return read_first


class _ReadRequest(Request):
    """A request whose body has been read: FastAPI gets the content, under a content type of JSON."""

    def __init__(self, request: Request, content: dict[str, Any]) -> None:
        others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
        headers = [*others, (b"content-type", b"application/json")]
        super().__init__({**request.scope, "headers": headers}, request.receive)
        self._content = content

    @override
    async def body(self) -> bytes:
        return b"{}"  # not empty, so that FastAPI asks for the JSON

    @override
    async def json(self) -> dict[str, Any]:
        return self._content


@dataclass(frozen=True)
class DescribedBy:
    """Names the model that describes a body in the document, where a route or the service checks the body."""

    model: type[BaseModel]

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Accept every value."""
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the model's schema."""
        return handler(self.model.__pydantic_core_schema__)


def examples(values: Mapping[str, dict[str, Any]]) -> Any:
    """Return FastAPI's annotation of a JSON body; its examples are named by their summaries."""
    shown: Any = {name.replace(" ", "-"): {"summary": name, "value": value} for name, value in values.items()}
    return Body(openapi_examples=shown)


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Read a JSON object, its nulls left out; raises ``InvalidRequest`` for anything else, however malformed.

    The content type does not matter: many clients send none, and curl names a form's.
    """
    try:
        value = json.loads(data, strict=False)  # a control character in a string does no harm
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8: send JSON in that encoding.", field="body") from None
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not JSON: send a JSON object.", field="body") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is JSON, but not an object: send one.", field="body")
    return {name: each for name, each in value.items() if each is not None}


def read_model(model: type[M], body: Mapping[str, Any], remedies: Mapping[str, str]) -> M:
    """Check a body by a model; raises ``InvalidRequest`` with the remedy of the first field at fault.

    The remedy under ``""`` ends the message about an unknown field.
    """
    for name in body:  # not left to the model, which cannot name a field that is no valid Unicode
        if name not in model.model_fields:
            raise InvalidRequest(f"There is no field {name[:80]!r} {remedies['']}", field=name[:80])
    try:
        return model.model_validate(body)
    except ValidationError as error:
        field = str(error.errors(include_url=False)[0]["loc"][0])
    raise InvalidRequest(remedies[field], field=field)


def speech_input(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as a job's input that speaks; raises ``InvalidRequest`` for another action."""
    if body.get("action", "speak") != "speak":
        raise InvalidRequest("action: over HTTP the path says what to do.", field="action")
    return body
