"""What the wall around every command makes of an interrupt."""

from __future__ import annotations

import pytest
import typer

from auditor.exits import exits


class _Busy:
    """Something that cannot be closed while it is at work, as a database may say."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        raise RuntimeError("busy with another call")


@pytest.mark.parametrize(
    ("first", "code", "says"),
    [(KeyboardInterrupt, 130, "interrupted\n"), (ValueError, 1, "this is a defect of auditor")],
)
def test_what_cannot_be_closed_after_an_interrupt_is_no_defect(
    first: type[BaseException], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @exits
    def command() -> int:
        with _Busy():
            raise first

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == code
    said = capsys.readouterr().err
    assert says in said
    assert ("defect" in said) == (code == 1)
