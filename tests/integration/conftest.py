# SPDX-License-Identifier: MIT
"""Fixtures of the integration tests.

`sandbox` is shared by all tests of one worker, which keeps them quick: use accounts and folders of your own in it (`new_user`), never stop its
processes, and do not count on being alone. A test that restarts, kills or configures things asks for `make_sandbox`.
"""

import dataclasses
import itertools
import os
import secrets
from pathlib import Path

import pytest

from support.pools import PoolNas
from support.sandbox import ADMIN, Sandbox, SandboxError

ROOT_DIR = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"


def pytest_configure(config):
    config.build_dir = Path(os.environ.get("BALUHOST_BUILD_DIR", ROOT_DIR / "build")).resolve()


@pytest.fixture(scope="session")
def build_dir(pytestconfig):
    """Where meson built; BALUHOST_BUILD_DIR says so, else build/."""
    return pytestconfig.build_dir


@pytest.fixture(scope="session")
def source_dir():
    return ROOT_DIR


def has_bridge(build_dir):
    return (build_dir / "web-bridge" / "baluhost-web").exists()


@pytest.fixture(scope="session")
def shared_sandboxes(build_dir):
    """The worker's sandbox, in a list so that a broken one can be replaced. For the fixture `sandbox` alone."""
    holder = []
    yield holder
    problems = [problem for sandbox in holder for problem in sandbox.stop()]
    if problems:
        raise SandboxError("\n".join(problems))


@pytest.fixture
def sandbox(shared_sandboxes, build_dir):
    """A running BaluHost that this worker's tests share."""
    if not shared_sandboxes:
        sandbox = Sandbox(build_dir, fast_passwords=True, with_bridge=has_bridge(build_dir))
        sandbox.start()
        shared_sandboxes.append(sandbox)
    yield shared_sandboxes[0]
    try:
        shared_sandboxes[0].check()
    except Exception:
        # The test that was just run has ended a process: that is this test's error, and not the next one's.
        shared_sandboxes.pop().stop()
        raise


@pytest.fixture
def make_sandbox(build_dir):
    """Starts a sandbox that is the test's own: make_sandbox(service_config=…, …), as for Sandbox()."""
    made = []

    def make(**kwargs):
        kwargs.setdefault("fast_passwords", True)
        kwargs.setdefault("with_bridge", has_bridge(build_dir))
        sandbox = Sandbox(build_dir, **kwargs)
        made.append(sandbox)
        sandbox.start()
        return sandbox

    yield make
    problems = [problem for sandbox in made for problem in sandbox.stop()]
    if problems:
        raise SandboxError("\n".join(problems))


@pytest.fixture
def machine(make_sandbox):
    """A sandbox of the test's own, to whose simulated disks something is to happen."""
    return make_sandbox(with_bridge=False)


@pytest.fixture
def disks(machine):
    """A client of its UDisks2, on which formatting takes no time unless the test wants it to."""
    with machine.disks() as client:
        client.SetFormatDuration(0)
        yield client


@pytest.fixture
def pool_nas(machine, disks):
    """The same with a client of the service and what tests of pools do often."""
    with machine.bus() as connection:
        yield PoolNas(machine, connection, disks).wait()


@pytest.fixture
def md0(disks):
    """The array of development mode."""
    return disks.array("md0")


@pytest.fixture
def bus(sandbox):
    """A connection to the shared sandbox's bus as the Unix user who runs the tests."""
    with sandbox.bus() as connection:
        yield connection


@pytest.fixture
def admin_token(sandbox):
    return sandbox.token(*ADMIN)


@pytest.fixture
def needs_root():
    """For tests that call as several Unix users."""
    if os.geteuid() != 0:
        pytest.skip("only root can call as other Unix users")


@dataclasses.dataclass
class User:
    """An account of the test's own, with a folder of its own in the root of the storage."""

    sandbox: Sandbox
    id: int
    username: str
    password: str
    token: str
    folder: str

    def web(self):
        """A new HTTP client, signed in."""
        return self.sandbox.web(self.username, self.password)


_serial = itertools.count(1)


@pytest.fixture
def new_user(sandbox, bus, admin_token):
    """Makes accounts: new_user(role="user", quota_bytes=0, …) → User."""

    def make(*, sandbox=sandbox, bus=bus, admin_token=admin_token, folder=True, **options):
        name = f"t{next(_serial)}-{secrets.token_hex(4)}"
        user = bus.Users.Create(name, PASSWORD, token=admin_token, **options)
        token = sandbox.token(name, PASSWORD)
        if folder:
            bus.Files.CreateFolder(name, token=token)
        return User(sandbox, user["id"], name, PASSWORD, token, name)

    return make


@pytest.fixture
def user(new_user):
    """An ordinary account of the test's own."""
    return new_user()
