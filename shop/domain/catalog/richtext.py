"""Text of the catalogue: descriptions made safe, their plain words, and words folded for searching."""

from __future__ import annotations

import html
import re
import unicodedata

import nh3

TAGS = {
    *("p", "br", "ul", "ol", "li", "strong", "em", "b", "i", "h2", "h3", "h4", "a", "blockquote"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href"}, "th": {"colspan", "rowspan", "scope"}, "td": {"colspan", "rowspan"}}
# Of other tags the text is kept; of these it goes with the tag, since it was never meant to be read.
DROPPED_WITH_CONTENT = {"script", "style", "iframe", "object", "noscript", "template", "title", "svg", "math"}
LINK_STARTS = ("https://", "http://", "mailto:")

_h1 = re.compile(r"<(/?)h1(?=[\s/>])", re.IGNORECASE)
_ends_a_word = re.compile(r"<(?=/?(?:p|br|li|ul|ol|h[1-6]|div|tr|td|th|caption|blockquote)\b)", re.IGNORECASE)


def sanitise_html(markup: str) -> str:
    """The markup with nothing left but harmless structure, emphasis, tables and links; safe to print as it is.

    A heading of the first level becomes one of the second: the page's own first heading is the product's name.
    """
    return nh3.clean(
        _h1.sub(r"<\1h2", markup),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_only_outside_links,
        clean_content_tags=DROPPED_WITH_CONTENT,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
        strip_comments=True,
    ).strip()


def _only_outside_links(_tag: str, name: str, value: str) -> str | None:
    if name != "href":
        return value
    # An address relative to the page it was copied from leads nowhere here.
    address = "https:" + value if value.startswith("//") else value
    return address if address.lower().startswith(LINK_STARTS) else None


def plain_text(markup: str) -> str:
    """The words of some markup, on one line, without tags."""
    words = nh3.clean(_ends_a_word.sub(" <", markup), tags=set(), clean_content_tags=DROPPED_WITH_CONTENT)
    return " ".join(html.unescape(words).split())


def fold_text(text: str) -> str:
    """The text without accents and without upper case, so that "Crème" and "CREME" are found alike."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
