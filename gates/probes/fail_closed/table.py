"""The table behind the probe fail-closed: requests that must be refused, and how. Data, so that any service can have its own."""

from pathlib import Path
from typing import Literal

import msgspec

from gates.schema.canonical import Json
from gates.schema.documents import load_document, spec_sha256
from gates.schema.errors import UsageProblem
from gates.schema.target import Operation

SHIPPED = Path(__file__).with_name("fail_closed.yaml")
KIND = "FailClosedTable"

OperationName = Literal["reserve", "settle", "reverse"]
Given = Literal["nothing", "held", "settled", "released"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request and the answer that it must get.

    `operation` is the target's own, or `request` one spelled out here; `repeat` sends again, exactly, what made the payment in
    `given`, and must get the very same answer. `keys` are the lines of the idempotency header. `set` and `drop` change members
    of the filled body, `raw` replaces it, `pad_to` fills it up to that many bytes with white space. `fields` override what
    `{field}` stands for. `names` are texts that the answer has to hold. With `sticky` the request is sent twice, and the
    refusal must come back byte for byte. `given_set` changes members of the body that reserves the payment in `given`, and
    `wait_ms` is how long to wait once it stands: long enough, say, for its hold to expire.
    """

    name: str
    operation: OperationName | None = None
    request: Operation | None = None
    repeat: OperationName | None = None
    given: Given = "nothing"
    given_set: dict[str, Json] = {}
    wait_ms: int = 0
    role: str | None = None
    keys: tuple[str, ...] | None = None
    set: dict[str, Json] = {}
    drop: tuple[str, ...] = ()
    raw: str | None = None
    pad_to: int | None = None
    chunked: bool = False
    content_type: str = "application/json"
    fields: dict[str, str] = {}
    names: tuple[str, ...] = ()
    sticky: bool = False
    status: int = 0
    code: str = ""


class Preparation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request made once before the rows; the id in its answer becomes the field `capture`."""

    request: Operation
    capture: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows, and what every problem in them must look like; `codes` is used where OpenAPI lists none."""

    amount: str
    rows: tuple[Row, ...]
    codes: tuple[str, ...]
    problem_members: tuple[str, ...]
    replayed_header: str = ""
    prepare: tuple[Preparation, ...] = ()


def load_table(path: Path) -> Table:
    """Read a table; raises UsageProblem naming the file and the row that is not complete, or that another one repeats."""
    table = load_document(path, KIND, Table).spec
    if not table.rows:
        raise UsageProblem(f"{path}: $.spec.rows: no rows, so nothing could fail")
    for index, row in enumerate(table.rows):
        what = [item for item in (row.operation, row.request, row.repeat) if item is not None]
        where = f"{path}: $.spec.rows[{index}] ({row.name})"
        if len(what) != 1:
            raise UsageProblem(f"{where}: give exactly one of operation, request and repeat")
        if row.repeat is None and not (400 <= row.status <= 499 and row.code):
            raise UsageProblem(f"{where}: a refusal needs a status from 400 to 499 and a code")
        if row.repeat is not None and row.given == "nothing":
            raise UsageProblem(f"{where}: repeat needs a payment in `given`")
    _require_distinct(table, path)
    return table


def table_sha256(path: Path | None = None) -> str:
    """The digest of a table's content, of the shipped one without a path: which requests had to be refused."""
    return spec_sha256(path or SHIPPED)


def _require_distinct(table: Table, path: Path) -> None:
    """One request counts once: under another name, or with another expectation, it is the same request."""
    names: dict[str, int] = {}
    requests: dict[bytes, int] = {}
    for index, row in enumerate(table.rows):
        where = f"{path}: $.spec.rows[{index}] ({row.name})"
        if row.name in names:
            raise UsageProblem(f"{where}: rows[{names[row.name]}] has the same name", next_step="give each row its own name")
        request = msgspec.json.encode(msgspec.structs.replace(row, name="", names=(), status=0, code=""), order="sorted")
        if request in requests:
            other = requests[request]
            raise UsageProblem(
                f"{where}: the same request as rows[{other}] ({table.rows[other].name})",
                next_step="remove one: a request that is sent twice is one sample",
            )
        names[row.name], requests[request] = index, index
