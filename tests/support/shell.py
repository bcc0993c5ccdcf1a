# SPDX-License-Identifier: MIT
"""What busctl prints."""


def plain(value):
    """busctl's JSON without the types of its variants."""
    if isinstance(value, dict):
        if set(value) == {"type", "data"}:
            return plain(value["data"])
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value
