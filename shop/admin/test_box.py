"""What the test boxes share: fields that are asked for by the address, and a page on which nothing is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shop.admin.rendering import render
from shop.admin.resource import Field, field_limits
from shop.domain.inputs import Input
from shop.filled import FilledForm


def render_test_box(
    template: str,
    fields: Sequence[Field],
    wish: type[Input],
    form: FilledForm,
    *,
    title: str = "Test box",
    back: tuple[str, str],
    choices: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    **context: Any,
) -> str:
    """The page of a test box. `back` is the endpoint and the title of the list it belongs to; `choices` are those of
    fields that are selects, by name."""
    return render(
        template,
        title=title,
        back=back[0],
        back_title=back[1],
        fields=fields,
        form=form,
        labels={each.name: each.label for each in fields},
        limits={each.name: field_limits(wish, each.name) for each in fields},
        choices=choices or {},
        **context,
    )
