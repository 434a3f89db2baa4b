"""Shares of one whole as bars of inline SVG, one below the other: a funnel of users, times that were waited. Pure."""

from markupsafe import Markup

WIDTH = 240
_LEAST = 2


def share_bar(part: int, whole: int, style: str = "pass") -> Markup:
    """A bar as long as the share of `whole`; what is there is seen. The same stands next to it as text."""
    width = min(max(part * WIDTH // max(whole, 1), _LEAST * bool(part)), WIDTH)
    return Markup(
        '<svg class="share" viewBox="0 0 {0} 10" width="{0}" height="10" aria-hidden="true">'
        '<rect class="track" x="0" y="0" width="{0}" height="10" rx="2"/>'
        '<rect class="{1}" x="0" y="0" width="{2}" height="10" rx="2"/></svg>'
    ).format(WIDTH, style, width)


def share_text(part: int, whole: int) -> str:
    """The share in whole percent, rounded down; "" of nothing."""
    return f"{part * 100 // whole} %" if whole else ""
