"""Which step is taken in which state, by the names that journal and report have."""

from gateway.machines.onboarding import OnboardingState
from gateway.setup.steps.call import call, pay
from gateway.setup.steps.check import check
from gateway.setup.steps.code import code
from gateway.setup.steps.enter import enter
from gateway.setup.steps.funding import funding
from gateway.setup.steps.hosts import apply, choose, see
from gateway.setup.steps.key import key
from gateway.setup.steps.probe import probe
from gateway.setup.steps.tenant import tenant
from gateway.setup.steps.wallet import wallet
from gateway.setup.walk import Step

_S = OnboardingState

STEPS: dict[OnboardingState, tuple[str, Step]] = {
    _S.STARTED: ("probe", probe),
    _S.SERVICE_OK: ("enter", enter),
    _S.CODE_WAIT: ("code", code),
    _S.SIGNED_IN: ("tenant", tenant),
    _S.TENANT_READY: ("key", key),
    _S.KEY_READY: ("wallet", wallet),
    _S.WALLET_READY: ("funding", funding),
    _S.FUNDED: ("hosts", choose),
    _S.DECISION_ONLY: ("hosts", choose),
    _S.HOST_PLANNED: ("apply", apply),
    _S.HOST_WRITTEN: ("see", see),
    _S.HOST_MANUAL: ("see", see),
    _S.HOST_OK: ("pay", pay),
    _S.CALLING: ("call", call),
    _S.CHECKING: ("check", check),
}
"""`funding` is not among them: adding money is not part of this release, so no setup comes to that state."""
