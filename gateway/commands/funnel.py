"""What a setup reports for the activation funnel."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from gateway.commands.access import Run
from gateway.commands.values import Command

ClientEventName = Literal["host_ok", "call_tried", "receipt_verified", "failed"]
"""What only the client can know; the gateway writes all other events itself."""

Word = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]
Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$(?!\n)", examples=["1.0.0"])]


class StartRun(Command, frozen=True):
    """A setup begins; the gateway's clock says when."""

    run: Run
    version: Version


class ReportEvent(Command, frozen=True):
    """What became of a setup's step, seen by the client."""

    event: ClientEventName
    host: Word | UnsetType = UNSET
    step: Word | UnsetType = UNSET
    code: Word | UnsetType = UNSET
