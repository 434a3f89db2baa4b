"""How many of a run's requests could have gone wrong? Counted apart: acknowledged, refused, ambiguous, in flight together."""

from collections.abc import Iterable, Sequence

from loadtests.checker.findings import Finding, Ruling
from loadtests.checker.requests import Mutation, Result


def ruling(chances: Sequence[Mutation], sent: Iterable[Mutation], findings: Sequence[Finding]) -> Ruling:
    """The result of a rule about mutations: `chances` are those that could have broken it, `sent` all of their kind."""
    return Ruling(max(len(chances), len(findings)), tuple(findings), made_of(chances, sent))


def made_of(chances: Iterable[Mutation], sent: Iterable[Mutation]) -> dict[str, int]:
    """Parts: of the chances those with two attempts in flight at once, and of all that were sent their results."""
    results = [mutation.result for mutation in sent]
    return {
        "in_flight_together": sum(mutation.in_flight_together for mutation in chances),
        "acknowledged": results.count(Result.ACKNOWLEDGED),
        "refused": results.count(Result.REFUSED),
        "ambiguous": results.count(Result.UNKNOWN),
    }


def sent_again(mutation: Mutation, booked: bool) -> bool:
    """Whether a mutation could have taken effect twice: it did take effect, and was sent more than once under its key."""
    return mutation.attempts > 1 and (booked or mutation.acknowledgement is not None)
