"""Where is a source queried? Addresses, headers and variables resolved from the environment, and what of them is secret."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from gates.adapters.querying import USUAL
from gates.adapters.shape import Scene, Unanswered
from gates.schema.errors import UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.secret import header_fault
from gates.schema.source import CollectedSource, HttpSource, PrometheusSource
from gates.schema.target import NamedTarget, Target, resolve, resolve_base_url, resolve_credential
from gates.schema.tls import CA_FILE, ca_environment


def make_scene(source: CollectedSource, now: str, named: NamedTarget, environ: Mapping[str, str]) -> Scene:
    """The scene of one source; raises Unanswered naming a variable that is not set or cannot be sent."""
    try:
        url, headers = _web(source, named.target, environ)
        is_of_target = isinstance(source, HttpSource) and source.url.startswith("/")
        ca_file = ca_environment(named, environ).get(CA_FILE, "") if is_of_target else ""
    except UsageProblem as problem:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, problem.message) from None
    names = tuple(getattr(source, "environment", ()))
    missing = [name for name in names if name not in environ]
    if missing:
        raise Unanswered(UnknownReason.MISSING, f"the environment variable {missing[0]} is not set")
    usual = {name: environ[name] for name in USUAL if name in environ}
    own = {name: environ[name] for name in names}
    return Scene(now, url, ca_file, headers, {**usual, **own}, secrets=(*own.values(), *headers.values()))


def _web(source: CollectedSource, target: Target, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    if not isinstance(source, HttpSource | PrometheusSource):
        return "", {}
    headers = {name: _header(name, value, environ) for name, value in sorted(source.headers.items())}
    if isinstance(source, PrometheusSource):
        url = source.url or (resolve(target.prometheus, environ) if target.prometheus else "")
        if not url:
            raise UsageProblem("neither the source has a url, nor the target a `prometheus`")
        return _without_user(url), headers
    if source.role is not None:
        headers |= resolve_credential(target, source.role, environ).line
    return (resolve_base_url(target, environ) + source.url if source.url.startswith("/") else source.url), headers


def _header(name: str, template: str, environ: Mapping[str, str]) -> str:
    value = resolve(template, environ)
    if fault := header_fault(value):
        raise UsageProblem(f"the header {name} {fault}")
    return value


def _without_user(url: str) -> str:
    if "@" in urlsplit(url).netloc:
        raise UsageProblem("the address of Prometheus holds a user name or a password: send them with source.headers")
    return url
