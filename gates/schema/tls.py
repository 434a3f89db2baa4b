"""Whom to trust over TLS: the target's own `ca_file`, or else what the environment (`SSL_CERT_FILE`) and the system trust."""

import os
import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from gates.schema.errors import UsageProblem
from gates.schema.printable import printable
from gates.schema.template import resolve

if TYPE_CHECKING:
    from gates.schema.target import NamedTarget, Target

CA_FILE = "GONOGO_TARGET_CA_FILE"
"""The variable in which gonogo passes the path of the target's `ca_file` to its own child processes."""


def ca_environment(named: "NamedTarget", environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What `tls_for` needs in the environment to trust the target's `ca_file`; nothing where it has none.

    The file is next to the target file, or named by a variable. Raises UsageProblem naming the field where it holds no
    certificate.
    """
    if named.target.ca_file is None:
        return {}
    path = require_certificates(named.folder / resolve(named.target.ca_file, environ))
    return {CA_FILE: str(path)}


def tls_for(url: str, target: "Target", environ: Mapping[str, str] | None = None) -> ssl.SSLContext | bool:
    """The TLS settings of every client of a target (httpx's `verify`): certificates and host names are checked, always.

    False for a URL without TLS, which needs none. With `ca_file`, only what that file certifies is trusted.

    Raises UsageProblem where the file holds no certificate.
    """
    env = os.environ if environ is None else environ
    if target.ca_file is None or not _has_tls(url):
        return tls_of(url)
    assert env.get(CA_FILE), "the caller has put ca_environment() into the environment"
    return _context(env[CA_FILE])


def tls_of(url: str) -> ssl.SSLContext | bool:
    """The same for an address that is no target's; without TLS nobody has to read the certificates of all authorities first."""
    return ssl.create_default_context() if _has_tls(url) else False


def _has_tls(url: str) -> bool:
    return url.lower().startswith("https:")


def require_certificates(path: Path) -> Path:
    """The absolute path, if the file holds a certificate; raises UsageProblem naming `spec.ca_file` otherwise."""
    _context(str(path.absolute()))
    return path.absolute()


@lru_cache(maxsize=8)
def _context(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = "holds no certificate" if isinstance(error, ssl.SSLError | ValueError) else f"cannot be read: {error.strerror}"
    raise UsageProblem(
        f"spec.ca_file: {printable(path)}: {why}",
        next_step="save the certificate of the authority that signed the service's certificate there, as PEM",
    )


def is_certificate_error(error: BaseException) -> bool:
    """Whether a connection failed because the certificate of the service is not trusted, or is for another host."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
