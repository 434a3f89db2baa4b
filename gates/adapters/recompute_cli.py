"""`gonogo evidence recompute`: the measure of an adapter's statement, computed again."""

from pathlib import Path

import click

from gates.schema.output import write_document


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def recompute(folder: Path) -> None:
    """Compute measures again from the files in FOLDER, named as in the statement, for `scorecard verify --deep`.

    Those of an adapter's answer, or those of a document of one's own.
    """
    from gates.adapters import answer, measures
    from gates.evidence.recomputed import recomputed_bytes
    from gates.schema.source import DOCUMENT, REQUEST

    is_own = (folder / DOCUMENT).exists() and not (folder / REQUEST).exists()
    write_document(recomputed_bytes((measures if is_own else answer).recompute(folder)), nl=True)
