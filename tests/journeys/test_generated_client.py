"""Somebody makes a Python client from docs/openapi.json with a generator of others (openapi-python-client), and lives
the main story with its typed models: announced, deposited at the virtual bank, told in the log, collected."""

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from .house import House, fresh_key, together
from .parcels import bank_file, opens
from .patience import eventually

pytestmark = [*together(), pytest.mark.prove]

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.json"
NAME = "lockers_client"
UNDERSTOOD = "Unsupported content type application/yaml"
"""All that the generator may complain of: a bank's file as YAML, which the same operation takes as JSON."""


class Generated:
    """The client's modules: `models.DeliveryAsked`, `api.deliveries.announce_delivery`."""

    def __init__(self, said: str) -> None:
        self.said = said
        self.models = importlib.import_module(f"{NAME}.models")
        self.client = importlib.import_module(f"{NAME}.client")

    def operation(self, tag: str, name: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.api.{tag}.{name}")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    place = tmp_path_factory.mktemp("client")
    settings = place / "settings.yaml"
    settings.write_text("post_hooks: []\n")
    tool = Path(sys.executable).with_name("openapi-python-client")
    made = subprocess.run(  # noqa: S603 - a pinned tool, on our own file
        [
            tool,
            "generate",
            "--path",
            DESCRIPTION,
            "--output-path",
            place / NAME,
            "--config",
            settings,
            "--meta",
            "none",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(place))
    yield Generated(made.stdout + made.stderr)
    sys.path.remove(str(place))
    for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
        del sys.modules[name]
    shutil.rmtree(place)


async def test_the_generator_understands_the_description(generated: Generated) -> None:
    complaints = re.findall(r"^(?:Unsupported|ERROR|Cannot|Unable|Could not).*$", generated.said, re.MULTILINE)
    assert complaints == [UNDERSTOOD]
    assert generated.said.count("WARNING") == 1


class Integrator:
    """Whoever uses the generated client: each operation by its tag and name, typed."""

    def __init__(self, generated: Generated, client: Any) -> None:
        self._generated = generated
        self.models = generated.models
        self._client = client

    async def does(self, tag: str, name: str, *at: Any, **more: Any) -> Any:
        return await self._generated.operation(tag, name).asyncio(*at, client=self._client, **more)

    async def looks(self, delivery: UUID) -> Any:
        return await self.does("deliveries", "get_delivery", delivery)

    async def sees(self, delivery: UUID, state: Any) -> Any:
        """The delivery, once it is so."""

        async def there() -> Any:
            shown = await self.looks(delivery)
            return shown if shown.state is state else None

        return await eventually(there)

    async def bank(self) -> tuple[UUID, str]:
        """(a new bank, a claim for its controller)"""
        file = self.models.AddBankJsonBody.from_dict(bank_file({"M": 3}))
        bank = await self.does("banks", "add_bank", body=file, idempotency_key=fresh_key())
        assert isinstance(bank, self.models.Bank)
        claim = await self.does("banks", "make_claim", bank.id, idempotency_key=fresh_key())
        return bank.id, claim.claim

    async def announces(self, bank: UUID) -> Any:
        asked = self.models.DeliveryAsked(
            bank=bank,
            items=[self.models.ItemAsked(tracking=f"G-{fresh_key()}", width=300, height=150, depth=400)],
            recipient=self.models.RecipientAsked(email="ada@example.org", language="de"),
            reference="order 4711",
        )
        deed = fresh_key()
        announced = await self.does("deliveries", "announce_delivery", body=asked, idempotency_key=deed)
        again = await self.does("deliveries", "announce_delivery", body=asked, idempotency_key=deed)
        assert announced == again == await self.looks(announced.id)
        assert isinstance(announced.id, UUID)
        assert announced.state is self.models.Delivery.ANNOUNCED
        return announced


@pytest_asyncio.fixture(loop_scope="session")
async def who(house: House, generated: Generated) -> AsyncIterator[Integrator]:
    client = generated.client.AuthenticatedClient(base_url=house.url, token=house.key, raise_on_unexpected_status=True)
    async with client:
        yield Integrator(generated, client)


async def test_the_main_story_with_typed_models(house: House, who: Integrator) -> None:
    bank, claim = await who.bank()
    async with house.edge("generated", claim) as kiosk:
        announced = await who.announces(bank)
        opened = await opens(kiosk, announced.items[0].tracking)
        await kiosk.act(opened["door"], "put", "shut")
        stored = await who.sees(announced.id, who.models.Delivery.STORED)
        assert (stored.door, stored.reference) == (opened["door"], "order 4711")
        await kiosk.done(opened["visit"])

        why = who.models.RevealAsked(reason="generated")
        shown = await who.does("grants", "reveal_grant", stored.grants.collect, body=why, idempotency_key=fresh_key())
        await kiosk.act((await opens(kiosk, shown.qr))["door"], "take", "shut")
        collected = await who.sees(announced.id, who.models.Delivery.COLLECTED)
        assert collected.ended_at >= collected.stored_at >= collected.created

    told = await who.does("events", "list_events", subject=f"deliveries/{announced.id}")
    types = [event.type_ for event in told.items]
    assert types == ["delivery.announced", "delivery.stored", "delivery.collected"]
    assert told.items[1].data.additional_properties["door"] == stored.door


async def test_a_problem_is_typed_too(who: Integrator) -> None:
    missing = await who.looks(UUID(int=1))
    assert isinstance(missing, who.models.Problem)
    assert (missing.code, missing.status) == ("delivery-not-found", 404)
