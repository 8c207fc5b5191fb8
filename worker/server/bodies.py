"""Request bodies: JSON regardless of the content type, checked by models."""

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

    FastAPI would refuse JSON without its content type, and replace a timeout by its own error.
    """

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the request handler, which raises ``InvalidRequest`` unless the body is a JSON object."""
        handle = super().get_route_handler()
        if self.body_field is None or isinstance(self.body_field.field_info, Form):
            return handle

        async def read_first(request: Request) -> Response:
            return await handle(_ReadRequest(request, parse_object(await request.body())))

        return read_first


class _ReadRequest(Request):
    """A request whose body has been read: FastAPI sees its content, with JSON's content type."""

    def __init__(self, request: Request, content: dict[str, Any]) -> None:
        others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
        headers = [*others, (b"content-type", b"application/json")]
        super().__init__({**request.scope, "headers": headers}, request.receive)
        self._content = content

    @override
    async def body(self) -> bytes:
        return b"{}"  # not empty, so that FastAPI calls ``json``

    @override
    async def json(self) -> dict[str, Any]:
        return self._content


@dataclass(frozen=True)
class DescribedBy:
    """Names a body's model for the OpenAPI document only; the route or the service checks the body."""

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
    """Return FastAPI's annotation of a JSON body, with examples by summary."""
    shown: Any = {name.replace(" ", "-"): {"summary": name, "value": value} for name, value in values.items()}
    return Body(openapi_examples=shown)


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Parse a JSON object and omit its nulls; raises ``InvalidRequest`` for any other input.

    The content type is ignored: many clients send none, and curl sends a form's.
    """
    try:
        value = json.loads(data, strict=False)  # control characters in strings are harmless
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8: send JSON in that encoding.", field="body") from None
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not JSON: send a JSON object.", field="body") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is JSON, but not an object: send a JSON object.", field="body")
    return {name: each for name, each in value.items() if each is not None}


def read_model(model: type[M], body: Mapping[str, Any], remedies: Mapping[str, str]) -> M:
    """Validate a body by a model; raises ``InvalidRequest`` with the remedy of the first invalid field.

    The remedy under ``""`` ends the message about an unknown field.
    """
    for name in body:  # not left to the model, which fails on field names that are invalid Unicode
        if name not in model.model_fields:
            raise InvalidRequest(f"There is no field {name[:80]!r} {remedies['']}", field=name[:80])
    try:
        return model.model_validate(body)
    except ValidationError as error:
        field = str(error.errors(include_url=False)[0]["loc"][0])
    raise InvalidRequest(remedies[field], field=field)


def speech_input(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as a job's input; raises ``InvalidRequest`` for an action other than ``speak``."""
    if body.get("action", "speak") != "speak":
        raise InvalidRequest("action: over HTTP the path selects the action.", field="action")
    return body
