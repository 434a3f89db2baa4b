"""A request to one gateway and its answer: no proxy, no redirect; an answer that does not come is a problem with a code."""

import re
import ssl
import time
from collections.abc import Callable, Mapping

import httpx
import msgspec

from gateway.setup.client import ANSWER_S, LARGEST_ANSWER, Refusal, Refused
from gateway.setup.deadline import DeadlinePassed, within
from gateway.setup.failures import SetupCode, SetupProblem

_TRIES = 3
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0
_SECONDS = re.compile(r"[0-9]{1,9}")
"""A Retry-After that is followed; a number of thousands of digits cannot be converted."""

Pause = Callable[[float], None]


class Call(msgspec.Struct, frozen=True):
    """A request: `bearer` is the credential, `key` the idempotency key; without a body it is a read."""

    path: str
    body: Mapping[str, object] | None = None
    bearer: str | None = None
    key: str | None = None

    @property
    def method(self) -> str:
        """GET or POST."""
        return "GET" if self.body is None else "POST"


class Answer(msgspec.Struct, frozen=True):
    """A success: its status, the id of the request, and the body's bytes."""

    status: int
    request_id: str | None
    content: bytes

    def decoded(self) -> dict[str, object]:
        """The body as a JSON object; raises SetupProblem where it is none."""
        try:
            return msgspec.json.decode(self.content, type=dict[str, object])
        except (msgspec.DecodeError, RecursionError):
            raise _not_a_gateway(f"status {self.status}, and no JSON object") from None


class RequestRefused(Refused):
    """A refusal with the id of its request."""

    def __init__(self, refusal: Refusal, request_id: str | None, retry_after_s: int | None) -> None:
        super().__init__(refusal)
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class NoAnswer(SetupProblem):
    """Nothing came back; `arrived` says whether the request may have been carried out."""

    def __init__(self, code: SetupCode, detail: str, *, arrived: bool) -> None:
        super().__init__(code, detail)
        self.arrived = arrived


class Wire:
    """The connection to one gateway. One try takes no longer than `answer_s`, however slowly the answer comes."""

    def __init__(
        self,
        base_url: str,
        transport: httpx.BaseTransport | None = None,
        pause: Pause = time.sleep,
        answer_s: float = ANSWER_S,
    ) -> None:
        self.base_url = base_url
        self._pause, self._answer_s = pause, answer_s
        self._client = httpx.Client(
            base_url=base_url,
            timeout=answer_s,
            transport=transport,
            verify=_trusted() if transport is None else True,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, call: Call) -> Answer:
        """The answer to a call, sent again with the same key while that can help.

        Raises RequestRefused; NoAnswer where nothing came back; SetupProblem(service_unreachable) for what no gateway answers.
        """
        arrived = False
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return self._once(call)
            except RequestRefused as refused:
                arrived = arrived or refused.refusal.money_moved != "no"
                pause_s = refused.refusal.same_key_after_s
                if last or pause_s is None:
                    raise
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                pause_s = _PAUSE_S
                if last or _is_about_tls(error):
                    raise _lost(call, error, arrived=arrived) from None
            except httpx.HTTPError as error:
                arrived, pause_s = True, _PAUSE_S
                if last:
                    raise _lost(call, error, arrived=True) from None
            self._pause(min(pause_s, _LONGEST_PAUSE_S))
        raise AssertionError("the last try returns or raises")

    def _once(self, call: Call) -> Answer:
        headers = {"accept": "application/json"}
        if call.bearer is not None:
            headers["authorization"] = f"Bearer {call.bearer}"
        if call.key is not None:
            headers["idempotency-key"] = call.key
        content = None
        if call.body is not None:
            content, headers["content-type"] = msgspec.json.encode(call.body), "application/json"

        def exchange() -> Answer:
            with self._client.stream(call.method, call.path, content=content, headers=headers) as response:
                return _read(response)

        try:
            return within(self._answer_s, exchange)
        except DeadlinePassed:
            raise httpx.ReadTimeout(f"the answer was not whole within {self._answer_s:g} s") from None


def _trusted() -> ssl.SSLContext:
    """The authorities of this machine, or those of SSL_CERT_FILE."""
    try:
        return ssl.create_default_context()
    except (OSError, ssl.SSLError) as error:
        raise SetupProblem(SetupCode.TLS_UNTRUSTED, f"the file of SSL_CERT_FILE cannot be used: {error}") from None


def _read(response: httpx.Response) -> Answer:
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > LARGEST_ANSWER:
            raise _not_a_gateway(f"status {response.status_code}, and more than {LARGEST_ANSWER} bytes")
        parts.append(part)
    content = b"".join(parts)
    request_id = response.headers.get("x-request-id")
    if response.is_success:
        return Answer(response.status_code, request_id, content)
    if response.is_redirect:
        raise _not_a_gateway(f"status {response.status_code}: it sends on to another address, which is not followed")
    try:
        refusal = msgspec.structs.replace(msgspec.json.decode(content, type=Refusal), status=response.status_code)
    except (msgspec.DecodeError, RecursionError):
        raise _not_a_gateway(f"status {response.status_code}, and no problem document of a gateway") from None
    after = response.headers.get("retry-after", "")
    raise RequestRefused(refusal, request_id, int(after) if _SECONDS.fullmatch(after) else None)


def _not_a_gateway(what: str) -> SetupProblem:
    return SetupProblem(SetupCode.SERVICE_UNREACHABLE, f"what answered is no gateway: {what}")


def _is_about_tls(error: httpx.HTTPError) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _lost(call: Call, error: httpx.HTTPError, *, arrived: bool) -> NoAnswer:
    text = f"{call.method} {call.path}: {str(error) or type(error).__name__}"
    code = SetupCode.TLS_UNTRUSTED if _is_about_tls(error) else SetupCode.SERVICE_UNREACHABLE
    return NoAnswer(code, text, arrived=arrived and call.body is not None)


def route_of(call: Call) -> str:
    """`POST /v1/payments/{id}/settle`: how a journal names a request, without ids and without its query."""
    parts = [("{id}" if _is_id(part) else part) for part in call.path.partition("?")[0].split("/")]
    return f"{call.method} {'/'.join(parts)}"


def _is_id(part: str) -> bool:
    head, _, tail = part.partition("_")
    return bool(tail) and tail.isalnum() and head.isalpha() and any(letter.isdigit() for letter in tail)
