"""What members of commands look like, and the base of all commands."""

from typing import Annotated

import msgspec
from msgspec import Meta

# To Python's `re` a `$` also fits before a last newline, so "1250\n" would be an amount; the look-ahead shuts that door.
Amount = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,14}$(?!\n)",
        description='Minor units as a string of digits: 12.50 USD is "1250".',
        examples=["1250"],
    ),
]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217.", examples=["USD"])]
Id = Annotated[str, Meta(pattern=r"^[a-z]{3}_[A-Za-z0-9]{1,64}$(?!\n)")]
Text = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Category = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$(?!\n)", description="What a payee sells.", examples=["data"])]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)", examples=["08:30"])]
TimeZone = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}$(?!\n)", description="IANA name.", examples=["UTC"])
]
Seconds = Annotated[int, Meta(ge=1, le=2_592_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all commands."""
