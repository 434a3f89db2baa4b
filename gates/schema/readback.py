"""How does a service list its settlements? Where the members of an item are, what they mean, and how the list goes on."""

from typing import Annotated, Literal

import msgspec

from gates.schema.amounts import AmountFormat
from gates.schema.operation import Operation

Pointer = Annotated[str, msgspec.Meta(pattern="^(/|$)")]
"""RFC 6901; the empty text is the whole document."""

Name = Annotated[str, msgspec.Meta(min_length=1)]
Values = Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
Lag = Annotated[int, msgspec.Meta(ge=0, le=300)]
"""Seconds after which a settlement can be read back at the latest."""


class ByCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="by", tag="cursor"):
    """The place `pointer` of an answer has the cursor of the next page, if there is one: sent as the query parameter `query`."""

    pointer: Pointer
    query: Name = "cursor"


class ByPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="by", tag="page"):
    """Pages are numbered from `first` by the query parameter `query`; a page without items, or 404, comes after the last."""

    query: Name = "page"
    first: Annotated[int, msgspec.Meta(ge=0, le=1)] = 1


class ByLastId(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="by", tag="has_more"):
    """The place `pointer` is true while there is more after the item whose id is sent as the query parameter `query`."""

    pointer: Pointer = "/has_more"
    query: Name = "starting_after"


class ByLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="by", tag="link"):
    """The header `Link` with `rel=next` (RFC 8288) has the next page's URL, at the same scheme, host and port."""


Paging = ByCursor | ByPage | ByLastId | ByLink


class States(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the states of an item mean; true and false are written as texts. One that is not listed is never judged.

    `captured`: the money was taken, once. `refunded`: it was taken and given back. `other`: it was not taken, or not yet.
    """

    captured: Values
    refunded: tuple[Name, ...] = ()
    other: tuple[Name, ...] = ()


class Kinds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the kinds of an item mean, where the list has more than settlements. One that is not listed is never judged."""

    settle: Values
    refund: tuple[Name, ...] = ()
    other: tuple[Name, ...] = ()


class Settlements(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A JSON list of settlements. `items` leads from the answer to the list; the other pointers lead from an item.

    `id` is the item's own id, and `payment` the id that the answer to a reserve had. `amount` is what was settled, in
    `amount_format`; None is the target's own. Without `state` each item is a settlement that happened. `key` leads to the
    idempotency key of the settle. Ids are texts or whole numbers. Without `paging` the first answer has to be the whole list.
    """

    path: str
    items: Pointer
    id: Pointer
    payment: Pointer
    amount: Pointer
    amount_format: AmountFormat | None = None
    state: Pointer | None = None
    states: States | None = None
    kind: Pointer | None = None
    kinds: Kinds | None = None
    key: Pointer | None = None
    currency: Pointer | None = None
    paging: Paging | None = None
    method: Literal["GET"] = "GET"
    role: str = "agent"
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse a place without its meanings, meanings without their place, and a value with two meanings."""
        for name, place, values in (("state", self.state, self.states), ("kind", self.kind, self.kinds)):
            if (place is None) != (values is None):
                lacks, has = (f"{name}s", name) if values is None else (name, f"{name}s")
                raise ValueError(f"has `{has}` and no `{lacks}`")
            meanings = [] if values is None else [text for group in msgspec.structs.astuple(values) for text in group]
            doubled = sorted({text for text in meanings if meanings.count(text) > 1})
            if doubled:
                raise ValueError(f"`{name}s` lists {doubled[0]!r} twice")

    @property
    def operation(self) -> Operation:
        """The request for the first page."""
        return Operation(path=self.path, method=self.method, role=self.role, headers=self.headers)

    @property
    def shows_refunds(self) -> bool:
        """Whether a state or a kind means that a settlement was given back."""
        return bool((self.states and self.states.refunded) or (self.kinds and self.kinds.refund))
