"""Step `funding`: is there money in the wallet? Adding some is not part of this release, so the only choice is `later`."""

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.happened import Happened
from gateway.setup.lines import Found
from gateway.setup.steps.enter import found_of
from gateway.setup.steps.wallet import AMOUNT, find_wallet
from gateway.setup.walk import Walk

_RAIL_DOWN = "trust_only"


def funding(walk: Walk) -> Happened:
    """Money that is there is used; without any the setup goes on with everything else."""
    me = found_of(walk.read("/v1/access/me", walk.memory.agent_key).decoded())
    row = find_wallet(walk, walk.found.wallet_id or "")
    if row is not None and int(str(row.get("available", "0"))) >= int(AMOUNT):
        walk.memory.has_money = True
        if me.demo_money:
            walk.talk.say("the wallet holds demo money: this setup counts as simulated")
        return Happened(OnboardingEvent.HAS_MONEY, found=me)
    mode = walk.read("/v1/status", walk.memory.agent_key).decoded().get("mode")
    if mode == _RAIL_DOWN:
        detail = "the wallet is empty; everything except a payment is set up now"
        return Happened(OnboardingEvent.RAIL_DOWN, "rail_unavailable", detail, found=me)
    walk.talk.say("the wallet is empty, and this release cannot add money to it; everything else is set up now")
    return Happened(OnboardingEvent.LATER, found=Found(cohort=me.cohort, demo_money=me.demo_money))
