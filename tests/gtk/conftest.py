# SPDX-License-Identifier: MIT
"""Fixtures of the tests of the desktop app. They run under Xvfb with a session bus of their own: `./dev test gtk` brings both."""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.process import Child
from support.sandbox import ADMIN, Sandbox, SandboxError

from screen import Screen

ROOT_DIR = Path(__file__).resolve().parents[2]

_serial = itertools.count(1)


# The bus of assistive technology, on which the app of another Unix user than the one who runs the tests can be seen, too.
SHARED_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <include>{base}</include>
  <listen>unix:path={socket}</listen>
  <policy context="default"><allow user="*"/></policy>
</busconfig>
"""
ACCESSIBILITY_BUS = "/usr/share/defaults/at-spi2/accessibility.conf"
SESSION_BUS = "/usr/share/dbus-1/session.conf"


@contextlib.contextmanager
def public_directory():
    """A short path that every Unix user can follow."""
    with tempfile.TemporaryDirectory(prefix="baluhost-", dir="/tmp") as name:
        os.chmod(name, 0o755)
        yield Path(name)


def start_bus(directory, base):
    """Starts a bus at directory/bus, to which every Unix user may connect."""
    config = directory / "bus.conf"
    config.write_text(SHARED_BUS.format(base=base, socket=directory / "bus"), encoding="utf-8")
    bus = Child("dbus-daemon", ["dbus-daemon", "--nofork", "--nopidfile", "--print-address", "--config-file", config], directory / "bus.log", dict(os.environ))
    bus.wait_for(lambda: "unix:" in bus.output(), "a bus")
    return bus


@pytest.fixture(scope="session", autouse=True)
def accessibility_bus():
    """Before anything looks at the screen."""
    with public_directory() as directory:
        os.environ["AT_SPI_BUS_ADDRESS"] = f"unix:path={directory}/bus"
        bus = start_bus(directory, ACCESSIBILITY_BUS)
        yield
        bus.stop()


@pytest.fixture(scope="session")
def build_dir():
    return Path(os.environ.get("BALUHOST_BUILD_DIR", ROOT_DIR / "build")).resolve()


@pytest.fixture(scope="session")
def program(build_dir):
    return build_dir / "gtk-client" / "baluhost"


@pytest.fixture
def make_sandbox(build_dir):
    """Starts a sandbox that is the test's own: make_sandbox(linked=True, …). linked: the Unix user who runs the tests is the account admin."""
    made = []

    def make(*, linked=True, **kwargs):
        sandbox = Sandbox(build_dir, fast_passwords=True, with_bridge=False, **kwargs)
        made.append(sandbox)
        sandbox.start()
        if linked:
            sandbox.link_user(os.geteuid(), ADMIN[0], sandbox.token(*ADMIN))
        return sandbox

    yield make
    problems = [problem for sandbox in made for problem in sandbox.stop()]
    if problems:
        raise SandboxError("\n".join(problems))


@pytest.fixture
def sandbox(make_sandbox):
    return make_sandbox()


@pytest.fixture
def bus(sandbox):
    """The same NAS without the app: what did it really do?"""
    with sandbox.bus() as connection:
        yield connection


@pytest.fixture
def guest_home():
    """Makes the desktop of another Unix user: guest_home() → home directory and environment. Needs root."""
    with contextlib.ExitStack() as stack:

        def make():
            home = stack.enter_context(public_directory())
            stack.callback(start_bus(home, SESSION_BUS).stop)
            environment = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/bus"}
            if "XAUTHORITY" in os.environ:
                environment["XAUTHORITY"] = str(shutil.copy(os.environ["XAUTHORITY"], home / "Xauthority"))
            return home, environment

        yield make


@pytest.fixture
def start_app(program, tmp_path, guest_home):
    """Starts the app on a sandbox: start_app(sandbox, *arguments) → Screen. Warnings of GTK about the app's own mistakes end it.
    uid: the Unix user whose app it is."""
    started = []

    def start(sandbox, *arguments, uid=None, **environment):
        home, guest_environment = (tmp_path / "home", {}) if uid is None else guest_home()
        settings = home / "config" / "gtk-4.0" / "settings.ini"
        settings.parent.mkdir(parents=True, exist_ok=True)
        # What is on its way is nowhere: a test looks at things that have come to rest. A double click stays one on a machine that is busy for longer than
        # a person's fingers are.
        settings.write_text("[Settings]\ngtk-enable-animations=0\ngtk-double-click-time=10000\n")
        log = tmp_path / f"app-{next(_serial)}.log"
        env = os.environ | {
            "DBUS_SYSTEM_BUS_ADDRESS": sandbox.bus_address,
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "GSETTINGS_BACKEND": "memory",
            "GTK_A11Y": "atspi",
            "GDK_BACKEND": "x11",
            "GSK_RENDERER": "cairo",
            "LANG": "C.UTF-8",
            "G_DEBUG": "fatal-criticals",
            **guest_environment,
            **environment,
        }
        if uid is not None:
            for path in [home, *home.rglob("*")]:
                os.chown(path, uid, uid)
        with open(log, "wb") as output:
            command = [*map(str, sandbox.as_user(uid)), str(program), *arguments]
            process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
        started.append((process, log))
        screen = Screen(process)
        screen.wait(screen.windows, "a window")
        return screen

    yield start
    failures = []
    for process, log in started:
        if process.poll() is None:
            process.terminate()
        elif process.returncode != 0:
            failures.append(f"the app ended with status {process.returncode}:\n{log.read_text(errors='replace')[-4000:]}")
        process.wait(20)
    assert not failures, "\n".join(failures)


@pytest.fixture
def app(start_app, sandbox):
    """The app, with the files of the NAS on screen."""
    screen = start_app(sandbox)
    screen.row("Notes.txt")
    return screen


@pytest.fixture
def folder(bus):
    """A folder on the NAS for this test alone."""
    bus.Files.CreateFolder("Work")
    return "Work"


@pytest.fixture
def needs_root():
    """For tests that call as several Unix users."""
    if os.geteuid() != 0:
        pytest.skip("only root can call as other Unix users")
