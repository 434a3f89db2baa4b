"""A scorecard computed again from its own folder: the same inputs, the same bytes."""

from pathlib import Path

from gates.evidence.keys import load_trust
from gates.schema.canonical import sha256_hex
from gates.schema.output import show
from scorecards import folder
from scorecards.build import build
from scorecards.evaluate import make_empty
from scorecards.render import render_html
from scorecards.schema import Scorecard

UNPINNED = (
    "{folder}: computed again, not verified: the signatures hold under the keys in that folder, and no key of yours was used\n"
    "  next: gonogo scorecard verify {folder} --trust FILE --signers SHA256"
)


def build_again(path: Path, out: Path | None) -> Scorecard:
    """Build from the inputs and the evidence in `path`; write YAML and HTML to `out` where it is given.

    The signatures are checked under the keys in the folder: whether to trust those is what `verify` is for.
    """
    evidence = folder.read_bundle(path, load_trust(path / folder.TRUST_FILE))
    previous = folder.read_previous(path)
    scorecard = build(folder.read_inputs(path), evidence, None if previous is None else previous[1])
    if out is not None:
        target = make_empty(out)
        data = folder.scorecard_yaml(scorecard)
        (target / folder.YAML_FILE).write_bytes(data)
        (target / folder.HTML_FILE).write_bytes(render_html(scorecard, sha256_hex(data)))
    show(UNPINNED.format(folder=path), err=True)
    return scorecard
