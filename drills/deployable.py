"""May a drill deploy to a service that others run? `gonogo freeze check` decides, as it does on every other way to production."""

import subprocess
from collections.abc import Mapping

import msgspec

from drills.schema import Drill
from gates.schema.errors import RefusedProblem
from gates.schema.outcome import ExitCode
from gates.schema.rooms import room_argv
from gates.schema.target import Target

_CHECK = tuple(room_argv("gates", "freeze", "check", "--format", "json"))
_TIMEOUT_S = 120
_STEP = "gonogo freeze explain; a rehearsal on a process of your own is no deployment"


class LetThrough(msgspec.Struct, frozen=True):
    """The builds that may be deployed at the moment of asking; `any_build` where no freeze is in force."""

    any_build: bool
    builds: tuple[str, ...]


class _Answer(msgspec.Struct, frozen=True):
    """What is read of the answer of `gonogo freeze check`."""

    reason: str
    preview: bool
    in_force: tuple[object, ...]
    builds: tuple[str, ...]


def deploys(drill: Drill, target: Target) -> bool:
    """Whether the drill deploys to a service that others run; what it starts itself is no deployment."""
    return target.process is None and drill.has("deploy_release")


def require_let_through(environ: Mapping[str, str]) -> LetThrough:
    """What may be deployed now, by the clock, the calendar of the working folder and the signed acts.

    Which build the target's command deploys is seen only after it: in a freeze `require_build` then compares. Raises
    RefusedProblem where nothing may be deployed, and where nothing shows that something may.
    """
    try:
        done = subprocess.run(_CHECK, env=dict(environ), capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise RefusedProblem(f"the freeze check took longer than {_TIMEOUT_S} s", next_step="gonogo freeze check") from None
    try:
        found = msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.MsgspecError:
        said = done.stderr.decode(errors="replace").strip().splitlines()[:1] or ["no answer"]
        raise RefusedProblem(
            f"freeze: {said[0].removeprefix('error: ')}", next_step="gonogo freeze check names all of it"
        ) from None
    if found.preview:
        raise RefusedProblem("freeze: in a rehearsal nothing is deployed to a service that others run", next_step=_STEP)
    if done.returncode == ExitCode.GREEN and not found.in_force:
        return LetThrough(any_build=True, builds=())
    if found.builds:
        return LetThrough(any_build=False, builds=found.builds)
    raise RefusedProblem(f"freeze: {found.reason}", next_step=_STEP)


def require_build(let_through: LetThrough, build: str | None) -> None:
    """Raise RefusedProblem where another build runs after the deployment than one that a signed act names."""
    if not let_through.any_build and build not in let_through.builds:
        named = ", ".join(item[:12] for item in let_through.builds)
        raise RefusedProblem(
            f"freeze: the build {(build or 'unknown')[:12]} was deployed, and signed acts name {named}", next_step=_STEP
        )
