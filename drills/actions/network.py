"""Steps that act on the network between the service and its clients."""

from collections.abc import Callable

from drills.network.path import NetworkPath, variable_of
from drills.network.rule import Counts, Rule
from drills.observed import Unobserved
from drills.rehearsal import Facts, Rehearsal, TimedOut
from drills.steps.base import label_of
from drills.steps.network import HalfOpenNetwork, ProxyNetwork, RestoreNetwork, SlowNetwork
from gates.schema.errors import UnknownProblem
from gates.schema.target import resolve_base_url
from gates.schema.time import monotonic_s

NETWORK = "network"
_NEXT = "add proxy_network to the drill's setup, before start_storm"


def proxy_network(run: Rehearsal, _step: ProxyNetwork) -> Facts:
    """Start the proxy, and lead the service's clients through it."""
    variable = variable_of(run.plan.target.base_url)
    upstream = resolve_base_url(run.plan.target, run.service.environ)
    path = NetworkPath(upstream, run.out / "logs" / "network", run.service.environ, run.pause)
    run.note_process("network", path.identity)
    run.tidying.callback(path.end)
    run.paths[NETWORK], run.path_environ = path, {variable: path.url}
    return {"variable": variable}


def slow_network(run: Rehearsal, step: SlowNetwork) -> Facts:
    """Delay what passes, and see that it was delayed."""
    rule = Rule(delay_ms=step.delay_ms, jitter_ms=step.jitter_ms, of=step.of, seed=run.plan.seed)
    count = _inject(run, step, rule, lambda counts: counts.delayed)
    return {"delayed": count}


def half_open_network(run: Rehearsal, step: HalfOpenNetwork) -> Facts:
    """Lose what is sent, and see that it was lost."""
    count = _inject(run, step, Rule(lose=step.lose, seed=run.plan.seed), lambda counts: counts.lost)
    return {"lost": count}


def _inject(run: Rehearsal, step: SlowNetwork | HalfOpenNetwork, rule: Rule, count: Callable[[Counts], int]) -> int:
    path = run.paths.get(NETWORK)
    if path is None:
        raise UnknownProblem("nothing stands between the clients and the service", next_step=_NEXT)
    at_s = monotonic_s()
    before = count(path.impose(rule))
    try:
        run.wait_until(lambda: count(path.counts()) - before >= step.seen, step.within, f"{step.seen} pieces of the storm")
    except TimedOut as error:
        raise Unobserved(f"the fault of the network was not seen: {error.message}") from None
    number = count(path.counts()) - before
    what = f"{step.lose} lost" if isinstance(step, HalfOpenNetwork) else f"{step.of} delayed"
    run.note_fault(label_of(step), at_s, f"{number} pieces of {what} by the proxy")
    return number


def restore_network(run: Rehearsal, _step: RestoreNetwork) -> Facts:
    """Pass everything on again."""
    path = run.paths.get(NETWORK)
    if path is None:  # it ended with the drill that was killed
        return {"proxy": False}
    counts = path.impose(Rule())
    run.since_s = monotonic_s()
    run.note_cleared()
    return {"proxy": True, "passed": counts.passed, "delayed": counts.delayed, "lost": counts.lost}
