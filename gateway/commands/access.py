"""What somebody may ask for who signs in, and then for the session."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from gateway.commands.values import Command, Id, Text

Address = Annotated[str, Meta(min_length=3, max_length=254, description="A mail address.", examples=["ann@example.com"])]
Run = Annotated[str, Meta(pattern=r"^run_[0-9a-f]{1,64}$(?!\n)", description="A setup run, for the funnel.")]
LoginCode = Annotated[str, Meta(pattern=r"^[0-9]{8}$(?!\n)", description="The eight digits of the mail.", examples=["01234567"])]


class SignIn(Command, frozen=True):
    """Send a code to an address. The answer is the same whether the address is known or not."""

    address: Address
    run: Run | UnsetType = UNSET


class ResendCode(Command, frozen=True):
    """Send the same code once more."""


class Verify(Command, frozen=True):
    """Trade the code for a session."""

    code: LoginCode


class ChooseTenant(Command, frozen=True):
    """Let the session act in this tenant from now on."""

    tenant_id: Id


class RequestCode(Command, frozen=True):
    """Send a code to the session's own address, for a step-up."""


class StepUp(Command, frozen=True):
    """Confirm the code, which makes the session fresh for ten minutes."""

    sign_in_id: Id
    code: LoginCode


class EndSession(Command, frozen=True):
    """Log out, here or everywhere."""

    everywhere: bool


class ChangeAddress(Command, frozen=True):
    """Send a code to a new address; nothing changes before it is confirmed."""

    address: Address


class ConfirmAddress(Command, frozen=True):
    """Confirm the new address with its code; every session of the user ends."""

    sign_in_id: Id
    code: LoginCode


class CreateTenant(Command, frozen=True):
    """A tenant of the user's own, in which the session acts from now on."""

    name: Text
