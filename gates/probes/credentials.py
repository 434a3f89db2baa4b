"""Which credentials does a secret scan look for, in which texts, and which of them can it not look for?"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from gates.schema.secret import secret_parts

SHORTEST = 12
"""Values shorter than this are words, not credentials: looking for them would find them everywhere."""
_LONGEST = 1024
"""The beginning of a longer value is looked for: every form of it fits the overlap of two windows of the scan."""

_NAME = re.compile(r"GONOGO_[A-Z0-9_]*KEY")


class Sought(msgspec.Struct, frozen=True):
    """The texts to look for, by the name of the credential; `unsearchable` maps what cannot be looked for to the reason."""

    texts: dict[str, tuple[str, ...]]
    unsearchable: dict[str, str]


def known_credentials(environ: Mapping[str, str], headers: Mapping[str, str], missing: Mapping[str, str] | None = None) -> Sought:
    """The values that must appear nowhere: GONOGO_*_KEY of the environment, and the target's credentials as headers.

    Of a header both all of it, as it is sent, and what follows the scheme; of Basic credentials what their base64 hides, too.
    `missing` are roles of the target without a value, with the reason. The names say where a value comes from.
    """
    values: dict[str, tuple[str, ...]] = {
        name: (value.strip(),) for name, value in sorted(environ.items()) if _NAME.fullmatch(name) and value.strip()
    }
    values |= {f"credential {role}": secret_parts(value) for role, value in sorted(headers.items())}
    texts: dict[str, tuple[str, ...]] = {}
    unsearchable = {f"credential {role}": why for role, why in (missing or {}).items()}
    for name, parts in values.items():
        faults = [fault for part in parts if (fault := _fault(part))]
        if faults:
            unsearchable[name] = faults[0]
        fit = tuple(part[:_LONGEST] for part in parts if not _fault(part))
        if fit and not _covered(fit, texts.values()):
            texts[name] = fit
    return Sought(texts, unsearchable)


def _fault(text: str) -> str:
    if len(text) < SHORTEST:
        return f"shorter than {SHORTEST} characters: it would be found everywhere; only a longer one can be looked for"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not a text: its bytes are not UTF-8"
    return ""


def _covered(texts: tuple[str, ...], found: Iterable[tuple[str, ...]]) -> bool:
    """Whether another name already looks for the secret itself: it is not reported twice."""
    return any(min(texts, key=len) in others for others in found)
