"""The description of the API, made readable."""

import json

from cranny.pages.operator.reference import groups, spans

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
            "requestBody": {"content": {"application/json": {"schema": {"examples": [{"a": 1}, {"a": 2}]}}}},
            "responses": {
                "201": {
                    "description": "Changed.",
                    "content": {"application/json": {"examples": {"one": {"value": {"b": "ä"}}}}},
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
    assert [(field.name, field.where, field.kind, field.required) for field in call.fields] == [
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
    assert call.answers == (("201", "Changed."),)
    assert found[2].calls[0].public


def test_a_sentence_falls_into_words_and_code() -> None:
    assert spans("`a` is b") == [(True, "a"), (False, " is b")]
    assert spans("") == []
