# SPDX-License-Identifier: MIT
"""Makes sure that what packages.list names is there. Uses nothing outside Python's own library, for it runs before anything is installed."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".baluhost"
NODE_PREFIX = STATE / "node"
NODE_MINIMUM = (20, 19)


class PackageError(Exception):
    pass


def say(message):
    print(f"dev: {message}", file=sys.stderr, flush=True)


def read_list(path=ROOT / "packages.list"):
    """{purpose: [package, …]}"""
    sections = {}
    section = None
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        heading = re.fullmatch(r"\[(\w+)\]", line)
        if heading:
            section = sections.setdefault(heading[1], [])
        elif section is None:
            raise PackageError(f"{path}: {line} stands before the first [purpose]")
        else:
            section.append(line)
    return sections


def missing_debian(packages):
    """Those of the packages that are not installed."""
    reply = subprocess.run(
        ["dpkg-query", "-W", "-f", "${binary:Package} ${db:Status-Status}\n", *packages], capture_output=True, text=True, check=False
    )
    installed = set()
    for line in reply.stdout.splitlines():
        name, _, status = line.partition(" ")
        if status == "installed":
            installed.add(name.partition(":")[0])
    return [package for package in dict.fromkeys(packages) if package not in installed]


def install_debian(packages):
    """Installs Debian packages, by sudo when we are not root."""
    if not shutil.which("apt-get"):
        raise PackageError("there is no apt-get here; install what corresponds to: " + " ".join(packages))
    prefix = []
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            raise PackageError("ask an administrator to install: " + " ".join(packages))
        say("sudo is used to install packages, and for nothing else")
        prefix = ["sudo"]
    say("installing missing Debian packages: " + " ".join(packages))
    for command in (
        ["apt-get", "update", "-q"],
        ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
    ):
        if subprocess.run(prefix + command, stdout=sys.stderr, check=False).returncode != 0:
            raise PackageError("this failed: " + " ".join(prefix + command))


def ensure(*purposes):
    """Installs the Debian packages of these purposes that are missing."""
    sections = read_list()
    missing = missing_debian([package for purpose in purposes for package in sections[purpose]])
    if missing:
        install_debian(missing)


def installable(purpose):
    """Whether the Debian packages of a purpose are installed or could be."""
    missing = missing_debian(read_list()[purpose])
    if not missing:
        return True
    if not shutil.which("apt-get"):
        return False
    simulate = ["apt-get", "install", "--simulate", "--no-install-recommends", *missing]
    if subprocess.run(simulate, capture_output=True, check=False).returncode == 0:
        return True
    # Perhaps it does not know yet what there is.
    update = [*([] if os.geteuid() == 0 else ["sudo", "-n"]), "apt-get", "update", "-q"]
    if os.geteuid() != 0 and not shutil.which("sudo"):
        return False
    return all(subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in (update, simulate))


def node_version(node):
    """(major, minor) of a Node.js, or None when it does not run."""
    try:
        reply = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.match(r"v(\d+)\.(\d+)", reply.stdout)
    return (int(match[1]), int(match[2])) if match else None


def ensure_node():
    """Makes sure that there is a Node.js that is new enough, with npm. Returns the directory to put first in PATH, or None when PATH is fine as it is."""
    node = shutil.which("node")
    if node and shutil.which("npm") and (node_version(node) or (0, 0)) >= NODE_MINIMUM:
        return None
    fetched = NODE_PREFIX / "node_modules" / ".bin"
    if (node_version(fetched / "node") or (0, 0)) >= NODE_MINIMUM and (fetched / "npm").exists():
        return fetched
    if not shutil.which("npm"):
        ensure("nodejs")
    architecture = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    if architecture is None:
        raise PackageError(f"there is no Node.js {NODE_MINIMUM[0]} for {platform.machine()} in the npm registry; put one in PATH")
    packages = [package.replace("@arch@", architecture) for package in read_list()["npm"]]
    say("installing npm packages into .baluhost/node, as Debian's Node.js is too old: " + " ".join(packages))
    NODE_PREFIX.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(NODE_PREFIX), "--no-fund", "--no-audit", "--ignore-scripts", *packages]
    if subprocess.run(command, cwd=NODE_PREFIX, stdout=sys.stderr, check=False).returncode != 0:
        raise PackageError("this failed: " + " ".join(command))
    return fetched
