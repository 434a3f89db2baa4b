"""Is what a change record or a freeze exception lets through named, so that nothing else can be deployed under it?"""

import re
from collections.abc import Iterator, Sequence

from gates.acts.act import ActKind, ActStatement
from gates.schema.canonical import sha256_hex
from gates.schema.freeze import ChangeClass

DEPLOYED = (ActKind.CHANGE, ActKind.FREEZE_EXCEPTION)
BUILD, COMMITS = "build", "commits"
"""The subject of such an act: a build by the sha256 that the service reports, or commits by that of the list of their ids."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def commits_sha256(commits: Sequence[str]) -> str:
    """What names a set of commits: the sha256 of their full ids, sorted, one a line."""
    return sha256_hex("".join(f"{commit}\n" for commit in sorted(commits)).encode())


def deployed_faults(statement: ActStatement) -> Iterator[str]:
    """What is wrong with the part `deployed`; each fault names its field."""
    act, about = statement.predicate, statement.about
    deployed = act.deployed
    if deployed is None:
        yield "deployed: is missing"
        return
    if about.name not in (BUILD, COMMITS):
        yield f"subject: {about.name!r} is neither {BUILD!r} nor {COMMITS!r}"
    if not deployed.author.strip():
        yield "author: is empty; it is the person who made the change"
    wrong = [commit for commit in deployed.commits if not _COMMIT.fullmatch(commit)]
    if wrong:
        yield f"commits: {wrong[0]!r} is not the full id of a commit: 40 or 64 lower-case hex digits"
    if about.name == COMMITS and (not deployed.commits or about.digest.sha256 != commits_sha256(deployed.commits)):
        yield "subject: its digest is not that of the commits"
    if act.act is ActKind.CHANGE:
        if deployed.change_class not in list(ChangeClass):
            yield f"class: {deployed.change_class!r} is not one of {', '.join(ChangeClass)}"
        if not _SHA256.fullmatch(deployed.rollback):
            yield "rollback: is not the sha256 of the statement of a rollback drill"
        return
    if len(deployed.commits) > 1:
        yield f"commits: {len(deployed.commits)} are named; a freeze exception is for one commit"
    yield from (f"{name}: only a change record has one" for name in ("change_class", "rollback") if getattr(deployed, name))
