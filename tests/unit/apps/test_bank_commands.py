"""What the commands about banks say when a file or an answer is not what it should be."""

from pathlib import Path

import httpx2
import pytest

from cranny.apps import cli
from cranny.apps.cli import bank
from cranny.apps.cli.bank import read_file
from cranny.core.errors import CrannyError, Invalid


def test_a_shipped_bank_is_found_by_its_name() -> None:
    assert "compartments" in read_file(Path("corner-20"))


def test_a_file_that_can_not_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"name: Caf\xe9\n")
    for file, code, why in (
        (tmp_path / "nothing", "no-such-file", "corner-20"),
        (tmp_path, "file-unreadable", "Is a directory"),
        (tmp_path / "latin", "file-unreadable", "UTF-8 (byte 9)"),
    ):
        with pytest.raises(Invalid) as caught:
            read_file(file)
        assert (caught.value.code, why in caught.value.detail) == (code, True)


def answering(monkeypatch: pytest.MonkeyPatch, answer: httpx2.Response) -> CrannyError:
    def ask(method: str, url: str, **_: object) -> httpx2.Response:
        answer.request = httpx2.Request(method, url)
        return answer

    monkeypatch.setattr(httpx2, "request", ask)
    with pytest.raises(CrannyError) as caught:
        bank.call("http://lockers.example", "crn_x", "GET", "/v1/banks")
    return caught.value


def test_every_mistake_in_a_file_is_shown_with_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [{"line": 8, "path": "height", "message": "too low"}, {"line": 9, "path": "x", "message": "no [feature]"}]
    problem = {"code": "bank-file-invalid", "detail": "line 8: too low (1 more)", "errors": errors}
    error = answering(monkeypatch, httpx2.Response(400, json=problem))
    assert cli._say([error]) == 78
    assert capsys.readouterr().err == "bank-file-invalid: line 8: too low (1 more)\n  line 9: no [feature]\n"


def test_whoever_else_answers_is_not_taken_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (httpx2.Response(502, text="<h1>Bad Gateway</h1>"), httpx2.Response(404, json=["who?"])):
        error = answering(monkeypatch, answer)
        assert (error.code, error.retry) == ("server-silent", True)
        assert f"lockers.example answers {answer.status_code}" in error.detail


def test_without_a_key_it_is_said_where_one_comes_from() -> None:
    with pytest.raises(Invalid) as caught:
        bank.call(bank.HERE, bank.UNSAID, "GET", "/v1/banks")
    assert caught.value.code == "api-key-unsaid"
    assert "CRANNY_API_KEY" in caught.value.detail
    assert "cranny tenant add" in caught.value.detail
