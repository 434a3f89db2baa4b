"""The adapter `http`: a value in the answer of one GET request."""

from gates.adapters.numbers import Text, measure_at
from gates.adapters.shape import Adapter, Fetched, Found, Notes, Scene, Unanswered
from gates.adapters.web import get
from gates.schema.outcome import UnknownReason
from gates.schema.source import HttpSource, Request
from gates.schema.time import parse_duration_s

BODY = "body.txt"


def fetch(source: HttpSource, scene: Scene) -> Fetched:
    """The body of an answer 200."""
    found = get(scene.url, scene.headers, parse_duration_s(source.timeout), ca_file=scene.ca_file)
    if found.status != 200:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"GET {source.url} answered {found.status}, not 200")
    return Fetched(Notes(scene.now, is_live=True), {BODY: found.body})


def read(request: Request, fetched: Fetched) -> Found:
    """Its value."""
    source = request.source
    assert isinstance(source, HttpSource), "the table pairs sources and adapters"
    document = Text(fetched.files[BODY], f"the answer of {source.url}")
    return Found(measure_at(request, document, source.value, source.samples, source.failures))


ADAPTER = Adapter(fetch, read)
