"""What a Prometheus reports over HTTP: whether it is ready, its rules, and the raw samples of a series."""

from collections.abc import Iterable
from typing import Any

import httpx
import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.tls import tls_of

_TIMEOUT_S = 10.0


class Sample(msgspec.Struct, frozen=True):
    """One scraped value: seconds since 1970 by the machine's clock, as Prometheus stored them, and a decimal."""

    at: float
    value: float


class Series(msgspec.Struct, frozen=True):
    """The samples of one series, by time."""

    labels: dict[str, str]
    samples: tuple[Sample, ...]


class LoadedAlert(msgspec.Struct, frozen=True):
    """One alert that Prometheus has loaded; further members are ignored. `health` is `ok` once it was evaluated without error."""

    name: str
    labels: dict[str, str] = {}
    health: str = "unknown"
    last_error: str = msgspec.field(name="lastError", default="")


class Asking:
    """One Prometheus at its address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ready(self, path: str = "/-/ready") -> bool:
        """Whether it responds 200 there now."""
        try:
            return (
                httpx.get(self.url + path, timeout=_TIMEOUT_S, trust_env=False, verify=tls_of(self.url)).status_code
                == httpx.codes.OK
            )
        except httpx.TransportError:
            return False

    def value(self, query: str) -> float | None:
        """The value of an instant query with one result; None for an empty result."""
        found = self._get("query", {"query": query})["result"]
        if not found:
            return None
        if len(found) > 1:
            raise UnknownProblem(f"Prometheus has {len(found)} results for {query!r}, and one is expected")
        return _number(found[0]["value"][1])

    def samples(self, selector: str, window: str) -> tuple[Series, ...]:
        """The raw samples of the last `window` of each series of a selector."""
        found = self._get("query", {"query": f"{selector}[{window}]"})["result"]
        return tuple(
            Series(item["metric"], tuple(Sample(float(at), _number(text)) for at, text in item["values"])) for item in found
        )

    def alerts(self) -> tuple[LoadedAlert, ...]:
        """Every alert of the loaded rules."""
        groups: Iterable[dict[str, Any]] = self._get("rules", {"type": "alert"})["groups"]
        return tuple(msgspec.convert(rule, LoadedAlert) for group in groups for rule in group["rules"])

    def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        """The data of a response; raises UnknownProblem for no response, an error, or anything else than JSON."""
        try:
            answer = httpx.get(
                f"{self.url}/api/v1/{path}", params=parameters, timeout=_TIMEOUT_S, trust_env=False, verify=tls_of(self.url)
            )
            body = msgspec.json.decode(answer.content, type=dict[str, Any])
        except httpx.TransportError as error:
            raise UnknownProblem(f"Prometheus at {self.url} does not respond: {error!r}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnknownProblem(f"Prometheus at {self.url} responds with something else than JSON: {error}") from None
        data = body.get("data")
        if body.get("status") != "success" or not isinstance(data, dict):
            raise UnknownProblem(f"Prometheus at {self.url} refuses {path}: {body.get('error', 'no reason given')}")
        return data


def _number(text: object) -> float:
    return float(str(text))
