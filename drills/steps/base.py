"""What every step of a drill has."""

import msgspec


class StepBase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", omit_defaults=True, kw_only=True):
    """`name` distinguishes two steps of one action; a step that takes longer than `within` has timed out."""

    name: str = ""
    within: str = "30s"


def action_of(step: StepBase) -> str:
    """The name of a step's action."""
    return str(step.__struct_config__.tag)


def label_of(step: StepBase) -> str:
    """How a step is called in reports: by its name, or by its action."""
    return step.name or action_of(step)
