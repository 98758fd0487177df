"""Descriptions: only harmless markup is left, and words are folded for searching. No database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.domain.catalog.richtext import fold_text, plain_text, sanitise_html
from shop.domain.catalog.slugs import SLUG, slug_of


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        ("<p>a<br>b</p>", "<p>a<br>b</p>"),
        ("<h1 class=x>Big</h1>", "<h2>Big</h2>"),
        ("<H1>Big</H1 >", "<h2>Big</h2>"),
        ("<h10>x</h10>", "x"),
        ('<p style="color:red" id=a class=b hx-get=/x data-x=1 onclick=y>t</p>', "<p>t</p>"),
        ("a<script>alert(1)</script>b<style>p{}</style>c<meta charset=utf-8>d", "abcd"),
        ("<iframe src=//evil.example>x</iframe><!-- c --><svg><a href=https://x.y>z</a></svg>", ""),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="nofollow noopener">x</a>'),
        ('<a href=" java\nscript:alert(1)">x</a>', '<a rel="nofollow noopener">x</a>'),
        ('<a href="/admin">x</a>', '<a rel="nofollow noopener">x</a>'),
        ('<a href="//a.example/b">x</a>', '<a href="https://a.example/b" rel="nofollow noopener">x</a>'),
        ('<a href="HTTPS://a.example" rel=me>x</a>', '<a href="HTTPS://a.example" rel="nofollow noopener">x</a>'),
        ('<a href="mailto:a@b.example">x</a>', '<a href="mailto:a@b.example" rel="nofollow noopener">x</a>'),
        ("<img src=x onerror=y>text", "text"),
        ("<div><span>kept</span></div>", "kept"),
        ('<ul><li>1</ul><blockquote cite="x">q</blockquote>', "<ul><li>1</li></ul><blockquote>q</blockquote>"),
        (
            '<table border=1><tr><td colspan="2" width=3>x</td></tr></table>',
            '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
        ),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
    ],
)
def test_only_harmless_markup_is_left(markup, left):
    assert sanitise_html(markup) == left


@given(st.text(alphabet="<>/\"'= abh1pscritul&;:#!-", max_size=60))
def test_what_is_harmless_stays_as_it_is(markup):
    once = sanitise_html(markup)
    assert sanitise_html(once) == once
    assert "<script" not in once.lower()


def test_plain_text_keeps_words_apart_where_blocks_end_and_together_inside():
    assert plain_text("<p>One</p><ul><li>two</li><li><b>th</b>ree</li></ul>four<br>five &amp; six") == (
        "One two three four five & six"
    )


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Crème BRÛLÉE", "creme brulee"), ("Straße", "strasse"), ("İstanbul", "istanbul"), ("ﬁne", "fine")],
)
def test_words_are_folded(text, folded):
    assert fold_text(text) == folded


@given(st.text(max_size=300), st.sampled_from([40, 120, 160]))
def test_every_text_has_a_slug_that_fits(text, limit):
    slug = slug_of(text, limit)
    assert SLUG.fullmatch(slug) and len(slug) <= limit
    assert slug_of(slug, limit) == slug


def test_slugs_that_were_cut_or_have_no_letters_are_told_apart():
    assert slug_of("Été & fils", 120) == "ete-fils"
    assert slug_of("帽子", 120) != slug_of("靴", 120)
    assert slug_of("a" * 200 + "b", 120) != slug_of("a" * 200 + "c", 120)
