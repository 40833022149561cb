"""Writes the protocol between bank and server as an AsyncAPI 3 document to docs/asyncapi.json, made from wire/:

.venv/bin/python -m scripts.bank_protocol
"""

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

import cranny
from cranny.web.literal import ecma
from cranny.wire import acks, commands, facts, kinds, messages, subjects

FILE = Path(__file__).parents[1] / "docs" / "asyncapi.json"
TENANT, BANK = UUID(int=1), UUID(int=2)
REF = "#/components/schemas/{name}"
SIGNED: dict[str, tuple[type[msgspec.Struct], str]] = {
    "factBatch": (messages.FactBatch, "facts"),
    "ackFor": (acks.AckFor, "ack"),
    "beat": (messages.Beat, "beat"),
    "pull": (messages.Pull, "pull"),
    "downlink": (messages.Downlink, "downlink"),
    "command": (commands.Command, "command"),
    "commandReply": (commands.CommandReply, "command-reply"),
}
"""Every message that travels in a signed envelope: its shape, and the purpose it is signed for."""
ABOUT = """What a bank and the server say to each other over NATS. Messages are MessagePack inside COSE_Sign1 envelopes
(EdDSA; the purpose stands in the external data), so schemas are told in the terms of JSON: bytes are base64 there and
plain bytes on the wire, ids are 16 bytes in facts. Facts are deterministic CBOR, hash-chained, and permanent."""


def described() -> str:
    document = {
        "asyncapi": "3.0.0",
        "id": "urn:cranny:bank-protocol",
        "info": {"title": "Cranny, bank and server", "version": cranny.__version__, "description": ABOUT},
        "defaultContentType": "application/cose",
        "servers": {
            "broker": {
                "host": "nats.example:4222",
                "protocol": "nats",
                "description": "A bank signs in with its NKEY; it publishes below its `up` and hears its `down`.",
            }
        },
        "channels": channels(),
        "operations": operations(),
        "components": {"messages": told(), "schemas": schemas()},
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def channels() -> dict[str, Any]:
    answers = {"address": None, "description": "Where who asked hears the answer: `_INBOX_<bank>.…`, or the server's."}
    return {
        "facts": _channel(subjects.facts, ["factBatch"]),
        "beat": _channel(subjects.beat, ["beat"]),
        "pull": _channel(subjects.pull, ["pull"]),
        "poke": _channel(subjects.poke, ["poke"]),
        "command": _channel(subjects.command, ["command"]),
        "answers": {**answers, "messages": _named(["ackFor", "downlink", "commandReply"])},
    }


def _channel(address: Any, names: Sequence[str]) -> dict[str, Any]:
    shown = address(TENANT, BANK).replace(TENANT.hex, "{tenant}").replace(BANK.hex, "{bank}")
    digits = "32 hexadecimal digits: the id without hyphens."
    return {
        "address": shown,
        "description": inspect.getdoc(address) or "How the bank is, and a fresh token.",
        "messages": _named(names),
        "parameters": {"tenant": {"description": digits}, "bank": {"description": digits}},
    }


def _named(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def operations() -> dict[str, Any]:
    """As the server sees it: it receives what goes up, and sends what goes down."""
    return {
        "takeFacts": _operation("receive", "facts", "factBatch", "ackFor"),
        "hearBeat": _operation("receive", "beat", "beat"),
        "givePage": _operation("receive", "pull", "pull", "downlink"),
        "pokeBank": _operation("send", "poke", "poke"),
        "askBank": _operation("send", "command", "command", "commandReply"),
    }


def _operation(action: str, channel: str, message: str, reply: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }
    if reply:
        found["reply"] = {
            "channel": {"$ref": "#/channels/answers"},
            "messages": [{"$ref": f"#/channels/answers/messages/{reply}"}],
        }
    return found


def told() -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {
            "name": kind.__name__,
            "summary": f"Signed for the purpose `{purpose}`.",
            "description": inspect.getdoc(kind) or "",
            "contentType": "application/cose",
            "payload": {"$ref": REF.format(name=kind.__name__)},
        }
        for name, (kind, purpose) in SIGNED.items()
    }
    found["poke"] = {
        "name": "Poke",
        "summary": "Empty: there is something to pull.",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "maxLength": 0},
    }
    return found


def schemas() -> dict[str, Any]:
    """Of the messages, of a fact, and of every body that a fact may have, by its kind."""
    every = [kind for kind, _ in SIGNED.values()]
    _, found = msgspec.json.schema_components([*every, facts.Fact, *kinds.KINDS.values()], ref_template=REF)
    found["FactKind"] = {"type": "string", "enum": sorted(kinds.KINDS), "description": "What a fact tells."}
    for kind, body in kinds.KINDS.items():
        found[body.__name__]["x-fact-kind"] = kind
    return {name: _as_asyncapi(schema) for name, schema in found.items()}


def _as_asyncapi(schema: Any) -> Any:
    """OpenAPI's discriminator is an object, AsyncAPI's the name of the property; Python's patterns are not JSON's."""
    if isinstance(schema, list):
        return [_as_asyncapi(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _member(name, part) for name, part in schema.items()}


def _member(name: str, part: Any) -> Any:
    if name == "discriminator" and isinstance(part, dict):
        return part["propertyName"]
    return ecma(part) if name == "pattern" and isinstance(part, str) else _as_asyncapi(part)


if __name__ == "__main__":
    FILE.write_text(described(), encoding="utf-8")
