# SPDX-License-Identifier: MIT
"""Every method of every interface, and who answers it."""

from . import on_block, on_drive, on_filesystem, on_manager, on_mdraid, on_partition
from .calls import Refused

# By the name that libudisks2 has for the interface. A handler is called with (service, call, object path, arguments of the method…).
HANDLERS = {
    "Manager": on_manager.METHODS,
    "Drive": on_drive.DRIVE_METHODS,
    "DriveAta": on_drive.ATA_METHODS,
    "Block": on_block.METHODS,
    "Filesystem": on_filesystem.METHODS,
    "Swapspace": on_filesystem.SWAP_METHODS,
    "MDRaid": on_mdraid.METHODS,
    "Partition": on_partition.METHODS,
    "PartitionTable": on_partition.TABLE_METHODS,
    "Encrypted": {},
}


async def not_simulated(method):
    raise Refused("NotSupported", f"{method} is not simulated")
