"""Which scripts of a profile can be run against a target? Those whose operations its file describes; the others are left out."""

import msgspec

from gates.schema.errors import UsageProblem
from gates.schema.target import Target, require_operations
from loadtests.schema import LoadProfile, Mix
from loadtests.storm.plan import MutationName, Script


def refunding(target: Target) -> MutationName | None:
    """The operation that gives a settled payment back: `refund`, or `reverse` where that does it; None without one."""
    if "refund" in target.operations:
        return "refund"
    return "reverse" if "reverse" in target.operations and target.reverse_refunds else None


def fitted(profile: LoadProfile, target: Target) -> tuple[LoadProfile, dict[str, str]]:
    """The profile without the scripts that the target cannot run, and why each of those was left out.

    Raises UsageProblem naming `spec.operations.reserve` or `settle` where it is missing, and where no script is left.
    """
    require_operations(target)
    why = {}
    if "reverse" not in target.operations:
        why[Script.REVERSE.value] = "the target has no operation reverse"
    if refunding(target) is None:
        reverse = "reverse" in target.operations
        why[Script.REFUND.value] = f"the target has no operation refund{', and its reverse does not refund' if reverse else ''}"
    mix = msgspec.structs.asdict(profile.mix)
    left_out = {script: reason for script, reason in why.items() if mix[script]}
    kept = Mix(**{script: 0 if script in left_out else weight for script, weight in mix.items()})
    if not any(msgspec.structs.astuple(kept)):
        raise UsageProblem(
            f"the profile's mix has nothing that the target can do: {'; '.join(left_out.values())}",
            next_step="add the operation to spec.operations of the target file, or use another profile",
        )
    return msgspec.structs.replace(profile, mix=kept), left_out
