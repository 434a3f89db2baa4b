"""`gonogo receipt`: verify receipts offline, without a service and without a network."""

from pathlib import Path

import click

from gates.schema.options import format_option
from gates.schema.output import show, write_document


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
    help="A policy document, as GET /v1/policies/{policy_sha256} returns it: its decisions are made again. May be repeated.",
)
@click.option("--verbose", is_flag=True, help="Show every receipt in full, also where there are many.")
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

    Each level is pass, FAIL or not checked: the signature, by the key in --trust that the receipt names; whether that key was
    active at the receipt's position in the journal (a retired key's later receipts fail, and all receipts of a revoked key); the
    form, byte by byte; the chain to the earlier receipts of the payment; conservation of the money; with --policy, whether the
    decision comes out the same.

    Exit 0 only where all of these pass, 8 where one fails, 3 where one was not checked because an earlier receipt or, with
    --policy, its policy document was not given, 2 where FILE does not hold receipts.
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
        write_document(canonical_json(as_json(found, trust)), nl=True)
    else:
        show(as_text(found, trust, verbose=verbose))
    return int(exit_code(found))
