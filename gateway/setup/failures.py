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
    BASE_URL_MISMATCH = "base_url_mismatch"
    CLOCK_SKEW = "clock_skew"
    KEY_MISSING = "key_missing"
    KEY_FILE_TAKEN = "key_file_taken"
    SIGN_IN_NEEDED = "sign_in_needed"
    CALL_DENIED = "call_denied"
    CALL_FAILED = "call_failed"
    CALL_UNKNOWN = "call_unknown"
    NOTHING_DENIED = "nothing_denied"
    RECEIPT_NOT_VERIFIED = "receipt_not_verified"
    WALLET_EMPTY = "wallet_empty"
    LOCAL_STATE_UNWRITABLE = "local_state_unwritable"
    LOCAL_STATE_SHARED = "local_state_shared"
    STATE_NEWER = "state_newer"
    OTHER_GATEWAY = "other_gateway"
    SETUP_RUNNING = "setup_running"
    JOURNAL_BROKEN = "journal_broken"
    NO_RUN = "no_run"
    NO_TERMINAL = "no_terminal"
    SETUP_QUIT = "setup_quit"
    SETUP_KILLED = "setup_killed"
    SIGNED_IN = "signed_in"
    BUDGET_SPENT = "budget_spent"


RUNBOOK = "setup-failures.md"
"""The page whose steps support walks for a failed setup; it leads on to the pages of hosts, sign-in and approvals."""


class Next(msgspec.Struct, frozen=True):
    """The next step: a sentence, a command line in which {host} and {file} are filled in, and a page of runbooks/."""

    text: str
    command: str
    runbook: str


Step = Literal["service", "sign_in", "tenant", "key", "host", "call", "check", "state", "decision"]


class FailureRow(msgspec.Struct, frozen=True):
    """One row: the step of the setup, and who can fix it. `code` is one of SetupCode, or a code of the service."""

    code: str
    step: Step
    title: str
    who: Literal["user", "operator"]
    next: Next


def _host(code: SetupCode, title: str, text: str, command: str = "gonogo host plan {host}") -> FailureRow:
    return FailureRow(code, "host", title, "user", Next(text, command, RUNBOOK))


