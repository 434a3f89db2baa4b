"""Settings to try payouts with one command: an honest rail in the gateway's own process."""

import msgspec

from gateway.rail.simulator.in_process import SimulatedRail
from gateway.rail.simulator.script import Script
from gateway.settings import Settings


def practising(settings: Settings) -> Settings:
    """Settings with an honest rail in this process, its book in the folder of the database: to try payouts with one command."""
    book = settings.db.with_name(settings.db.name + ".rail.db")
    rail = SimulatedRail(book, Script(), settings.clock, settings.ids, settings.rail_timeout_s)
    return msgspec.structs.replace(settings, rail=rail, rail_url=None)
