"""What an answer with a success status says: done, refused, or not known; by its id, its state and its type."""

import pytest

from gates.schema.acknowledgement import Standing, standing
from gates.schema.operation import Operation, State

CAPTURE = Operation("/capture", state=State("/status", done=("succeeded", "true", "3"), refused=("failed",)))
RESERVE = Operation("/reserve", id_pointer="/id", state=State("/status", done=("requires_capture",)))


@pytest.mark.parametrize(
    ("operation", "body", "found"),
    [
        (CAPTURE, b'{"status":"succeeded"}', Standing("ok", "succeeded")),
        (CAPTURE, b'{"status":true}', Standing("ok", "true")),
        (CAPTURE, b'{"status":3}', Standing("ok", "3")),
        (CAPTURE, b'{"status":"failed"}', Standing("fail", "failed")),
        (CAPTURE, b'{"status":"requires_capture"}', Standing("info", "requires_capture")),
        (CAPTURE, b'{"status":null}', Standing("info")),
        (CAPTURE, b"{}", Standing("info")),
        (CAPTURE, b"<html>", Standing("info")),
        (RESERVE, b'{"id":7,"status":"requires_capture"}', Standing("ok", "requires_capture", "7")),
        (RESERVE, b'{"id":"a","status":"succeeded"}', Standing("info", "succeeded", "a")),
        (RESERVE, b'{"status":"requires_capture"}', Standing("info", "requires_capture")),
        (Operation("/x"), b"", Standing("ok")),
        (Operation("/x"), b"{}", Standing("ok")),
        (Operation("/x", id_pointer="/id"), b'{"id":1}', Standing("ok", None, "1")),
        (Operation("/x", id_pointer="/id"), b"", Standing("info")),
    ],
)
def test_only_a_listed_state_acknowledges(operation, body, found):
    """A state that is not listed leaves the outcome open; a listed one decides; without a state the status does."""
    assert standing(operation, body, "application/json") == found


def test_a_web_page_acknowledges_nothing():
    """A portal in front of the service answers 200 to everything."""
    assert standing(Operation("/x"), b"<html>", "text/html").type == "info"
