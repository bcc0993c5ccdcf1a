# SPDX-License-Identifier: MIT
"""The main job on real input: somebody drops a folder with thousands of files and one of 2 GiB into the browser, and every byte of it comes back
through D-Bus and through the desktop app's own code, while service and bridge stay small.

BALUHOST_MAIN_JOB_FOLDER: another folder than /usr/share/doc. BALUHOST_MAIN_JOB_MIB: another size than 2048 for the large file.
"""

import filecmp
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.sandbox import ADMIN, Sandbox

ROOT_DIR = Path(__file__).resolve().parents[2]
UI_DIR = ROOT_DIR / "web-bridge" / "ui"
BUILD_DIR = Path(os.environ.get("BALUHOST_BUILD_DIR", ROOT_DIR / "build")).resolve()
FOLDER = Path(os.environ.get("BALUHOST_MAIN_JOB_FOLDER", "/usr/share/doc"))
LARGE_MIB = int(os.environ.get("BALUHOST_MAIN_JOB_MIB", "2048"))
RESIDENT_MAX = 64 * 2**20
BLOCK = 2**20


def copy_real_files(source, target):
    """Copies the files and folders below source, but no links: a browser would follow or leave them out as it likes. Returns {relative: size}."""
    files = {}
    for directory, _folders, names in os.walk(source):
        relative = Path(directory).relative_to(source)
        for name in names:
            path = Path(directory) / name
            if path.is_symlink() or not path.is_file():
                continue
            # Not before: a folder with nothing but links in it would be an empty one, which the browser counts beside the files.
            (target / relative).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / relative / name)
            files[str(relative / name)] = path.stat().st_size
    return files


@pytest.fixture(scope="module")
def input_dir():
    """What is dropped: the folder "doc" and the file "large.bin"."""
    parent = ROOT_DIR / ".baluhost" / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    directory = parent / f"main-job-{os.getpid()}"
    directory.mkdir()
    try:
        with open(directory / "large.bin", "wb") as file:
            for _ in range(LARGE_MIB):
                file.write(os.urandom(BLOCK))
        yield directory
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def files(input_dir):
    """{path below "doc": size} of what is dropped."""
    files = copy_real_files(FOLDER, input_dir / "doc")
    assert len(files) > 1000, f"{FOLDER} does not have thousands of files"
    return files


@pytest.fixture(scope="module")
def sandbox(input_dir, files):
    """A BaluHost that the browser has uploaded everything to."""
    with Sandbox(BUILD_DIR) as running:
        environment = os.environ | {
            "BALUHOST_URL": running.url,
            "BALUHOST_CHROMIUM": "/usr/bin/chromium",
            "BALUHOST_MAIN_JOB": f"{input_dir}/doc\n{input_dir}/large.bin",
            "BALUHOST_MAIN_JOB_FILES": str(len(files) + 1),
        }
        command = ["npx", "--no-install", "vitest", "run", "--config", "vitest.e2e.config.ts", "main-job"]
        subprocess.run(command, cwd=UI_DIR, env=environment, check=True)
        yield running


def list_tree(bus, token, path):
    """{path relative to it: size} of all files below a folder, page by page."""
    found = {}
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        cursor = ""
        while True:
            reply = bus.Files.List(f"{path}/{relative}".rstrip("/"), token=token, cursor=cursor, limit=500)
            entries, cursor = reply[0], reply[1]
            for name, kind, size, *_rest in entries:
                below = f"{relative}/{name}".lstrip("/")
                if kind == "directory":
                    waiting.append(below)
                else:
                    found[below] = size
            if not cursor:
                break
    return found


def is_same_content(descriptor, path):
    with open(descriptor, "rb") as ours, open(path, "rb") as original:
        while True:
            block = ours.read(BLOCK)
            if block != original.read(BLOCK):
                return False
            if not block:
                return True


def test_everything_comes_back_byte_for_byte_through_dbus(sandbox, input_dir, files):
    token = sandbox.token(*ADMIN)
    with sandbox.bus() as bus:
        assert list_tree(bus, token, "Main job/doc") == files
        different = []
        for relative in files:
            descriptor, _entry = bus.Files.Open(f"Main job/doc/{relative}", token=token)
            if not is_same_content(descriptor, input_dir / "doc" / relative):
                different.append(relative)
        assert different == []
        descriptor, entry = bus.Files.Open("Main job/large.bin", token=token)
        assert entry["size"] == LARGE_MIB * BLOCK
        assert is_same_content(descriptor, input_dir / "large.bin")


@pytest.mark.skipif(not (BUILD_DIR / "gtk-client" / "baluhost").exists(), reason="built without the desktop app")
def test_everything_comes_back_byte_for_byte_through_the_desktop_app(sandbox, input_dir, files):
    target = input_dir / "back"
    target.mkdir()
    reply = sandbox.run(
        [BUILD_DIR / "gtk-client" / "baluhost", "get", "Main job", target / "all"], env={"BALUHOST_TOKEN": sandbox.token(*ADMIN)}, timeout=600
    )
    assert reply.returncode == 0, reply.stderr
    got = {str(path.relative_to(target / "all/doc")): path.stat().st_size for path in (target / "all/doc").rglob("*") if path.is_file()}
    assert got == files
    _same, different, errors = filecmp.cmpfiles(input_dir / "doc", target / "all/doc", list(files), shallow=False)
    assert (different, errors) == ([], [])
    assert filecmp.cmp(input_dir / "large.bin", target / "all/large.bin", shallow=False)


def test_service_and_bridge_stay_under_64_mib(sandbox):
    for name, pid in (("service", sandbox.service_pid), ("bridge", sandbox.bridge_pid)):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024
        print(f"{name}: at most {peak / 2**20:.1f} MiB resident")
        assert peak < RESIDENT_MAX, name