def _row(
    code: SetupCode,
    step: Step,
    title: str,
    who: Literal["user", "operator"],
    text: str,
    command: str,
    runbook: str = RUNBOOK,
) -> FailureRow:
    return FailureRow(code, step, title, who, Next(text, command, runbook))


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
    _row(
        SetupCode.SERVICE_UNREACHABLE, "service", "The gateway does not answer", "operator",
        "Correct --base-url or GONOGO_BASE_URL, or have the operator start the gateway.", "gonogo setup probe",
    ),
    _row(
        SetupCode.TLS_UNTRUSTED, "service", "The gateway's certificate is not trusted", "operator",
        "Name the authority that signed it in SSL_CERT_FILE; never switch the check off.", "gonogo setup probe",
    ),
    _row(
        SetupCode.BASE_URL_MISMATCH, "service", "The gateway gives another address as its own", "operator",
        "Use the address that the gateway's operator gives you. If it is the one that you used, the operator has to correct"
        " the gateway's --public-url.",
        "gonogo setup probe",
    ),
    _row(
        SetupCode.CLOCK_SKEW, "service", "This machine's clock and the gateway's differ by more than 60 seconds", "user",
        "Set the clock of the machine that is wrong, then probe again.", "gonogo setup probe",
    ),
    _row(
        SetupCode.KEY_MISSING, "key", "There is no API key", "user",
        "Set GONOGO_API_KEY where the host starts, or name the key's file in GONOGO_KEY_FILE; the setup makes one.",
        "gonogo setup resume",
    ),
    _row(
        SetupCode.KEY_FILE_TAKEN, "key", "The key's file holds a key that this setup has not saved", "user",
        "Name another file with --key-file, or the same one if its key is for this gateway; nothing was overwritten.",
        "gonogo setup resume --key-file api-2.key",
    ),
    _row(
        SetupCode.SIGN_IN_NEEDED, "sign_in", "This needs somebody who has signed in", "user",
        "Sign in, then go on: an agent's key makes no wallet, payee or policy.", "gonogo setup login",
    ),
    _row(
        SetupCode.CALL_DENIED, "call", "The policy denies the payment", "user",
        "Read the reasons; name a payee that the policy allows, or have the policy changed.",
        "gonogo setup resume --payee PAYEE_ID",
    ),
    _row(
        SetupCode.CALL_FAILED, "call", "The payment was not made", "user",
        "Read the code that the detail names, then go on; no money has moved.", "gonogo setup resume",
    ),
    _row(
        SetupCode.CALL_UNKNOWN, "call", "Whether the payment was made is not known", "user",
        "Go on with the same payment: it never pays twice. An agent pays again with the same reference.",
        "gonogo setup resume", "unknown-outcomes.md",
    ),
    _row(
        SetupCode.NOTHING_DENIED, "call", "The policy in force denies nothing that the setup can try", "user",
        "Set a limit on one payment in the policy, or put money into the wallet, then go on.",
        "gonogo setup resume",
    ),
    _row(
        SetupCode.RECEIPT_NOT_VERIFIED, "check", "The receipt does not verify", "operator",
        "Compare the receipt keys with those that the operator publishes, and name their file with --trust.",
        "gonogo setup resume --trust KEYS_FILE", "key-compromise.md",
    ),
    _row(
        SetupCode.WALLET_EMPTY, "call", "The wallet is empty, so no payment was made", "operator",
        "Everything except a payment works. Go on once the wallet holds money; this release cannot add money to it.",
        "gonogo setup resume",
    ),
    _row(
        SetupCode.LOCAL_STATE_UNWRITABLE, "state", "A file of the setup cannot be written", "user",
        "Name a folder that can be written to in GONOGO_SETUP_STATE (for `gonogo host`: --state), the key's in"
        " GONOGO_KEY_FILE, or make room.",
        "gonogo setup resume",
    ),
    _row(
        SetupCode.LOCAL_STATE_SHARED, "state", "Others can write to the setup's folder", "user",
        "Look whether somebody has changed what is in it, then close it as the detail says; or name another folder in"
        " GONOGO_SETUP_STATE (for `gonogo host`: --state).",
        "gonogo setup resume",
    ),
    _row(
        SetupCode.STATE_NEWER, "state", "A newer release has written the setup's folder", "user",
        "Use that release, or name another folder in GONOGO_SETUP_STATE.", "gonogo explain state_newer",
    ),
    _row(
        SetupCode.OTHER_GATEWAY, "state", "The setup was begun with another gateway", "user",
        "Go on without --base-url, or begin a setup with the other gateway.", "gonogo setup resume",
    ),
    _row(
        SetupCode.SETUP_RUNNING, "state", "Another setup is running", "user",
        "Wait until it has ended, or end it; then go on.", "gonogo setup resume",
    ),
    _row(
        SetupCode.JOURNAL_BROKEN, "state", "The setup's journal was changed", "user",
        "Begin a new setup: it finds the key, the wallet and the payee that exist.", "gonogo setup run",
    ),
    _row(
        SetupCode.NO_RUN, "state", "There is no setup to go on with", "user",
        "Begin one.", "gonogo setup run",
    ),
    _row(
        SetupCode.NO_TERMINAL, "decision", "A decision is needed and there is no terminal", "user",
        "Give the decision as an option of the command: each has one.", "gonogo setup run --help",
    ),
    _row(
        SetupCode.SETUP_QUIT, "decision", "You stopped the setup", "user",
        "Go on whenever you like; nothing is done twice.", "gonogo setup resume",
    ),
    _row(
        SetupCode.SETUP_KILLED, "state", "The setup was ended before it was finished", "user",
        "Go on; nothing is done twice.", "gonogo setup resume",
    ),
    _row(
        SetupCode.SIGNED_IN, "sign_in", "You are signed in", "user",
        "Go on with the setup within ten minutes: what needs a fresh code works until then.", "gonogo setup resume",
    ),
    _row(
        SetupCode.BUDGET_SPENT, "decision", "The tries of a step are used up", "user",
        "Read what the last try ended with, then go on: the tries are counted again from the start.", "gonogo setup resume",
    ),
)  # fmt: skip

FAILURES: dict[SetupCode, FailureRow] = {SetupCode(row.code): row for row in _ROWS}


class SetupProblem(Exception):
    """A failure of a setup: its row, and what was found this time; `command` is a better next one than the row's."""

    def __init__(self, code: SetupCode, detail: str, command: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.command = command

    @property
    def row(self) -> FailureRow:
        """What the table says about it."""
        return FAILURES[self.code]
