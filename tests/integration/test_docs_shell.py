# SPDX-License-Identifier: MIT
"""docs/disks-in-a-shell.md says that its lines were run by a test: this one, each of them, in one shell."""

import os
import re
import shutil

import pytest

BLOCK = re.compile(r"^```(\w+)( skip)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


# ./dev finds the sandbox of ./dev up, which this is not: what it would say to the simulated disks is said directly.
DEV_DISK = re.compile(r"^\./dev disk (fail|pull) (\S+)$", re.MULTILINE)


def simulator(match):
    return f"busctl --system call org.freedesktop.UDisks2 /org/baluhost/Simulator org.baluhost.Simulator1 {match[1].capitalize()} s {match[2]}"


def commands(text):
    """The lines of all blocks that are not marked to be passed over, block by block."""
    return [DEV_DISK.sub(simulator, body) for language, skipped, body in BLOCK.findall(text) if language == "sh" and not skipped]


@pytest.fixture
def page(source_dir):
    return (source_dir / "docs" / "disks-in-a-shell.md").read_text()


def test_every_block_of_the_page_is_of_a_known_kind(page):
    assert {language for language, _, _ in BLOCK.findall(page)} == {"sh"}
    assert page.count("```") == 2 * len(BLOCK.findall(page))


def test_every_line_of_the_page_works_in_a_shell(page, make_sandbox, source_dir, tmp_path, needs_root):
    assert shutil.which("jq"), "jq is in packages.list"
    sandbox = make_sandbox()
    with sandbox.disks() as disks:
        disks.SetSpeed(200_000_000_000)
        disks.SetFormatDuration(0.1)
        disks.SetSelftestDuration(0.5, 1.0)
        script = tmp_path / "page.sh"
        blocks = "\n".join(f"echo '--- block {number}'\n{body}" for number, body in enumerate(commands(page)))
        script.write_text(f"set -euo pipefail\ncd '{source_dir}'\n{blocks}")
        reply = sandbox.run(["timeout", "90", "bash", "-x", script], env={"PATH": os.environ["PATH"]}, timeout=240)
    assert reply.returncode == 0, reply.stdout[-3000:] + reply.stderr[-6000:]
