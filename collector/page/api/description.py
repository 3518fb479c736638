"""How is the API described to programs? As OpenAPI 3.1, made of the same queries and shapes that answer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from collector.page.api import history, kpis
from collector.page.api.shapes import schemas
from collector.page.source import LIMIT_S

if TYPE_CHECKING:
    from collector.page.api.routes import Address

_ABOUT = f"""Reads what the plant's store has and never changes anything.

Times are ISO 8601 with an offset or Z, or a date alone, which is the start of that production day; answers carry the
plant's offset. Unknown parameters and values are refused (400), each fault with its parameter. What takes longer than
{LIMIT_S:g} s ({kpis.LIMIT_S:g} s for KPIs) is cut off, and where too much is asked at the same time nothing is begun:
both are 503 with the reason and `Retry-After`. At once there are at most {kpis.MOST_VALUES} KPI values,
{kpis.MOST_EXPLAINED} explained ones, {kpis.MOST_PERIODS} periods and a range of {kpis.MOST_DAYS} days. At most
{history.MOST_STREAMS} histories are sent at a time, each for at most {history.LONGEST_S / 60:g} min.
"""


def description(addresses: Iterable["Address"]) -> dict[str, Any]:
    """The OpenAPI description of some addresses."""
    found, shapes = list(addresses), schemas()
    queries = [(one.query, "validation") for one in found]
    _, asked = models_json_schema(queries, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    named = asked["$defs"]
    models = {one.query.__name__: named.pop(one.query.__name__) for one in found if one.query.__name__ in named}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Smart Wings", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/api/v1"}],
        "paths": {one.path: {"get": _operation(one, models[one.query.__name__], shapes)} for one in found},
        "components": {"schemas": named | shapes, "responses": _RESPONSES},
    }


def _operation(address: "Address", query: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    content = {
        media: {"schema": {"$ref": f"#/components/schemas/{address.shape}"}} if media == "application/json" else {}
        for media in address.media
    }
    return {
        "operationId": address.path.strip("/"),
        "summary": shapes[address.shape]["description"],
        "parameters": [_parameter(name, schema, query) for name, schema in query.get("properties", {}).items()],
        "responses": {
            "200": {"description": "What was asked for.", "content": content},
            **{status: {"$ref": f"#/components/responses/{name}"} for status, name in _ERRORS.items()},
        },
    }


def _parameter(name: str, schema: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
    about = schema.pop("description", "")
    kinds = [kind for kind in schema.pop("anyOf", ()) if kind.get("type") != "null"]
    schema = {key: value for key, value in {**schema, **(kinds[0] if kinds else {})}.items() if key != "title"}
    if schema.get("default", ()) in (None, []):
        del schema["default"]
    return {
        "name": name,
        "in": "query",
        "description": about,
        "required": name in query.get("required", ()),
        "schema": schema,
    }


_ERRORS = {"400": "AskedWrongly", "401": "SignInFirst", "503": "NotNow"}
_FAULTS = {"application/json": {"schema": {"$ref": "#/components/schemas/Faults"}}}
_RESPONSES: dict[str, Any] = {
    "AskedWrongly": {"description": "Every parameter that is at fault, and what must be so.", "content": _FAULTS},
    "SignInFirst": {"description": "Off loopback, without a name and password."},
    "NotNow": {
        "description": "Why there is no answer now.",
        "content": _FAULTS,
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds until it makes sense."}},
    },
}
