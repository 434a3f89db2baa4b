"""Which service is this? Its target file, its instance, and the build that it reports, each by sha256."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from gates.evidence.statement import Subject
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.target import NamedTarget, Target, UnsetProblem, resolve_base_url

OBSERVATION = "GONOGO_BUILD_OBSERVATION"  # the variable in which a review names its observation to its steps
_USUAL_PORT = {"http": 80, "https": 443}


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What evidence has to be about: a statement that differs in one of these is stale.

    `build` is "" where the service reported none. `profile` and `table` are those of the review; None where there is none.
    `slos` are the SLOs of the documents that the target file names, each by sha256.
    """

    build: str
    instance: str
    target: str
    tool: str
    profile: str | None = None
    table: str | None = None
    slos: tuple[str, ...] = ()


def target_sha256(named: NamedTarget) -> str:
    """The digest of a target file's content as it is written, variables not filled in; comments and layout do not count."""
    return sha256_hex(canonical_json({"name": named.name, "spec": msgspec.to_builtins(named.target)}))


def instance_sha256(target: Target, build: str | None, environ: Mapping[str, str] | None = None) -> str:
    """Which instance of a service this is.

    For a service that is run here the command as it is written, and the build; for any other one its base URL, normalised.
    """
    if target.process is not None:
        return sha256_hex(canonical_json({"start": list(target.process.start), "build": build}))
    try:
        url = _normalised(resolve_base_url(target, environ))
    except UnsetProblem:  # nothing was reached, so the text is the instance of nothing that is under review
        url = target.base_url
    return sha256_hex(canonical_json({"base_url": url}))


def make_subject(named: NamedTarget, build: str | None, environ: Mapping[str, str] | None = None) -> Subject:
    """The one subject of a statement; without a known build it names no build."""
    instance = instance_sha256(named.target, build, os.environ if environ is None else environ)
    return Subject(named.name, {**({"build": build} if build else {}), "instance": instance})


def _normalised(url: str) -> str:
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    port = parts.port or _USUAL_PORT[scheme]
    return f"{scheme}://{host}:{port}{parts.path.rstrip('/')}"
