# SPDX-License-Identifier: MIT
"""For tests that expect a call to be refused."""

import contextlib

import pytest

from .bus import BusError


@contextlib.contextmanager
def refused(name, containing=None):
    """The block must end in the error `name` of dbus/errors.h, with a sentence for people that has `containing` in it."""
    with pytest.raises(BusError) as caught:
        yield caught
    assert caught.value.name == name, str(caught.value)
    assert caught.value.message.strip(), "an error without a sentence"
    if containing is not None:
        assert containing in caught.value.message
