"""`python -m drills.onboarding`: walk setups of our own through the real client, and have their journals probed."""

import subprocess
import sys
from pathlib import Path

import click

from gates.schema.options import preset
from gates.schema.outcome import ExitCode
from gates.schema.output import show

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--target", default=preset("target"), help="A shipped target's name, or the path of a Target file.")
@click.option("--db", required=True, type=_PATH, help="The gateway's database, for demo money; DB.mails has its mails.")
@click.option("--out", required=True, type=_PATH, help="A new folder for the users' folders and their journals.")
@click.option("--probes", required=True, type=_PATH, help="The folder for the probe's report.")
@click.option("--evidence", required=True, type=_PATH, help="The evidence folder.")
@click.option("--build", help="The sha256 of the build under test, where the service does not report it.")
@click.option("--nonce", help="A text that makes this run's tenants and idempotency keys unique.  [default: random]")
@click.option("--setups", type=click.IntRange(1, 4), default=3, show_default=True, help="How many of the walks are taken.")
def walk(
    target: str, db: Path, out: Path, probes: Path, evidence: Path, build: str | None, nonce: str | None, setups: int
) -> int:
    """Walk setups, each in an empty folder, and store what their journals show as signed evidence.

    Ends as `gonogo gate probe setup-journal` does: 0, 1 for a dead end or a silent failure, 3 if something could not be checked.
    """
    import secrets

    from drills.onboarding.house import House
    from drills.onboarding.mails import reader
    from drills.onboarding.money import giver
    from drills.onboarding.walks import WALKS, Around, User
    from gates.schema.progress import progress
    from gates.schema.rooms import room_argv
    from gates.schema.target import load_target

    named, folder = load_target(target), out.absolute()
    nonce = nonce or secrets.token_hex(6)
    mails = db.with_name(f"{db.name}.mails")
    with House(named, nonce) as house, progress("setups", setups) as shown:
        for number, one in enumerate(WALKS[:setups], 1):
            shown.step(number - 1, one.__name__.replace("_", " "))
            ended = one(User(folder / f"user-{number}", Around(house, giver(db), reader(mails), f"{nonce}-{number}")))
            show(f"{one.__name__.replace('_', ' ')}: {ended.outcome} ({ended.run})", err=True)
        shown.step(setups)
    argv = room_argv("gates", "gate", "probe", "setup-journal", str(folder), "--target", target, "--out", str(probes))
    given = ["--build", build] if build else []
    done = subprocess.run([*argv, "--evidence", str(evidence), *given], check=False)
    sys.stdout.flush()
    return done.returncode if done.returncode >= 0 else int(ExitCode.UNKNOWN)
