"""A state folder of version 1: every command that reads or writes one refuses it, and names `gonogo state migrate`."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gates.evidence.keys import KEY_FILE
from gates.schema.entry import run
from scorecards.cli import gonogo

BUILD, DIGEST = "5f" * 32, "ab" * 32
PLAN = ("--owner", "bob", "--mitigation", "a second host by Friday")
ACT = ("--reason", "the runner was away", "--as", "ada")
REFUSING: dict[str, tuple[str, ...]] = {
    "review": (),
    "scorecard build": (),
    "scorecard history": (),
    "scorecard show": (),
    "scorecard pack": ("--out", "NEW"),
    "scorecard verify": (),
    "scorecard late-sign": ("FILE", *ACT),
    "scorecard explain-red": (DIGEST, *ACT),
    "gate run": ("--build", BUILD),
    "gate probe": ("secret-scan", "FILE", "--out", "NEW", "--build", BUILD),
    "gate loosen": ("money/double_settles", "--change", DIGEST, *ACT),
    "evidence add": ("FILE",),
    "evidence collect": ("--build", BUILD),
    "evidence list": (),
    "evidence show": (DIGEST,),
    "evidence verify": (),
    "evidence attest": ("financial-integrity/storm_double_settles", "--expires", "9d", *ACT),
    "signer add": ("--person", "Ada <ada>"),
    "signer init": ("--person", "Ada <ada>"),
    "signer list": (),
    "signer retire": ("ada",),
    "signer sign": (),
    "waiver add": ("sre-reliability", *PLAN, "--ticket", "OPS-4", "--expires", "9d", *ACT),
    "waiver check": (),
    "waiver list": (),
    "state init": (),
    "state restore": ("FOLDER",),
    "load run": ("smoke",),
    "load hostile-rail": (),
    "drill run": ("crash",),
}


def leaves(command: click.Command, name: str = "") -> Iterator[str]:
    """The names of all commands below this one."""
    if not isinstance(command, click.Group):
        yield name
        return
    context = click.Context(command)
    for part in command.list_commands(context):
        found = command.get_command(context, part)
        assert found is not None, part
        yield from leaves(found, f"{name} {part}".strip())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What release 0.1 left of a state folder: a key and a statement."""
    home = tmp_path / "home"
    path = home / "evidence" / "objects" / "ab" / f"{DIGEST}.intoto.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{}")
    (home / "keys").mkdir()
    (home / KEY_FILE).write_bytes(bytes(32))
    monkeypatch.setenv("GONOGO_HOME", str(home))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    return home


def test_the_table_names_commands_that_there_are() -> None:
    """A command that was renamed is not left out in silence."""
    assert set(REFUSING) <= set(leaves(gonogo))


@pytest.mark.parametrize("name", REFUSING)
def test_a_command_that_reads_a_state_folder_refuses_version_1(
    name: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 8 with the next step, whatever the command is for, and nothing in the folder changes."""
    (tmp_path / "file").write_bytes(b"{}")
    places = {"FILE": str(tmp_path / "file"), "NEW": str(tmp_path / "new"), "FOLDER": str(tmp_path)}
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    code = run(gonogo, [*name.split(), *(places.get(word, word) for word in REFUSING[name])])
    shown = capsys.readouterr()
    assert (code, shown.out) == (8, ""), shown.err
    assert "gonogo state migrate` takes it over" in shown.err
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
