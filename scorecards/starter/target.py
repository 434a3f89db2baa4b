"""The target file of a starting folder: guesses marked as such, everything else as it has to be filled in. Pure."""

from collections.abc import Iterator, Mapping

import msgspec
import yaml

from gates.schema.canonical import Json
from scorecards.starter.answers import Answers
from scorecards.starter.lists import Guess

_TO_EDIT = "not in an OpenAPI document: edit it"
_BUILD = ("# build: {path: /version, pointer: /commit}  # or {path: /ready, header: X-Build}, or {command: [./which-build]}",)
_LISTED = ("credentials", "variables")
_USUAL: dict[str, Json] = {
    "reserve": {
        "path": "/payments",
        "body": {"wallet_id": "{wallet_id}", "payee_id": "{payee_id}", "amount": "{amount}"},
        "success": [201],
        "id_pointer": "/id",
    },
    "settle": {"path": "/payments/{payment_id}/settle", "body": {"amount": "{amount}"}},
    "reverse": {"path": "/payments/{payment_id}/reverse", "body": {}},
}


class Part(msgspec.Struct, frozen=True):
    """A few lines of the file: comments above, then YAML."""

    comments: tuple[str, ...]
    lines: tuple[str, ...]


def target_parts(answers: Answers, found: Mapping[str, Guess]) -> tuple[Part, ...]:
    """The members of `spec`, in the order in which people read them."""
    return (*_where(answers, found), *_operations(found), *_read_back(found), *_rehearsed(answers))


def _where(answers: Answers, found: Mapping[str, Guess]) -> Iterator[Part]:
    url = f"${{GONOGO_BASE_URL:-{answers.base_url}}}"
    yield _part({"base_url": url})
    credential = found.get("credential")
    comments = () if credential is None else _comments(credential)
    agent: Json = "Bearer ${GONOGO_AGENT_KEY}" if credential is None else credential.value
    yield _part({"credentials": {"agent": agent}}, "role: how it shows who it is; secrets stay in variables", *comments)
    variables: dict[str, Json] = {"wallet_id": "${GONOGO_WALLET_ID}", "payee_ids": "${GONOGO_PAYEE_IDS}", "reference": "gonogo"}
    amounts = found.get("amount_format")
    if amounts is not None:
        yield _part({"amount_format": amounts.value}, *_comments(amounts))
    yield _part({"variables": variables}, "what requests are filled in with; payee_ids has commas between")
    header = found.get("idempotency_header")
    yield _part({"idempotency_header": header.value if header else "Idempotency-Key"}, *_comments(header))
    ready = found.get("ready_path")
    yield _part({"ready_path": ready.value if ready else "/readyz"}, *_comments(ready))


def _operations(found: Mapping[str, Guess]) -> Iterator[Part]:
    yield Part((), ("operations:",))
    guessed = "settle" in found
    for name in ("reserve", "settle", "reverse", "refund"):
        guess = found.get(name)
        if guess is not None or (name in _USUAL and (not guessed or name == "reserve")):
            yield _part({name: guess.value if guess else _USUAL[name]}, *_comments(guess), indent=2)


def _read_back(found: Mapping[str, Guess]) -> Iterator[Part]:
    build = found.get("build")
    shown = next((name for name in ("ledger", "settlements") if name in found), None)
    if shown is not None:
        yield Part((), ("audit:",))
        yield _part({shown: found[shown].value}, *_comments(found[shown]), indent=2)
    else:
        text = "Without a place to read settlements back, nothing shows whether one was lost or made twice."
        yield Part((f"# {text} Fill this in:",), ("# audit:", '#   ledger: {method: GET, path: "/ledger?after={after}"}'))
    if build is not None:
        yield _part({"build": build.value}, *_comments(build))
    else:
        text = "Without the build that runs now, no evidence counts, for it may be about another one. Fill this in:"
        yield Part(
            (f"# {text}",),
            _BUILD,
        )


def _rehearsed(answers: Answers) -> Iterator[Part]:
    if answers.start:
        process: dict[str, Json] = {"start": list(answers.start)}
        if answers.seed:
            process["seed"] = list(answers.seed)
        if answers.candidate:
            process["candidate"] = list(answers.candidate)
        yield _part({"process": process}, "how gonogo runs the service for a review and its drills")
    commands: dict[str, Json] = {
        name: list(getattr(answers, name)) for name in ("kill", "restore", "deploy", "rollback") if getattr(answers, name)
    }
    if commands:
        yield _part({"commands": commands}, "argument lists; no shell runs them")
        text = "How a restart is seen: an id that changes with each start. Fill this in for the crash drill:"
        yield Part((f"# {text}",), ("# instance: {path: /version, pointer: /started_at}",))


def _comments(guess: Guess | None) -> tuple[str, ...]:
    if guess is None:
        return (_TO_EDIT,)
    return (f"guessed from the OpenAPI document: {guess.source}", *(f"check {doubt}" for doubt in guess.doubts))


def _part(value: dict[str, Json], *comments: str, indent: int = 0) -> Part:
    """One member as YAML, with nested values on one line where they are short; a mapping of texts has a line for each."""
    margin = " " * indent
    ((name, inner),) = value.items()
    texts = isinstance(inner, dict) and bool(inner) and all(isinstance(item, str) for item in inner.values()) and name in _LISTED
    dumped = yaml.safe_dump(inner, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False if texts else None)
    lines = dumped.removesuffix("...\n").splitlines()
    is_nested = isinstance(inner, dict) and not dumped.startswith("{")
    lines = [f"{name}: {lines[0]}"] if len(lines) == 1 and not is_nested else [f"{name}:", *(f"  {line}" for line in lines)]
    return Part(tuple(f"{margin}# {text}" for text in comments), tuple(f"{margin}{line}" for line in lines))
