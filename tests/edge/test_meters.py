"""What a collector on the bank's machine reads of the lines to the lock boards."""

from dataclasses import fields

from cranny.edge.drivers import Meters, Tally
from cranny.edge.kiosk.meters import COUNTS

from .conftest import Bank


def test_every_count_is_told() -> None:
    assert set(COUNTS) == {field.name for field in fields(Tally)}


async def test_counters_of_every_board(bank: Bank) -> None:
    bank.board.meters = Meters(
        connected=False,
        connections=3,
        boards={2: Tally(requests=7, timeouts=1), 1: Tally(requests=9, noise_bytes=4, echoes=2)},
    )
    answer = await bank.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    told = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert told[:4] == [
        "cranny_board_line_connected 0",
        "cranny_board_line_connections_total 3",
        'cranny_board_requests_total{unit="1"} 9',
        'cranny_board_requests_total{unit="2"} 7',
    ]
    assert 'cranny_board_noise_bytes_total{unit="1"} 4' in told
    assert answer.text.count("# TYPE") == 2 + len(COUNTS)


async def test_a_simulated_cabinet_has_no_line(bank: Bank) -> None:
    answer = await bank.client.get("/metrics")
    assert "cranny_board_line_connected 1\n" in answer.text
    assert "unit=" not in answer.text
