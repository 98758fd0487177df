"""The routes of a resource, each with its policy, made from its declaration."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint

from shop.admin import bulk, details, forms, lists
from shop.admin.resource import Resource
from shop.policies import policy


def add_resource(blueprint: Blueprint, resource: Resource) -> None:
    """Give the resource its list, its pages and what can be done there."""

    def add(view: str, path: str, function: Callable[..., Any], permission: str, method: str = "GET") -> None:
        if view in resource.own_views:
            return

        def answer(**values: str) -> Any:
            return function(resource, **values)

        blueprint.add_url_rule(
            f"/{resource.name}{path}",
            endpoint=f"{resource.name}_{view}",
            view_func=policy("staff", permission)(answer),
            methods=[method],
        )

    add("list", "", lists.show_list, resource.read)
    add("csv", ".csv", lists.send_csv, resource.read)
    if resource.write is not None and resource.bulk:
        add("bulk", "/bulk", bulk.change_many, resource.write, "POST")
    if resource.write is not None and resource.can_be_made:
        add("new", "/new", forms.show_new, resource.write)
        add("create", "", forms.create, resource.write, "POST")
    if resource.has_pages:
        path = "/<public_id>"
        add("row", path, details.show_detail if resource.detail else forms.show_form, resource.read)
        if resource.form is not None and resource.form.change is not None and resource.write is not None:
            edit = f"{path}/edit" if resource.detail else path
            if resource.detail:
                add("form", edit, forms.show_form, resource.write)
            add("change", edit, forms.change, resource.write, "POST")
    if resource.write is not None:
        for act in resource.acts:
            add(act.name, f"/<public_id>/{act.name}", partial(_do, act), resource.write, "POST")


def _do(act: Any, resource: Resource, public_id: str) -> Any:
    return details.do_act(resource, act, public_id)
