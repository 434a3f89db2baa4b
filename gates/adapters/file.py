"""The adapter `file`: a value in one JSON, YAML or text file."""

from gates.adapters.files import fetch_files, made_at, one_build, origin_of
from gates.adapters.numbers import Text, measure_at, where_text
from gates.adapters.shape import Adapter, Fetched, Found, Scene
from gates.schema.source import FileSource, Request


def fetch(source: FileSource, scene: Scene) -> Fetched:
    """The file."""
    return fetch_files(source, [source.path], scene)


def read(request: Request, fetched: Fetched) -> Found:
    """Its value."""
    source = request.source
    assert isinstance(source, FileSource), "the table pairs sources and adapters"
    ((name, data),) = fetched.files.items()
    document = Text(data, origin_of(fetched, name))
    build = None if source.build is None else one_build([document.at(source.build)], where_text(source.build))
    own = None if source.time is None else document.at(source.time)
    time = made_at(source, fetched, [own], build)
    return Found(measure_at(request, document, source.value, source.samples, source.failures), build, time)


ADAPTER = Adapter(fetch, read)
