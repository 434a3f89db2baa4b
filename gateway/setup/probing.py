"""`gonogo setup probe`: what was dialled, what answered, and whether a setup can be begun there."""

from typing import Literal

import msgspec

from gateway.machines.onboarding import OnboardingEvent
from gateway.next_command import next_command
from gateway.setup.failures import SetupProblem
from gateway.setup.happened import failed
from gateway.setup.running import surroundings
from gateway.setup.server_codes import row_of
from gateway.setup.steps.probe import DOCUMENT, AuthDocument, answered, document_of
from gateway.setup.wire import Call, RequestRefused, Wire


class Probed(msgspec.Struct, frozen=True):
    """What a probe found; `code`, `detail` and `command` are those of the trouble."""

    dialled: str
    outcome: Literal["ok", "degraded", "failed"]
    document: AuthDocument | None
    code: str | None = None
    detail: str = ""
    command: str | None = None

    @property
    def exit_code(self) -> int:
        """0, 3 where nobody can sign in by a code, 1 where the gateway is not to be used."""
        return {"ok": 0, "degraded": 3, "failed": 1}[self.outcome]


def probe_gateway(base_url: str, *, is_begun: bool = True) -> Probed:
    """Read the gateway's document and hold it against what was dialled; nothing is changed anywhere.

    `is_begun`: whether the last setup is with this gateway; else the next command begins one with it.
    """
    probed = _probed(base_url)
    if is_begun or probed.command is None or not probed.command.startswith("gonogo setup "):
        return probed
    command = probed.command.replace("gonogo setup resume", "gonogo setup run")
    return msgspec.structs.replace(probed, command=next_command(command, {"--base-url": base_url}))


def _probed(base_url: str) -> Probed:
    wire = Wire(base_url)
    try:
        document = document_of(wire.send(Call(DOCUMENT)), wire, surroundings().clock)
    except (SetupProblem, RequestRefused) as error:
        trouble = failed(OnboardingEvent.PROBE_FAILED, answered(error))
        code = trouble.code or ""
        return Probed(base_url, "failed", None, code, trouble.detail, row_of(code).next.command)
    finally:
        wire.close()
    if (down := document.trouble) is not None:
        return Probed(base_url, "degraded", document, down, document.about_mail, row_of(down).next.command)
    return Probed(base_url, "ok", document)


def as_json(probed: Probed) -> str:
    """For programs."""
    return msgspec.json.format(msgspec.json.encode(probed, order="sorted"), indent=2).decode()


def as_text(probed: Probed) -> str:
    """For people."""
    lines = [f"dialled     {probed.dialled}", f"outcome     {probed.outcome}"]
    if probed.document is not None:
        document = probed.document
        health = "works" if document.mail.healthy else "is down"
        mail = "none" if document.mail.mode == "none" else f"{document.mail.mode}, {health}"
        lines += [
            f"sign-up     {document.mode}",
            f"sign-in     {', '.join(document.login) or 'none'}",
            f"mail        {mail}",
            f"build       {document.build}",
            f"its clock   {document.time}",
        ]
    if probed.code is not None:
        row = row_of(probed.code)
        lines += [
            f"{probed.code}: {row.title}: {probed.detail}",
            f"  next: {row.next.text}",
            f"        {probed.command}",
            f"  runbook: runbooks/{row.next.runbook}",
        ]
    return "\n".join(lines)
