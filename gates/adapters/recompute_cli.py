"""`gonogo evidence recompute`: the measure of an adapter's statement, computed again."""

from pathlib import Path

import click

from gates.schema.output import write_document


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def recompute(folder: Path) -> None:
    """Compute an adapter's measure again from the files in FOLDER, named as in the statement, for `scorecard verify --deep`."""
    from gates.adapters.answer import recompute as compute
    from gates.evidence.recomputed import recomputed_bytes

    write_document(recomputed_bytes(compute(folder)), nl=True)
