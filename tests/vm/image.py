# SPDX-License-Identifier: MIT
"""The guest's root filesystem, kernel and initrd: a plain Debian 12, made once by mmdebstrap and kept under .baluhost/vm/."""

import dataclasses
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from support.build import BuildError, lock, run
from support.packages import STATE, read_list, say

RELEASE = "bookworm"
SIZE = "3G"
GUEST = Path(__file__).with_name("guest")
# Periodic work, which would only get in between, and what nobody looks at.
MASKED = [
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "serial-getty@ttyS0.service",
    "systemd-timesyncd.service",
]
# Runs as root in the tree: $1. Its output are the files in $OUT.
CUSTOMIZE = r"""
set -eu
install -m 755 "$GUEST/vm-agent" "$1/usr/local/sbin/vm-agent"
install -m 644 "$GUEST/vm-agent.service" "$1/etc/systemd/system/vm-agent.service"
install -m 644 "$GUEST/20-vm.network" "$1/etc/systemd/network/20-vm.network"
for unit in $MASKED; do ln -sf /dev/null "$1/etc/systemd/system/$unit"; done
chroot "$1" systemctl --quiet enable vm-agent.service systemd-networkd.service
echo "LABEL=root / ext4 defaults,errors=remount-ro 0 1" > "$1/etc/fstab"
echo nas > "$1/etc/hostname"
echo "127.0.0.1 localhost nas" > "$1/etc/hosts"
chroot "$1" systemd-machine-id-setup
rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/apt/sources.list"
# An initrd with what this machine has instead of what any machine may have: it starts twice as fast. What mdadm puts in stays.
echo MODULES=list > "$1/etc/initramfs-tools/conf.d/vm"
printf '%s\n' virtio_pci virtio_blk ata_piix sd_mod ext4 > "$1/etc/initramfs-tools/modules"
chroot "$1" update-initramfs -u
cp "$1"/boot/vmlinuz-* "$OUT/vmlinuz"
cp "$1"/boot/initrd.img-* "$OUT/initrd"
rm -rf "$1"/boot/* "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*
# A mount of the tree alone, without /proc and whatever else is mounted in it.
unshare --mount sh -eu -c 'mount --bind "$1" /mnt && mke2fs -q -t ext4 -L root -d /mnt "$2" "$3"' - "$1" "$OUT/root.img" "$SIZE"
"""


@dataclasses.dataclass(frozen=True)
class Image:
    directory: Path

    @property
    def kernel(self):
        return self.directory / "vmlinuz"

    @property
    def initrd(self):
        return self.directory / "initrd"

    @property
    def root(self):
        return self.directory / "root.img"


def apt_sources():
    """Where this machine gets Debian from, as lines of a sources.list."""
    template = "$(CREATED_BY)|$(RELEASE)|$(REPO_URI)|$(COMPONENT)|$(SIGNED_BY)"
    reply = subprocess.run(["apt-get", "indextargets", "--format", template], capture_output=True, text=True, check=True)
    lines = []
    for target in reply.stdout.splitlines():
        created_by, release, uri, component, signed_by = target.split("|")
        if created_by == "Packages" and release.partition("-")[0] == RELEASE:
            signed = f" [signed-by={signed_by}]" if signed_by.startswith("/") else ""
            lines.append(f"deb{signed} {uri} {release} {component}")
    if not lines:
        raise BuildError(f"apt on this machine knows no source of Debian {RELEASE}")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def apt_options():
    """How this machine reaches its sources (proxies, certificates, …), as lines of an apt.conf."""
    reply = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True)
    return [line for line in reply.stdout.splitlines() if "::IndexTargets::" not in line and not line.endswith('"";')]


def key():
    """Names what the image is made from. Debian's own updates do not make a new one; removing it does."""
    parts = [",".join(read_list()["guest"]), RELEASE, SIZE, CUSTOMIZE, *MASKED]
    parts += [path.read_text(encoding="utf-8") for path in sorted(GUEST.iterdir())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def make(directory):
    say("making the root filesystem of the virtual machine, which takes a minute or two and is kept")
    directory.mkdir(parents=True)
    script = directory / "customize"
    values = {"GUEST": GUEST, "OUT": directory, "MASKED": " ".join(MASKED), "SIZE": SIZE}
    script.write_text("#!/bin/sh\n" + "".join(f"{name}='{value}'\n" for name, value in values.items()) + CUSTOMIZE, encoding="utf-8")
    script.chmod(0o755)
    command = ["mmdebstrap", "--variant=minbase", "--format=null", "--quiet", "--include=" + ",".join(read_list()["guest"])]
    command += [f"--aptopt={option}" for option in apt_options()]
    command += [f"--customize-hook={script}", RELEASE, "-", "-"]
    run(command, input=apt_sources().encode(), stdout=sys.stderr)
    script.unlink()


def image():
    """The image, made when there is none yet."""
    directory = STATE / "vm" / f"image-{key()}"
    with lock("vm-image"):
        if not (directory / "complete").exists():
            for old in (STATE / "vm").glob("image-*"):
                shutil.rmtree(old)
            make(directory)
            (directory / "complete").touch()
    return Image(directory)


def overlay(backing, backing_format, path):
    """A disk at `path` that begins as a copy of `backing`, which must not change any more."""
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", backing, "-F", backing_format, path])


def flatten(source, path):
    """A plain file with the content of a disk."""
    run(["qemu-img", "convert", "-O", "raw", source, path])
