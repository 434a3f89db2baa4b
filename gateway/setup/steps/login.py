"""The steps of `gonogo setup login`: a code by mail whatever is saved, the tenant, and no further."""

from gateway.machines.onboarding import OnboardingEvent, OnboardingState
from gateway.setup.failures import SetupCode
from gateway.setup.happened import Happened
from gateway.setup.steps.enter import by_code
from gateway.setup.steps.table import STEPS
from gateway.setup.walk import Step, Walk


def stop(walk: Walk) -> Happened:
    """The session is saved; the setup goes on with it."""
    walk.talk.say("signed in; this session is good for 12 hours, and 30 minutes without use")
    return Happened(OnboardingEvent.QUIT, SetupCode.SIGNED_IN.value)


LOGIN_STEPS: dict[OnboardingState, tuple[str, Step]] = {
    **STEPS,
    OnboardingState.SERVICE_OK: ("enter", by_code),
    OnboardingState.TENANT_READY: ("key", stop),
}
