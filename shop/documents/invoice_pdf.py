"""An invoice as PDF: the same order gives the same bytes, and nothing is fetched to make it.

DejaVu Sans has Latin, Greek, Cyrillic, Arabic and many more letters. Arabic is printed letter by letter from left to
right, unjoined; letters that it lacks (Chinese, Japanese, emoji) are printed as empty boxes.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from babel.dates import format_date
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer, Table

from shop.domain.orders.invoices import Invoice, InvoiceLine, Seller

FONTS = Path(__file__).with_name("fonts")
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
for _name in (PLAIN, BOLD):
    pdfmetrics.registerFont(TTFont(_name, FONTS / f"{_name}.ttf"))

# Where letter paper is used (CLDR, paperSize US-Letter); A4 elsewhere.
LETTER_COUNTRIES = frozenset(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"])
LAST_LETTER = 0xFFFF  # of those that reportlab writes so that they can be copied out of the paper
BOX = "\N{WHITE SQUARE}"
MARGIN = 16 * mm
FOOT = 7 * mm
GREY = colors.HexColor("#555555")
RULE = colors.HexColor("#999999")

TEXT = ParagraphStyle("text", fontName=PLAIN, fontSize=9.5, leading=13)
STRONG = ParagraphStyle("strong", TEXT, fontName=BOLD)
QUIET = ParagraphStyle("quiet", TEXT, textColor=GREY)
FIGURE = ParagraphStyle("figure", TEXT, alignment=TA_RIGHT)
STRONG_FIGURE = ParagraphStyle("strong figure", STRONG, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", STRONG, fontSize=8)
FIGURE_HEAD = ParagraphStyle("figure head", HEAD, alignment=TA_RIGHT)
TITLE = ParagraphStyle("title", STRONG, fontSize=17, leading=21)

FLUSH = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
ROWS = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
    ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE),
]


def render_invoice_pdf(invoice: Invoice) -> bytes:
    """The invoice on A4 or letter, whichever the country it is sent to uses, with "Page n of m" at its feet."""
    paper, out = letter if invoice.country in LETTER_COUNTRIES else A4, io.BytesIO()
    width, height = paper[0] - 2 * MARGIN, paper[1] - 2 * MARGIN - FOOT
    frame = Frame(MARGIN, MARGIN + FOOT, width, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document = BaseDocTemplate(
        out,
        pagesize=paper,
        pageTemplates=[PageTemplate(frames=[frame])],
        title=f"Invoice {invoice.number}",
        author=invoice.seller.name,
        lang="en",
        invariant=1,  # no time of making and no random id in it
    )
    foot = f"{invoice.seller.name} · Invoice {invoice.number}"
    document.build(_story(invoice, width), canvasmaker=functools.partial(_NumberedCanvas, foot=foot))
    return out.getvalue()


class _NumberedCanvas(Canvas):
    """Keeps every page until all are drawn, then writes at the foot of each which of how many it is."""

    def __init__(self, *args: Any, foot: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._foot = foot
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (the name that reportlab calls)
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        kept = self._kept
        for number, page in enumerate(kept, start=1):
            self.__dict__.update(page)
            self._draw_foot(f"Page {number} of {len(kept)}")
            super().showPage()
        super().save()

    def _draw_foot(self, place: str) -> None:
        self.setFont(PLAIN, 8)
        self.setFillColor(GREY)
        self.drawString(MARGIN, MARGIN, self._foot)
        self.drawRightString(self._pagesize[0] - MARGIN, MARGIN, place)


# -- what stands on it ------------------------------------------------------------------------------------------------


def _story(invoice: Invoice, width: float) -> list[Flowable]:
    return [
        _columns([_seller(invoice.seller), _head(invoice)], width),
        Spacer(0, 7 * mm),
        _columns([_party("Bill to", invoice.bill_to), _party("Ship to", invoice.ship_to)], width),
        Spacer(0, 7 * mm),
        _lines_table(invoice.lines, width),
        KeepTogether([Spacer(0, 4 * mm), _sums_table(invoice, width), *_end(invoice, width)]),
    ]


def _said(text: str, style: ParagraphStyle = TEXT) -> Paragraph:
    """A paragraph of a text in which nothing is markup; a box stands for each letter that the font lacks."""
    letters = pdfmetrics.getFont(style.fontName).face.charToGlyph
    known = (char if ord(char) in letters and ord(char) <= LAST_LETTER else BOX for char in text)
    return Paragraph(escape("".join(known)), style)


def _columns(cells: list[list[Paragraph]], width: float) -> Table:
    return Table([cells], colWidths=[width * 0.55, width * 0.45], style=FLUSH)


def _seller(seller: Seller) -> list[Paragraph]:
    return [_said(seller.name, TITLE), *(_said(line) for line in (*seller.lines, seller.contact))]


def _head(invoice: Invoice) -> list[Paragraph]:
    return [
        _said("Invoice", TITLE),
        _said(f"Order {invoice.number}", STRONG),
        _said(f"Invoice date: {_day(invoice.issued_on)}"),
        _said(f"Order date: {_day(invoice.ordered_on)}"),
    ]


def _day(day: date) -> str:
    return format_date(day, "EEE d MMM y", locale="en")


def _party(label: str, lines: Iterable[str]) -> list[Paragraph]:
    return [_said(label, HEAD), *(_said(line) for line in lines)]


def _lines_table(lines: Iterable[InvoiceLine], width: float) -> Table:
    """The articles; the head is repeated on every page, and no row is broken."""
    heads = [_said("Article", HEAD), _said("SKU", HEAD)]
    heads += [_said(head, FIGURE_HEAD) for head in ("Quantity", "Unit price", "Total")]
    rows = [
        [
            _said(line.article),
            _said(line.sku, QUIET),
            _said(str(line.quantity), FIGURE),
            _said(line.unit_price.format(), FIGURE),
            _said(line.total.format(), FIGURE),
        ]
        for line in lines
    ]
    shares = (0.38, 0.19, 0.11, 0.16, 0.16)
    return Table([heads, *rows], colWidths=[width * share for share in shares], repeatRows=1, style=ROWS)


def _sums_table(invoice: Invoice, width: float) -> Table:
    rows = [[_said(figure.label), _said(figure.text, FIGURE)] for figure in invoice.sums]
    rows.append([_said("Total", STRONG), _said(invoice.total.format(), STRONG_FIGURE)])
    style = [*FLUSH, ("TOPPADDING", (0, 0), (-1, -1), 1), ("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.black)]
    return Table(rows, colWidths=[width * 0.37, width * 0.18], hAlign="RIGHT", style=style)


def _end(invoice: Invoice, width: float) -> list[Flowable]:
    """The tax and how it is paid."""
    payment = _said(f"Payment: {invoice.payment}.", STRONG)
    if not invoice.taxes:
        return [Spacer(0, 5 * mm), _said("No tax is included or added."), payment]
    heads = [_said("Tax", HEAD), *(_said(head, FIGURE_HEAD) for head in ("Net", "Tax", "Gross"))]
    rows = [
        [_said(each.label), *(_said(money.format(), FIGURE) for money in (each.net, each.tax, each.gross))]
        for each in invoice.taxes
    ]
    table = Table([heads, *rows], colWidths=[width * share for share in (0.4, 0.2, 0.2, 0.2)], style=ROWS)
    return [Spacer(0, 5 * mm), table, Spacer(0, 4 * mm), payment]
