"""Does a change freeze hold now? One sentence of the scorecard, from the calendar of the folder. Pure."""

import datetime as dt

from gates.page.words import moment
from gates.schema.freeze_spans import FoundCalendar


def frozen_sentence(found: FoundCalendar | None, now: dt.datetime) -> str:
    """Which freeze holds and until when, or which comes next; "" for a folder without a freeze calendar."""
    if found is None:
        return ""
    if found.spans is None:
        return "The freeze calendar cannot be read, so nothing may be deployed: `gonogo freeze explain` names its faults."
    held = found.spans.in_force(now)
    if held:
        names, ends = ", ".join(span.name for span in held), max(span.ends_at for span in held)
        return f"A change freeze is in force until {moment(ends)} ({names}): only what a signed act names may be deployed."
    upcoming = found.spans.upcoming(now)
    if upcoming is None:
        return "No change freeze is in force, and the calendar has no later one."
    return f"No change freeze is in force; the next one ({upcoming.name}) begins {moment(upcoming.begins_at)}."
