"""Refusals of callers that several parts give, in the same words."""

from gateway.errors.problem import Refusal
from gateway.errors.row import Code

UNKNOWN_KEY = Refusal(Code.UNAUTHENTICATED, "The API key is unknown or has been revoked.")
NO_PERSON = Refusal(
    Code.FORBIDDEN, "The key names no person, so nobody knows who decides; `gonogo gateway api-key make` makes one that does."
)
"""Of a key from before keys named people: two of them may be one person's, so none of them is one of two people."""
