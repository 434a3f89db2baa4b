"""The steps of `gonogo setup login`: a code by mail whatever is saved, the tenant, and no further."""

from gateway.machines.onboarding import OnboardingEvent, OnboardingState
from gateway.setup.failures import SetupCode
from gateway.setup.happened import Happened
from gateway.setup.steps.enter import by_code
from gateway.setup.steps.table import STEPS
from gateway.setup.walk import Step, Walk


def stop(_walk: Walk) -> Happened:
    """The session is saved; the setup goes on with it."""
    return Happened(OnboardingEvent.QUIT, SetupCode.SIGNED_IN.value, "the session ends after 12 hours, or 30 minutes without use")


LOGIN_STEPS: dict[OnboardingState, tuple[str, Step]] = {
    **STEPS,
    OnboardingState.SERVICE_OK: ("enter", by_code),
    OnboardingState.TENANT_READY: ("key", stop),
}
