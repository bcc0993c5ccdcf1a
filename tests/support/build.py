# SPDX-License-Identifier: MIT
"""Builds with meson, each kind in a directory of its own under .baluhost/, so that none undoes the other's work."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys

from .packages import ROOT, STATE, PackageError, ensure, ensure_node, say

KINDS = {
    "build": [],
    "build-sanitize": [
        "-Db_sanitize=address,undefined",
        "-Db_lundef=false",
        "-Dbuildtype=debug",
        "-Dweb-ui=false",
        "-Dgtk=false",
    ],
    "build-coverage": ["-Db_coverage=true", "-Dbuildtype=debug", "-Dweb-ui=false", "-Dgtk=false"],
    "build-fuzz": ["-Dfuzzers=true", "-Dweb-ui=false", "-Dgtk=false"],
}
COMPILERS = {"build-fuzz": "clang"}


class BuildError(Exception):
    pass


@contextlib.contextmanager
def lock(name):
    """Keeps others from doing the same at the same time; they wait."""
    STATE.mkdir(exist_ok=True)
    with open(STATE / f"{name}.lock", "w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another ./dev ({name})")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def environment():
    """The environment to build in and to run npm in: with a Node.js that is new enough first in PATH."""
    values = dict(os.environ)
    node = ensure_node()
    if node is not None:
        values["PATH"] = f"{node}:{values['PATH']}"
    return values


def run(command, **kwargs):
    process = subprocess.run([str(word) for word in command], check=False, **kwargs)
    if process.returncode != 0:
        raise BuildError("this failed: " + " ".join(str(word) for word in command))


def build(kind="build", *, purposes=("build", "run")):
    """Installs what is missing, configures when that was not done yet, compiles what has changed. Returns the build directory."""
    directory = STATE / kind
    with lock("build"):
        ensure(*purposes)
        env = environment()
        if kind in COMPILERS:
            env["CC"] = COMPILERS[kind]
        if not (directory / "build.ninja").exists():
            say(f"configuring {directory.relative_to(ROOT)}")
            command = ["meson", "setup", directory, ROOT, "--prefix=/usr", *KINDS[kind]]
            reply = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            if reply.returncode != 0:
                raise BuildError("meson cannot configure this:\n" + reply.stdout[-2000:])
        # Quiet when there is nothing to do, which ninja knows in an instant.
        pending = subprocess.run(["ninja", "-C", directory, "-n"], env=env, capture_output=True, text=True, check=False)
        if "no work to do" not in pending.stdout:
            say(f"building in {directory.relative_to(ROOT)}")
            run(["ninja", "-C", directory, *([] if sys.stdout.isatty() else ["--quiet"])], env=env, stdout=sys.stderr)
    return directory


def ui_work_dir(directory):
    """Where the build keeps its copy of the web UI, with the npm packages and the generated types."""
    return directory / "web-bridge" / "ui"


def install_ui_packages(directory, env):
    """npm ci in the UI's source directory, unless that was done for this lock file."""
    lock_file = directory / "package-lock.json"
    stamp = directory / "node_modules" / ".lock-installed"
    if stamp.exists() and stamp.read_bytes() == lock_file.read_bytes():
        return
    run(["npm", "ci", "--no-audit", "--no-fund"], cwd=directory, env=env, stdout=sys.stderr)
    stamp.write_bytes(lock_file.read_bytes())


def options(directory):
    """The meson options of a build directory, {name: value}."""
    reply = subprocess.run(["meson", "introspect", "--buildoptions", directory], capture_output=True, text=True, check=True)
    return {option["name"]: option["value"] for option in json.loads(reply.stdout)}


__all__ = ["BuildError", "PackageError", "build", "environment", "install_ui_packages", "lock", "options", "run", "ui_work_dir"]
