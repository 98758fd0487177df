"""Errors as pages."""


def answer_error(error: Exception):
    raise error
