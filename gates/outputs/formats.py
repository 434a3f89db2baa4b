"""Which formats can a verdict be printed in, and who writes each?"""

from collections.abc import Callable

from gates.outputs.github import render_github
from gates.outputs.junit import render_junit
from gates.outputs.markdown import render_markdown
from gates.outputs.prometheus import render_prometheus
from gates.outputs.report import Report
from gates.outputs.sarif import render_sarif

FORMATS: dict[str, Callable[[Report], str]] = {
    "md": render_markdown,
    "junit": render_junit,
    "sarif": render_sarif,
    "github": render_github,
    "prometheus": render_prometheus,
}
"""By the name that `--format` takes; gates.schema.options.REPORTS lists the same names, without importing the writers."""
