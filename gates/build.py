"""What is under review? The build that the running service reports, its instance, target file, profile and probe table."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from gates.evidence.identity import Reviewed, instance_sha256, target_sha256
from gates.evidence.making import tool_sha256
from gates.evidence.reported import WrongBuild
from gates.evidence.reported import read_build as reported_build
from gates.probes.fail_closed.table import SHIPPED
from gates.schema.documents import spec_sha256
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.target import NamedTarget, UnsetProblem
from gates.schema.tls import ca_environment

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIVEN = "--build SHA256"
OR_NAME = f"; or name the build with {_GIVEN}"
"""How the next step ends; a review takes it off, for it has no such option."""


def read_build(named: NamedTarget, environ: Mapping[str, str] | None = None) -> str:
    """The sha256 of the build that answers at the target now, with credentials from `environ` (None: this process's).

    Raises UnknownProblem if the target's file does not say where the build is, or the service does not answer, and WrongBuild
    naming the member of the file that does not describe the service.
    """
    env = os.environ if environ is None else environ
    if named.target.build is None:
        raise UnknownProblem(
            f"the target {named.name} has no `build`: where the service reports its build",
            next_step=f"add spec.build to the target file, or name the build with {_GIVEN}",
        )
    try:
        found = reported_build(named.target, {**env, **ca_environment(named, env)})
    except (WrongBuild, UnknownProblem, UnsetProblem) as problem:
        kind = WrongBuild if isinstance(problem, WrongBuild) else UnknownProblem
        next_step = f"{problem.next_step}{OR_NAME}" if problem.next_step else f"name it with {_GIVEN}"
        raise kind(f"the build of {named.name} is not known: {problem.message}", next_step=next_step) from None
    assert found is not None, "a target with `build` reports one, or a problem is raised"
    return found


def require_sha256(text: str) -> str:
    """The text, if it is a sha256 in lower-case hex; raises UsageProblem otherwise."""
    if not _SHA256.fullmatch(text):
        raise UsageProblem(f"--build {text!r} is not a sha256 of 64 lower-case hex digits")
    return text


def make_reviewed(named: NamedTarget, build: str, profile: str, environ: Mapping[str, str] | None = None) -> Reviewed:
    """What evidence has to be about, for a target at a build; `profile` is a shipped load profile's name, or a path."""
    return Reviewed(
        build=build,
        instance=instance_sha256(named.target, build or None, environ),
        target=target_sha256(named),
        tool=tool_sha256(),
        profile=spec_sha256(profile_path(profile)),
        table=spec_sha256(SHIPPED),
        slos=_slos_of(named),
    )


def _slos_of(named: NamedTarget) -> tuple[str, ...]:
    """The SLOs of the documents that the target file names; raises UsageProblem for one that cannot be read."""
    if not named.target.slos:
        return ()
    from gates.slo.document import load_slos, slo_digests, target_documents

    return slo_digests(load_slos(*target_documents(named)))


def profile_path(name_or_path: str) -> Path:
    """The file of a load profile; raises UsageProblem naming the shipped ones where there is none of that name."""
    shipped = Path(__file__).parents[1] / "loadtests" / "profiles"
    is_path = "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))
    path = Path(name_or_path) if is_path else shipped / f"{name_or_path}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(item.stem for item in shipped.glob("*.yaml")))
        raise UsageProblem(f"no load profile is called {name_or_path!r}", next_step=f"use one of {names}, or a path to a file")
    return path
