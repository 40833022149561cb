"""The description of the API, made readable."""

import json

from cranny.pages.operator.reference import groups
from cranny.pages.operator.reference_shapes import shapes, spans
from cranny.ui.reference import Made

PATHS = {
    "/health/live": {"get": {"tags": ["health"], "operationId": "Live", "security": [], "responses": {"200": {}}}},
    "/v1/things/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}],
        "post": {
            "tags": ["things"],
            "operationId": "Change",
            "description": "Change `it`.\n\nProblems: `thing-gone`,\n`invalid`.",
            "parameters": [
                {"name": "how", "in": "query", "schema": {"oneOf": [{"type": "null"}, {"enum": ["up", "down"]}]}}
            ],
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {"allOf": [{"$ref": "#/components/schemas/Thing"}], "examples": [{"a": 1}, {"a": 2}]}
                    }
                }
            },
            "responses": {
                "201": {
                    "description": "Changed.",
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Page_a.b.Thing_"},
                            "examples": {"one": {"value": {"b": "ä"}}},
                        }
                    },
                },
                "default": {"description": "A problem (RFC 9457)"},
            },
        },
    },
    "/v1/deliveries": {"get": {"tags": ["deliveries"], "operationId": "List", "responses": {"200": {}}}},
}


def test_every_call_is_told_with_what_it_takes_and_gives() -> None:
    found = groups({"paths": PATHS})
    assert [group.name for group in found] == ["deliveries", "things", "health"]
    (call,) = found[1].calls
    assert (call.method, call.path, call.public) == ("POST", "/v1/things/{id}", False)
    assert [(field.name, field.where, field.made.words, field.required) for field in call.fields] == [
        ("id", "path", "uuid", True),
        ("how", "query", "up, down", False),
    ]
    assert call.about[1] == (
        (False, "Problems: "),
        (True, "thing-gone"),
        (False, ", "),
        (True, "invalid"),
        (False, "."),
    )
    assert (json.loads(call.body), json.loads(call.answer)) == ({"a": 1}, {"b": "ä"})
    assert call.answers == (("201", ((False, "Changed."),)),)
    assert (call.takes, call.gives) == (Made("", "Thing"), Made("a page of", "Thing"))
    assert found[2].calls[0].public


SCHEMAS = {
    "State": {"enum": ["on", "off"], "type": "string"},
    "Page_a.b.Thing_": {"properties": {}},
    "Thing": {
        "description": "`a` is one.",
        "required": ["a"],
        "properties": {
            "a": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How `many`."},
            "b": {"type": "array", "items": {"$ref": "#/components/schemas/State"}},
            "c": {"type": "object", "additionalProperties": {"type": "boolean"}},
            "d": {"oneOf": [{"$ref": "#/components/schemas/State"}, {"type": "null"}]},
        },
    },
}


def test_every_shape_is_told_with_its_fields() -> None:
    state, thing = shapes({"components": {"schemas": SCHEMAS}})
    assert (state.name, state.values, state.fields) == ("State", ("on", "off"), ())
    assert thing.about == (((True, "a"), (False, " is one.")),)
    assert [(field.name, field.made, field.required) for field in thing.fields] == [
        ("a", Made("integer from 1 to 9"), True),
        ("b", Made("a list of", "State"), False),
        ("c", Made("by name boolean"), False),
        ("d", Made("", "State", null=True), False),
    ]
    assert thing.fields[0].about == ((False, "How "), (True, "many"), (False, "."))


def test_a_sentence_falls_into_words_and_code() -> None:
    assert list(spans("`a` is b")) == [(True, "a"), (False, " is b")]
    assert list(spans("")) == []
