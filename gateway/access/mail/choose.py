"""Which delivery the settings describe, and every reason why they describe none."""

import ssl
import urllib.parse
from pathlib import Path

from gateway.access.mail.delivery import Delivery
from gateway.access.mail.message import BadAddress, require_address
from gateway.access.mail.practice import LogDelivery, RecordDelivery
from gateway.errors import StartProblem
from gateway.mailing import MailMode, MailSettings
from gateway.process.listen import is_loopback
from gateway.settings import Settings

STARTTLS_PORT, TLS_PORT = 587, 465
PRACTICE_SENDER = "gonogo@localhost"
PASSWORD = "GONOGO_SMTP_PASSWORD"  # noqa: S105  # the variable's name


def sender_of(mail: MailSettings) -> str:
    """The address that mails come from."""
    return mail.sender or PRACTICE_SENDER


def open_delivery(settings: Settings) -> Delivery | None:
    """The delivery; None where no mail is sent. Raises StartProblem, naming the option and what to do."""
    mail = settings.mail
    _refuse_misplaced(mail)
    if mail.mode is MailMode.NONE:
        return None
    if mail.sender is not None:
        _require_sender(mail.sender)
    if mail.mode is MailMode.SMTP:
        return _smtp(mail)
    _require_practice(settings)
    if mail.mode is MailMode.LOG:
        return LogDelivery()
    if mail.folder is None:
        raise StartProblem("--mail record writes mails into a folder; name it with --mail-folder DIR")
    return RecordDelivery(mail.folder)


def _refuse_misplaced(mail: MailSettings) -> None:
    """An option that the mode would ignore is a mistake."""
    given = {"--mail-folder": (mail.folder, "record"), "--smtp": (mail.smtp, "smtp"), "--smtp-ca": (mail.ca, "smtp")}
    for option, (value, mode) in given.items():
        if value is not None and mail.mode != mode:
            raise StartProblem(f"{option} belongs to --mail {mode}, not to --mail {mail.mode}")
    if mail.sender is not None and mail.mode is MailMode.NONE:
        raise StartProblem("--mail-from needs --mail smtp, record or log: without it no mail is sent")


def _require_sender(sender: str) -> None:
    try:
        require_address(sender)
    except BadAddress:
        raise StartProblem(f"--mail-from {sender!r} is not an address such as gateway@example.com") from None


def _require_practice(settings: Settings) -> None:
    """Codes in a folder or in the log open accounts, so nobody but this machine may reach such a gateway."""
    mode = settings.mail.mode
    if not settings.dev:
        raise StartProblem(f"--mail {mode} shows codes to whoever reads its output; it needs --dev, or use --mail smtp")
    if not is_loopback(settings.host):
        raise StartProblem(f"--mail {mode} needs a loopback address, and {settings.host} is none; use --host 127.0.0.1")
    if settings.public_url is not None and not is_loopback(urllib.parse.urlsplit(settings.public_url).hostname or ""):
        raise StartProblem(f"--mail {mode} needs a --public-url on loopback: who can reach {settings.public_url} could sign in")
    if settings.trusted_proxies:
        raise StartProblem(f"--mail {mode} has no use for --trusted-proxy: what a proxy forwards comes from elsewhere")


def _smtp(mail: MailSettings) -> Delivery:
    from gateway.access.mail.smtp import SmtpDelivery, SmtpServer  # a library that only those need who send mail

    if mail.sender is None:
        raise StartProblem("--mail smtp needs the address that mails come from: --mail-from gateway@example.com")
    host, port, starts_with_tls, user = _server_of(mail.smtp)
    if user is not None and not mail.password:
        raise StartProblem(f"--smtp names the user {user}; export {PASSWORD}, or leave the user out")
    if user is None and mail.password:
        raise StartProblem(f"{PASSWORD} is set, and --smtp names no user; write smtp://USER@HOST")
    server = SmtpServer(host, port, starts_with_tls, user, mail.password)
    return SmtpDelivery(server, mail.sender, _context(mail.ca))


def _server_of(url: str | None) -> tuple[str, int, bool, str | None]:
    """Host, port, whether the connection begins with TLS, and the user."""
    example = "write smtp://USER@HOST:587 (STARTTLS) or smtps://USER@HOST:465"
    if url is None:
        raise StartProblem(f"--mail smtp needs a server: --smtp URL; {example}")
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise StartProblem(f"--smtp is not a URL of a mail server; {example}") from None
    if parts.password is not None:
        raise StartProblem(f"--smtp holds a password, which every user of this machine could read; export {PASSWORD} instead")
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise StartProblem(f"--smtp is not a URL of a mail server; {example}")
    starts_with_tls = parts.scheme == "smtps"
    user = urllib.parse.unquote(parts.username) if parts.username else None
    return parts.hostname, port or (TLS_PORT if starts_with_tls else STARTTLS_PORT), starts_with_tls, user


def _context(ca: Path | None) -> ssl.SSLContext:
    """Certificates are verified, by the system's authorities or by those of the file alone."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        reason = "not certificates in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise StartProblem(f"--smtp-ca {ca}: {reason}; name a file with the authority's certificate") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
