"""Every fault of a document is found in one go, with its path and what would be allowed."""

from typing import Literal

import msgspec
import pytest

from gates.schema.documents import Document
from gates.schema.faults import document_faults
from gates.schema.gate import GateSet
from gates.schema.target import Target


class Cat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="cat"):
    """An animal."""

    lives: int


class Dog(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="dog"):
    """Another one."""

    name: str = ""


class House(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each shape that a document has."""

    pet: Cat | Dog | None
    size: Literal["small", "large"]
    rooms: tuple[str, ...] = ()
    doors: dict[str, int] = {}
    open: bool = False
    anything: object = None


GOOD = {"pet": None, "size": "small"}

ROWS = [
    ({}, []),
    ({"pet": {"kind": "cat", "lives": 9}, "rooms": ["a"], "doors": {"front": 1}, "anything": {"x": [1.5]}}, []),
    ({"pet": {"kind": "cat"}}, ["$.pet: Object missing required field `lives`"]),
    ({"pet": {"kind": "dog", "lives": 9}}, ["$.pet: unknown key 'lives'; the keys are kind, name"]),
    ({"pet": {"kind": "cow"}}, ["$.pet.kind: Invalid value 'cow'; one of cat, dog"]),
    ({"pet": 7}, ["$.pet: 7 is none of what is allowed here"]),
    (
        {"size": "huge", "open": 1},
        ["$.size: Invalid enum value 'huge'; one of large, small", "$.open: Expected `bool`, got `int`"],
    ),
    ({"rooms": ["a", 2, None]}, ["$.rooms[1]: Expected `str`, got `int`", "$.rooms[2]: Expected `str`, got `null`"]),
    ({"rooms": "a"}, ["$.rooms: Expected `array`, got `str`"]),
    ({"doors": {"front": "1", "back": 2}}, ["$.doors.front: Expected `int`, got `str`"]),
    ({"doors": {1: 1}}, ["$.doors, the key 1: Expected `str`, got `int`"]),
    ({"doors": []}, ["$.doors: Expected `object`, got `array`"]),
]


@pytest.mark.parametrize(("changes", "faults"), ROWS)
def test_each_fault_has_its_path_and_what_is_allowed(changes: dict[str, object], faults: list[str]) -> None:
    """One row is one document; a document without faults is one that msgspec takes."""
    raw = {**GOOD, **changes}
    assert list(document_faults(raw, House)) == faults
    if faults:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(raw, House, strict=True)
    else:
        msgspec.convert(raw, House, strict=True)


def test_what_is_no_mapping_at_all_is_one_fault() -> None:
    """A list in place of the document."""
    assert list(document_faults([1], House)) == ["$: Expected `object`, got `array`"]


@pytest.mark.parametrize("kind", [GateSet, Target])
def test_the_documents_of_people_are_walked_to_their_leaves(kind: type) -> None:
    """An empty spec misses exactly the required members."""
    raw = {"apiVersion": "gonogo/v1", "kind": "X", "metadata": {"name": "x"}, "spec": {}}
    required = [field.name for field in msgspec.structs.fields(kind) if field.required]
    found = list(document_faults(raw, Document[kind]))
    assert found == [f"$.spec: Object missing required field `{name}`" for name in required]
