"""What customers say of themselves."""

from __future__ import annotations

from pydantic import Field

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.customers.models import User
from shop.domain.inputs import Input, Line, Phone


class ChangeProfile(Input):
    """What to change; what is left out stays as it is."""

    first_name: Line = Field(default="", max_length=80, title="your first name")
    last_name: Line = Field(default="", max_length=80, title="your last name")
    phone: Phone = Field(default="", title="your phone number")


def get_user(actor: Actor) -> User:
    """The user who acts."""
    return db.session.get_one(User, actor.user_id)


@operation
def change_profile(wanted: ChangeProfile, actor: Actor) -> User:
    """Change what was sent of the profile of whoever acts."""
    user = get_user(actor)
    for name in wanted.model_fields_set:
        setattr(user, name, getattr(wanted, name))
    db.session.flush()
    return user
