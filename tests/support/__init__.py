# SPDX-License-Identifier: MIT
"""What ./dev and every test share: a whole BaluHost in a sandbox of its own."""
