"""The catalogue of refusals: the API's body, the documentation page and `gonogo explain` read these rows."""

from gateway.errors.catalogue import CATALOGUE
from gateway.errors.problem import PROBLEM_JSON, Problem, Refusal, Refused, Retry, StartProblem, problem
from gateway.errors.row import Code, ErrorRow, RetryAction, Severity

__all__ = [
    "CATALOGUE",
    "PROBLEM_JSON",
    "Code",
    "ErrorRow",
    "Problem",
    "Refusal",
    "Refused",
    "Retry",
    "RetryAction",
    "Severity",
    "StartProblem",
    "problem",
]
