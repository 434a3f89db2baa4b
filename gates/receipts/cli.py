"""`gonogo receipt`: verify receipts offline; no service is asked and no network is used."""

from pathlib import Path

import click

from gates.schema.options import format_option


@click.group()
def receipt() -> None:
    """Verify receipts offline, against keys that you bring."""


@receipt.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--trust",
    "trust_path",
    required=True,
    type=click.Path(path_type=Path),
    help="The JWKS file that you trust, with its key events if it has any. Nothing else is trusted.",
)
@click.option(
    "--chain",
    "chain_paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Further receipts of the same payments, to complete chains. May be repeated.",
)
@click.option(
    "--policy",
    "policy_paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A policy document, as GET /v1/policies/{policy_sha256} gives it: its decisions are made again. May be repeated.",
)
@click.option("--verbose", is_flag=True, help="Tell every receipt in full, also of many.")
@format_option("text", "json")
def verify(
    file: Path,
    trust_path: Path,
    chain_paths: tuple[Path, ...],
    policy_paths: tuple[Path, ...],
    verbose: bool,
    output_format: str,
) -> int:
    """Check the receipts in FILE: a DSSE envelope as JSON, or many as JSON lines.

    Each level says pass, FAIL or not checked: the signature by a key in --trust; whether that key counts at the receipt's place
    in the journal (a retired key's later receipts do not, nor does anything by a revoked key); the form, to the byte; the chain
    to the payment's earlier receipts; conservation of the money; with --policy, whether the decision comes out the same. Exit 0
    only where all of these pass, 8 where one fails, 3 where one was not checked because earlier receipts were not given.
    """
    from gates.evidence.keys import load_trust
    from gates.receipts.files import read_policy_files, read_receipt_file
    from gates.receipts.key_history import load_history
    from gates.receipts.text import as_json, as_text, exit_code
    from gates.receipts.verifier import verify_receipts
    from gates.schema.canonical import canonical_json

    trust = load_trust(trust_path)
    known = [item for path in chain_paths for item in read_receipt_file(path)]
    policies = read_policy_files(policy_paths)
    found = verify_receipts(read_receipt_file(file), trust, known, load_history(trust_path), policies)
    if output_format == "json":
        click.echo(canonical_json(as_json(found, trust)).decode())
    else:
        click.echo(as_text(found, trust, verbose=verbose))
    return int(exit_code(found))
