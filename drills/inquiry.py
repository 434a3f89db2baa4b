"""What the service reports over HTTP: whether it is ready, and which build it is."""

from collections.abc import Mapping

import httpx
import msgspec

from drills.child import Pause
from gates.schema.errors import UnknownProblem
from gates.schema.pointer import read_pointer
from gates.schema.secret import redact
from gates.schema.target import Target, resolve_base_url, resolve_credential
from gates.schema.time import monotonic_s


def wait_answer(target: Target, environ: Mapping[str, str], within_s: float, pause: Pause, timeout_s: float = 2.0) -> bool:
    """Whether the ready path responds 2xx within the time; requested at least once."""
    url = resolve_base_url(target, environ) + target.ready_path
    deadline = monotonic_s() + within_s
    with httpx.Client(timeout=timeout_s, trust_env=False, verify=url.startswith("https:")) as client:
        while True:
            try:
                if client.get(url).is_success:
                    return True
            except httpx.TransportError:
                pass
            if monotonic_s() >= deadline:
                return False
            pause(0.02)


def read_build(target: Target, environ: Mapping[str, str]) -> str | None:
    """The sha256 of the running build, None if the target does not define where to read it.

    Raises UnknownProblem if the response does not contain it.
    """
    if target.build is None:
        return None
    role = "operator" if "operator" in target.credentials else next(iter(target.credentials), None)
    headers = {"Authorization": resolve_credential(target, role, environ)} if role else {}
    url = resolve_base_url(target, environ) + target.build.path
    try:
        answer = httpx.get(url, headers=headers, timeout=5.0, trust_env=False, verify=url.startswith("https:"))
        found = read_pointer(msgspec.json.decode(answer.content), target.build.pointer)
    except (httpx.TransportError, msgspec.MsgspecError) as error:
        trouble = redact(repr(error), headers.values())
        raise UnknownProblem(f"{target.build.path} does not return the build at {target.build.pointer}: {trouble}") from None
    if not isinstance(found, str) or not found:
        raise UnknownProblem(f"{target.build.path} has {found!r} at {target.build.pointer}, but a build is a text")
    return found
