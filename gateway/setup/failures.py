"""What can go wrong in a setup, as rows: who can fix it, and the next step with a command that works as printed."""

from enum import StrEnum
from typing import Literal

import msgspec


class SetupCode(StrEnum):
    """Stable codes of the client; a code of the service comes from `gateway.errors` and never from a message's text."""

    HOST_NOT_FOUND = "host_not_found"
    HOST_FILE_UNREADABLE = "host_file_unreadable"
    HOST_FILE_UNPARSABLE = "host_file_unparsable"
    HOST_FILE_SHAPE = "host_file_shape"
    HOST_FILE_CHANGED = "host_file_changed"
    HOST_FILE_LOCKED = "host_file_locked"
    HOST_FOREIGN_ENTRY = "host_foreign_entry"
    HOST_NOT_SEEN = "host_not_seen"
    SERVICE_UNREACHABLE = "service_unreachable"
    TLS_UNTRUSTED = "tls_untrusted"
    KEY_MISSING = "key_missing"
    CALL_UNKNOWN = "call_unknown"
    LOCAL_STATE_UNWRITABLE = "local_state_unwritable"
    NO_TERMINAL = "no_terminal"


class Next(msgspec.Struct, frozen=True):
    """The next step: a sentence, a command line in which {host} and {file} are filled in, and a page of runbooks/."""

    text: str
    command: str
    runbook: str


class FailureRow(msgspec.Struct, frozen=True):
    """One row: the step of the setup, and who can fix it."""

    code: SetupCode
    step: Literal["service", "key", "host", "call", "state", "decision"]
    title: str
    who: Literal["user", "operator"]
    next: Next


def _host(code: SetupCode, title: str, text: str, command: str = "gonogo host plan {host}") -> FailureRow:
    return FailureRow(code, "host", title, "user", Next(text, command, "hosts.md"))


_ROWS = (
    _host(
        SetupCode.HOST_NOT_FOUND,
        "This host has no file here",
        "Start the host once, or name its file with --file; the snippet can be pasted by hand.",
        "gonogo host plan {host} --snippet",
    ),
    _host(
        SetupCode.HOST_FILE_UNREADABLE,
        "The host's file cannot be read",
        "Make it a regular file that you may read and write, then plan again; nothing was changed.",
    ),
    _host(
        SetupCode.HOST_FILE_UNPARSABLE,
        "The host's file is not valid",
        "Correct the line and column that the detail names, then plan again; nothing was changed.",
    ),
    _host(
        SetupCode.HOST_FILE_SHAPE,
        "The host's file has another shape than its host reads",
        "Paste the snippet by hand, or correct what the detail names and plan again; nothing was changed.",
        "gonogo host plan {host} --snippet",
    ),
    _host(
        SetupCode.HOST_FILE_CHANGED,
        "The host's file has changed since the plan was made",
        "Plan again; nothing was changed.",
    ),
    _host(
        SetupCode.HOST_FILE_LOCKED,
        "Another gonogo is changing the host's file",
        "Wait until it has ended, then run the command again; nothing was changed.",
    ),
    _host(
        SetupCode.HOST_FOREIGN_ENTRY,
        "The host has an entry of that name that is not ours",
        "Give ours another name with --name, or remove the other one; nothing was changed.",
        "gonogo host plan {host} --name gonogo-pay",
    ),
    _host(
        SetupCode.HOST_NOT_SEEN,
        "The host does not see the server",
        "Read what the host prints, then undo the change or correct it.",
        "gonogo host undo {host}",
    ),
    FailureRow(
        SetupCode.SERVICE_UNREACHABLE,
        "service",
        "The gateway does not answer",
        "operator",
        Next("Correct GONOGO_BASE_URL, or have the operator start the gateway.", "gonogo gateway serve", "hosts.md"),
    ),
    FailureRow(
        SetupCode.TLS_UNTRUSTED,
        "service",
        "The gateway's certificate is not trusted",
        "operator",
        Next(
            "Name the authority that signed it in SSL_CERT_FILE; never switch the check off.",
            "gonogo host plan {host}",
            "hosts.md",
        ),
    ),
    FailureRow(
        SetupCode.KEY_MISSING,
        "key",
        "There is no API key",
        "user",
        Next(
            "Set GONOGO_API_KEY where the host starts, or name the key's file in GONOGO_KEY_FILE.",
            "gonogo host plan {host}",
            "hosts.md",
        ),
    ),
    FailureRow(
        SetupCode.CALL_UNKNOWN,
        "call",
        "Whether the payment was made is not known",
        "user",
        Next(
            "Pay again with the same reference: it never pays twice. Do not use another reference.",
            "gonogo explain operation_outcome_unknown",
            "unknown-outcomes.md",
        ),
    ),
    FailureRow(
        SetupCode.LOCAL_STATE_UNWRITABLE,
        "state",
        "The setup's own folder cannot be written",
        "user",
        Next(
            "Give a folder that can be written to with --state, or make room on its disk.", "gonogo host plan {host}", "hosts.md"
        ),
    ),
    FailureRow(
        SetupCode.NO_TERMINAL,
        "decision",
        "A decision is needed and there is no terminal",
        "user",
        Next("Give the decision as a flag.", "gonogo host apply {host} --yes", "hosts.md"),
    ),
)

FAILURES: dict[SetupCode, FailureRow] = {row.code: row for row in _ROWS}


class SetupProblem(Exception):
    """A failure of a setup: its row, and what was found this time."""

    def __init__(self, code: SetupCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    @property
    def row(self) -> FailureRow:
        """What the table says about it."""
        return FAILURES[self.code]
