# SPDX-License-Identifier: MIT
"""A stand-in for udisksd: the interfaces of UDisks2 2.9.4 over disks and arrays that are made up. See __main__.py."""

NAME = "org.freedesktop.UDisks2"
ROOT = "/org/freedesktop/UDisks2"
CONTROL_PATH = "/org/baluhost/Simulator"
CONTROL_INTERFACE = "org.baluhost.Simulator1"
