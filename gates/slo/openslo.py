"""An SLO document as it is written: the subset of OpenSLO v1 that rules are generated from; all else is refused with its path."""

from typing import Literal

import msgspec


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Annotations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose SLO it is: `gate` is the letter or id of the launch gate that reads it; `job` is its job in Prometheus.

    A page needs `min_bad_events` bad events in its long window, so that one error of a quiet service pages nobody.
    """

    owner: str = msgspec.field(name="gonogo/owner")
    runbook: str = msgspec.field(name="gonogo/runbook")
    job: str = msgspec.field(name="gonogo/job")
    gate: str = msgspec.field(name="gonogo/gate", default="")
    min_bad_events: str = msgspec.field(name="gonogo/min-bad-events", default="5")


class SloMetadata(_Struct, frozen=True):
    """What the SLO is called; `annotations` are ours."""

    name: str
    annotations: Annotations
    display_name: str = ""


class Query(_Struct, frozen=True):
    """A selector of counters in PromQL, such as `events_total{outcome="bad"}`, without a function or a range."""

    query: str


class PrometheusMetric(_Struct, frozen=True):
    """Where a count comes from."""

    type: Literal["Prometheus"]
    spec: Query


class Metric(_Struct, frozen=True):
    """One side of a ratio."""

    metric_source: PrometheusMetric

    @property
    def query(self) -> str:
        """Its selector."""
        return self.metric_source.spec.query.strip()


class RatioMetric(_Struct, frozen=True):
    """Events that are counted, as counters that only grow: all of them, and the bad ones or the good ones."""

    counter: bool
    total: Metric
    bad: Metric | None = None
    good: Metric | None = None


class IndicatorSpec(_Struct, frozen=True):
    """How it is measured."""

    ratio_metric: RatioMetric


class IndicatorMetadata(_Struct, frozen=True):
    """What the indicator is called."""

    name: str
    display_name: str = ""


class Indicator(_Struct, frozen=True):
    """The indicator, written in the SLO itself."""

    spec: IndicatorSpec
    metadata: IndicatorMetadata | None = None


class TimeWindow(_Struct, frozen=True):
    """The period of the objective, up to now."""

    duration: Literal["7d", "28d", "30d"]
    is_rolling: bool


class Objective(_Struct, frozen=True):
    """The share of events that are good, as a decimal in quotes: a number would be read in binary."""

    target: str
    display_name: str = ""


class SloSpec(_Struct, frozen=True):
    """The SLO."""

    service: str
    budgeting_method: Literal["Occurrences"]
    time_window: tuple[TimeWindow, ...]
    indicator: Indicator
    objectives: tuple[Objective, ...]
    description: str = ""


class SloDocument(_Struct, frozen=True):
    """The whole document."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLO"]
    metadata: SloMetadata
    spec: SloSpec
