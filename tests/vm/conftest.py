# SPDX-License-Identifier: MIT
"""Fixtures of the whole-system tests: a Debian NAS in a virtual machine with BaluHost installed.

Starting one takes half a minute and more, so the tests of a module share one and tell a story in the order in which they stand: the first that fails
ends it, the rest would only fail after it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import image as images  # noqa: E402
from machine import DiskServer, Machine, accelerator_of, blank  # noqa: E402
from nas import Nas  # noqa: E402

ROOT_DIR = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build_dir():
    return Path(os.environ.get("BALUHOST_BUILD_DIR", ROOT_DIR / "build")).resolve()


@pytest.fixture(scope="session")
def image():
    return images.image()


@pytest.fixture(scope="session")
def vm_dir(tmp_path_factory):
    """Gone when the tests have passed; disks are large."""
    directory = tmp_path_factory.mktemp("vm")
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def accelerator(image, vm_dir):
    accelerator = accelerator_of(image, vm_dir)
    print(f"\nthe virtual machine runs with {' '.join(accelerator)}")
    return accelerator


@pytest.fixture(scope="session")
def tree(build_dir, vm_dir):
    """What the build installs."""
    directory = vm_dir / "tree"
    command = ["meson", "install", "-C", build_dir, "--no-rebuild", "--quiet"]
    subprocess.run(command, env=os.environ | {"DESTDIR": str(directory)}, check=True, stdout=subprocess.DEVNULL)
    return directory


@pytest.fixture(scope="module")
def make_nas(image, accelerator, tree, vm_dir, request):
    """make_nas(disks, loses_writes): a machine of this module's own that runs, on which BaluHost has been installed and not started yet.

    loses_writes: its drives are those of a disk server, see Machine.lose_power().
    """
    machines = []
    directory = vm_dir / request.module.__name__

    def make(disks=(), loses_writes=False):
        directory.mkdir()
        if loses_writes:
            files = {"root": directory / "root.img"} | {disk.serial: directory / f"{disk.serial}.img" for disk in disks}
            images.flatten(image.root, files["root"])
            for disk in disks:
                blank(files[disk.serial], disk.size)
            server = DiskServer(directory, files)
            drives = {name: server.drive(name) for name in files}
        else:
            images.overlay(image.root, "raw", directory / "root.qcow2")
            server, drives = None, {"root": {"driver": "qcow2", "file": {"driver": "file", "filename": str(directory / "root.qcow2")}}}
        machine = Machine(directory, image, accelerator, drives=drives, disks=disks, disk_server=server)
        machines.append(machine)
        machine.start()
        nas = Nas(machine)
        nas.install(tree)
        return nas

    yield make
    for machine in machines:
        machine.cut_power()
        if machine.disk_server is not None:
            machine.disk_server.stop()


def pytest_runtest_makereport(item, call):
    failed = call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception)
    if failed and "nas" in item.fixturenames and not hasattr(item.module, "story_ended_at"):
        item.module.story_ended_at = item.name


def pytest_runtest_setup(item):
    if hasattr(item.module, "story_ended_at"):
        pytest.fail(f"the story ended at {item.module.story_ended_at}", pytrace=False)
