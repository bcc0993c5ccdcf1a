# SPDX-License-Identifier: MIT
"""Plays udisksd on the bus of DBUS_SYSTEM_BUS_ADDRESS.

usage: python3 -m support.udisks DIRECTORY MOUNT-ROOT

DIRECTORY keeps everything: the state of the disks, the content of their filesystems, and files as of /proc/mdstat and /sys/block. Filesystems
are mounted below MOUNT-ROOT and nowhere else.
"""

import signal
import sys

import gi

gi.require_version("Gio", "2.0")
gi.require_version("UDisks", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from . import NAME  # noqa: E402
from .control import Control  # noqa: E402
from .service import Service  # noqa: E402
from .world import World  # noqa: E402


def main():
    directory, mount_root = sys.argv[1:]
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    connection = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    connection.set_exit_on_close(False)
    connection.connect("closed", lambda *_arguments: loop.quit())
    world = World(directory, mount_root)
    service = Service(connection, world)
    Control(service)
    lost = []

    def on_lost(*_arguments):
        lost.append(not connection.is_closed())
        loop.quit()

    Gio.bus_own_name_on_connection(connection, NAME, Gio.BusNameOwnerFlags.NONE, None, on_lost)
    loop.run()
    world.save()
    return 1 if any(lost) else 0


if __name__ == "__main__":
    sys.exit(main())
