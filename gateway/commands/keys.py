"""What administrators ask for about API keys, and what a bootstrap key is traded for."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from gateway.commands.access import Run
from gateway.commands.callers import RoleName
from gateway.commands.values import Command, Text

AgentName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$(?!\n)",
        description="The name under which the key's acts are recorded.",
        examples=["agent-1"],
    ),
]


class CreateKey(Command, frozen=True):
    """A new API key of this tenant. Keys that are not for agents belong to the person who makes them."""

    role: RoleName
    agent_id: AgentName


class RotateKey(Command, frozen=True):
    """A new key in the place of an old one, which is revoked at once."""

    reason: Text


class RevokeKey(Command, frozen=True):
    """End a key, at once."""

    reason: Text


BootstrapKey = Annotated[
    str, Meta(pattern=r"^gnb_[A-Za-z0-9_-]{43}$(?!\n)", description="A bootstrap key whose role is `member`.")
]


class Invite(Command, frozen=True):
    """A bootstrap key with which one other person joins the session's tenant, within 72 hours."""

    reason: Text


class JoinTenant(Command, frozen=True):
    """Join the tenant of a bootstrap key whose role is `member`, and let the session act in it."""

    bootstrap_key: BootstrapKey


class UseBootstrapKey(Command, frozen=True):
    """Trade a bootstrap key for its API keys, once. `agent_id` names the agent; for other roles the role follows it."""

    agent_id: AgentName
    run: Run | UnsetType = UNSET
