"""Is a scorecard the week's official verdict, or a preview, and why? Pure."""

import datetime as dt
from collections.abc import Iterable

from gates.page.words import moment
from gates.schema.time import format_utc
from scorecards.schema import Standing
from scorecards.weekly import PastWeek
from scorecards.weeks import cutoff, is_due, week_of

OFFICIAL_BECAUSE = "the first evaluation since the week's cut-off; it cannot be replaced"


def standing_of(week: str, now: dt.datetime, history: Iterable[PastWeek], preview_because: str) -> tuple[Standing, str]:
    """The standing of a scorecard of `week` that is judged now, and the reason that lasts longest.

    `preview_because` is what stands in the way at any time of the week, such as no Signers; "" if nothing does.
    """
    own = next((past for past in history if past.week == week), None)
    if own is not None:
        return Standing.PREVIEW, f"{week} has its official verdict, {own.decision.value}, given {moment(own.evaluated_at)}"
    if week_of(now) != week:
        return Standing.PREVIEW, f"judged in {week_of(now)}, outside the week of this scorecard"
    if preview_because:
        return Standing.PREVIEW, preview_because
    if not is_due(week, now):
        return Standing.PREVIEW, f"the first scorecard from {moment(format_utc(cutoff(week)))} on is the official one"
    return Standing.OFFICIAL, OFFICIAL_BECAUSE
