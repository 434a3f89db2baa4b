"""Why can a service not be reached, and what helps? The next step fits the target: only ours is started with our command."""

from gates.schema.target import Target, is_ours
from gates.schema.tls import is_certificate_error

_OURS = "start it (`gonogo gateway serve`), or name another with --target or GONOGO_BASE_URL"
_OTHER = "see that the service runs, and that spec.base_url in the target file, or the variable that it names, is its address"
_CERTIFICATE = "the certificate (PEM) of the authority that signed the service's; and check the host in spec.base_url"


def connection_hint(target: Target, error: BaseException | None = None) -> str:
    """What to do about a service that did not answer, or whose certificate is not trusted."""
    if error is not None and is_certificate_error(error):
        way = "correct spec.ca_file" if target.ca_file else "add spec.ca_file to the target file, or export SSL_CERT_FILE"
        return f"{way}: {_CERTIFICATE}"
    return _OURS if is_ours(target) else _OTHER


def ready_member(target: Target, status: int | None) -> str:
    """The member of the target file that a lasting answer of the ready path shows to be wrong; "" for one that may pass."""
    if status in (401, 403, 407):
        own = target.ready_role
        return "spec.ready_path, or spec.ready_role" if own is None else f"spec.ready_role, or spec.credentials.{own}"
    if status in (404, 405, 410) or (status is not None and 300 <= status < 400):
        return "spec.ready_path, or the path in spec.base_url"
    return ""


def trouble_of(error: BaseException) -> str:
    """What went wrong on the way to a service; that a certificate is not trusted is said in words."""
    text = str(error) or type(error).__name__
    return f"the service's certificate is not trusted: {text}" if is_certificate_error(error) else text
