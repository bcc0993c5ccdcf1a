# SPDX-License-Identifier: MIT
"""A whole BaluHost that is nobody else's: a private system-type bus, polkit, the service and the web bridge, with all state in one directory.

    with Sandbox(build_dir, state_dir) as sandbox:
        web = sandbox.web("alex", "demo123")
        bus = sandbox.bus()

As root it is arranged as on an installed system: service and bridge are Unix users of their own, and the real polkitd decides with our policy,
in a mount namespace where the sandbox's rules stand in for the system's. As an ordinary user, who can do neither, everything runs as that user and
polkit_authority.py stands in for polkitd. Disks are those of support/udisks, which plays udisksd.
"""

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from . import bus as bus_module
from . import private_bus
from .bus import NAME, Bus, BusError
from .disks import UDISKS_NAME, Disks
from .process import Child, identity, start_time, wait_until
from .web import Web

SOURCE_DIR = Path(__file__).resolve().parents[2]
# Unix users that every Debian has (base-passwd) and whose processes have nothing to do with BaluHost; the bus and polkit accept only users that
# have a name. Used only when we are root.
SERVICE_UID = 34  # backup
BRIDGE_UID = 33  # www-data
STRANGER_UID = 65534  # nobody: has no account, and polkit allows it nothing
OPERATOR_UID = 5  # games: has no account, but polkit allows it every action

# The accounts of development mode.
ADMIN = ("admin", "changeme")
ALEX = ("alex", "demo123")
MARIA = ("maria", "demo123")

# Longest path of a Unix socket is 107 bytes, so the socket does not live in the state directory.
RUNTIME_PARENT = "/tmp"
RUNTIME_PREFIX = "baluhost-"

class SandboxError(Exception):
    pass


def closed_directory(path):
    """The outermost directory on the way to path, or path itself, that other Unix users may not enter; None when they may enter all."""
    path = Path(path).resolve()
    for directory in [*reversed(path.parents), path]:
        if directory.exists() and not directory.stat().st_mode & 0o001:
            return directory
    return None


# In a mount namespace: puts an open directory over the closed one, and the source directory back into its place in it.
OPEN_VIEW = """
source=$1 closed=$2 stash=$3
shift 3
umask 022
mount --bind "$source" "$stash" && mount -t tmpfs -o mode=755 tmpfs "$closed" && mkdir -p "$source" && mount --move "$stash" "$source" && exec "$@"
"""


def write_ini(path, sections):
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str
    for section, values in sections.items():
        parser[section] = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
    with open(path, "w", encoding="utf-8") as file:
        parser.write(file, space_around_delimiters=False)


def merge(base, changes):
    merged = {section: dict(values) for section, values in base.items()}
    for section, values in (changes or {}).items():
        merged.setdefault(section, {}).update(values)
    return merged


class Sandbox:
    """See the module. Every public method is for one thread.

    build_dir: where meson built. state_dir: kept between starts when given, else a new directory that stop() removes.
    service_config, bridge_config: {section: {key: value}}, on top of the sandbox's own. fast_passwords: cheap password hashing and generous login
    limits, which tests want that sign in a thousand times; such a sandbox is not fit for anything else. activatable: the bus starts
    the service again when it is called after it ended, as systemd would. with_bridge: whether there is a web bridge.
    udisks: whether there is a UDisks2 from the beginning. polkit_allows: Unix users that polkit allows every action, besides root and OPERATOR_UID.
    """

    def __init__(
        self,
        build_dir,
        state_dir=None,
        *,
        service_config=None,
        bridge_config=None,
        fast_passwords=False,
        activatable=False,
        with_bridge=True,
        udisks=True,
        polkit_allows=(),
        separate_users=None,
        environment=None,
    ):
        self.build_dir = Path(build_dir).resolve()
        self.is_temporary = state_dir is None
        if state_dir is None:
            parent = SOURCE_DIR / ".baluhost" / "tmp"
            parent.mkdir(parents=True, exist_ok=True)
            state_dir = tempfile.mkdtemp(prefix="sandbox-", dir=parent)
        self.state_dir = Path(state_dir).resolve()
        self.activatable = activatable
        self.with_bridge = with_bridge
        self.with_udisks = udisks
        self.polkit_allows = sorted({OPERATOR_UID, *polkit_allows} - {0})
        self.environment = environment or {}
        self.notes = []
        self.has_real_polkit = private_bus.can_isolate_mounts()
        if os.geteuid() == 0 and not self.has_real_polkit:
            self.notes.append("no mount namespace to be had here: a stand-in answers for polkitd")
        # Other Unix users must get at the programs and at their state. Where the checkout is in root's home, they see it through an opened view.
        closed = closed_directory(self.state_dir.parent) or closed_directory(self.build_dir)
        self._closed = closed if closed in SOURCE_DIR.parents and self.has_real_polkit else None
        if separate_users is None:
            separate_users = os.geteuid() == 0 and (closed is None or self._closed is not None)
            if os.geteuid() == 0 and not separate_users:
                self.notes.append(f"{closed} is for its owner only: service and bridge run as root here, not as users of their own")
        self.service_uid = SERVICE_UID if separate_users else os.geteuid()
        self.bridge_uid = BRIDGE_UID if separate_users else os.geteuid()

        self.storage_dir = self.state_dir / "storage"
        self.pools_dir = self.state_dir / "pools"
        self.service_state_dir = self.state_dir / "state"
        self.udisks_dir = self.state_dir / "udisks"
        self.config_dir = self.state_dir / "etc"
        self.log_dir = self.state_dir / "log"
        self.service_config_file = self.config_dir / "baluhost.conf"
        self.bridge_config_file = self.config_dir / "baluhost-web.conf"

        self.service_config = merge(
            {
                "service": {
                    "state-directory": self.service_state_dir,
                    "bridge-user": self.bridge_uid,
                    "development-mode": True,
                },
                "storage": {
                    "root": self.storage_dir,
                    "quota": 5 * 1024**3,
                    "pools-directory": self.pools_dir,
                    # What the kernel would say of the simulated disks.
                    "mdstat": self.udisks_dir / "mdstat",
                    "sysfs": self.udisks_dir / "sys",
                },
            },
            merge(
                {
                    "passwords": {"opslimit": 1, "memlimit-kib": 1024},
                    "limits": {"login-attempts-per-account": 1000000, "login-attempts-per-address": 1000000},
                }
                if fast_passwords
                else {},
                service_config,
            ),
        )
        self.bridge_config = merge({"web": {"listen": "127.0.0.1", "port": 0}}, bridge_config)

        self.runtime_dir = None
        self.bus_address = None
        self.url = None
        self._bus_daemon = None
        self._polkit = None
        self._udisks = None
        self._service = None
        self._bridge = None
        self._control = None

    # Starting and stopping

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, exc_type, exc, traceback):
        problems = self.stop()
        if exc_type is None and problems:
            raise SandboxError("\n".join(problems))

    def start(self):
        """Starts everything and returns when all of it answers. On an error nothing is left running."""
        try:
            self._prepare()
            self._start_bus()
            # The simulator of disks comes up while polkit does.
            if self.with_udisks:
                self._launch_udisks()
            self._start_polkit()
            if self.with_udisks:
                self._wait_for_udisks()
            self.start_service()
            if self.with_bridge:
                self.start_bridge()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """Ends what start() began, and removes a temporary sandbox. Returns what went wrong in it: crashes, sanitizer reports, an unclean end."""
        problems = []
        for child in (self._bridge, self._service, self._udisks):
            if child is None:
                continue
            had_ended = not child.is_running()
            status = child.stop()
            if status is None:
                problems.append(f"{child.name} did not end within its time and was killed")
            elif status != 0 and not (had_ended and status == -signal.SIGKILL):
                problems.append(f"{child.name} ended with status {status}:\n{child.output()[-4000:]}")
        self._bridge = self._service = self._udisks = None
        self._stop_activated_service(problems)
        problems += self._udisks_problems()
        if self._control is not None:
            self._control.close()
            self._control = None
        for child in (self._polkit, self._bus_daemon):
            if child is not None:
                child.stop()
        self._polkit = self._bus_daemon = None
        if self.log_dir.exists():
            for report in sorted(self.log_dir.glob("sanitizer*/*")):
                problems.append(f"{report.name}:\n{report.read_text(errors='replace')[:8000]}")
        if self.runtime_dir is not None:
            shutil.rmtree(self.runtime_dir, ignore_errors=True)
            self.runtime_dir = None
        if self.is_temporary:
            shutil.rmtree(self.state_dir, ignore_errors=True)
        return problems

    def start_service(self):
        """Starts baluhostd and returns when it has its name on the bus and says how it is."""
        self._service = Child("baluhostd", self._service_command(), self.log_dir / "service.log", self.env(), self._uid(self.service_uid), self._view())
        # A name that an earlier service has not lost yet would be no answer from this one.
        self._service.wait_for(lambda: self._control.name_pid() == self._service.pid, "baluhostd on the bus")
        self._control.Manager.GetHealth()

    def stop_service(self):
        """Ends baluhostd as systemd would. Returns its exit status."""
        status = self._service.stop()
        self._wait_for_no_service()
        self._service = None
        return status

    def kill_service(self):
        """Ends baluhostd as a crash would."""
        self._service.kill()
        self._wait_for_no_service()
        self._service = None

    def restart_service(self):
        self.stop_service()
        self.start_service()

    def stop_polkit(self):
        """Ends polkit: from then on there is none."""
        self._polkit.stop()
        self._polkit = None

    def start_udisks(self):
        """Starts the stand-in of udisksd, with the disks that the last one left; meanwhile, their time went on."""
        self._launch_udisks()
        self._wait_for_udisks()

    def stop_udisks(self):
        """Ends it as systemd would. Returns its exit status."""
        status = self._udisks.stop()
        self._udisks = None
        wait_until(lambda: self._control.name_owner(UDISKS_NAME) is None, "the bus to notice that udisksd has ended")
        return status

    def kill_udisks(self):
        """Ends it as a crash would."""
        self._udisks.kill()
        self._udisks = None
        wait_until(lambda: self._control.name_owner(UDISKS_NAME) is None, "the bus to notice that udisksd has ended")

    def restart_udisks(self):
        self.stop_udisks()
        self.start_udisks()

    def disks(self):
        """A new client of UDisks2 and of what can be done to the simulated disks, as the Unix user who runs the tests."""
        return Disks(self.bus_address)

    def start_bridge(self):
        """Starts baluhost-web and returns when it listens. Sets url."""
        self._bridge = Child("baluhost-web", self._bridge_command(), self.log_dir / "web.log", self.env(), self._uid(self.bridge_uid), self._view())
        match = self._bridge.wait_for(lambda: re.search(r"listening on (https?://\S+)", self._bridge.output()), "baluhost-web listening")
        self.url = match[1].rstrip("/")

    def stop_bridge(self):
        status = self._bridge.stop()
        self._bridge = None
        self.url = None
        return status

    def restart_bridge(self):
        self.stop_bridge()
        self.start_bridge()

    def configure(self, *, service=None, bridge=None):
        """Changes configuration; takes effect when the process starts the next time."""
        self.service_config = merge(self.service_config, service)
        self.bridge_config = merge(self.bridge_config, bridge)
        self._write_config()

    # Using it

    @property
    def service_pid(self):
        """Process id of the service, started by us or by the bus. None when there is none."""
        return self._control.name_pid()

    @property
    def bridge_pid(self):
        return self._bridge.pid

    def is_service_running(self):
        return self._service is not None and self._service.is_running()

    def is_bridge_running(self):
        return self._bridge is not None and self._bridge.is_running()

    def check(self):
        """Raises when something that start() began has ended by itself."""
        for child in (self._bus_daemon, self._polkit, self._udisks, self._service, self._bridge):
            if child is not None:
                child.check()

    def bus(self, uid=None):
        """A new connection to the bus, as another Unix user if root asks for it."""
        return Bus(self.bus_address, uid)

    def web(self, username=None, password=None):
        """A new HTTP client, signed in if a name is given."""
        client = Web(self.url)
        return client.login(username, password) if username else client

    def token(self, username, password):
        """An access token from the bus."""
        return self._control.Sessions.Login(username, password)[0]

    def run(self, argv, *, uid=None, env=None, **kwargs):
        """Runs a command on this bus, as another Unix user if root asks for it, and returns its CompletedProcess, with output as text
        unless text=False."""
        kwargs.setdefault("timeout", 120)
        kwargs.setdefault("cwd", "/")
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        kwargs.setdefault("text", True)
        return subprocess.run(self.as_user(uid) + [str(word) for word in argv], env=self.env() | (env or {}), capture_output=True, check=False, **kwargs)

    def as_user(self, uid):
        """What to put in front of a command that another Unix user is to run; nothing for oneself or None. Both are the same process."""
        return [] if uid is None or uid == os.geteuid() else [*self._view(), "setpriv", *identity(uid)]

    def env(self):
        """The environment of everything in the sandbox."""
        sanitizer = self.log_dir / "sanitizer"
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": "/nonexistent",
            "DBUS_SYSTEM_BUS_ADDRESS": self.bus_address or "",
            "G_DEBUG": "fatal-criticals",
            "ASAN_OPTIONS": f"log_path={sanitizer}/asan:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
            **self.environment,
        }

    def link_user(self, uid, username, token):
        """Links a Unix user to an account, on behalf of the administrator whose token it is."""
        users = self._control.Users.List(token=token)[0]
        account = next(user for user in users if user["username"] == username)
        if account["uid"] != uid:
            self._control.Users.Update(account["id"], {"uid": uid}, {"auth.token": token})

    def describe(self):
        """What another process needs to use this sandbox; plain data."""
        return {
            "url": self.url,
            "bus_address": self.bus_address,
            "state_dir": str(self.state_dir),
            "build_dir": str(self.build_dir),
            "pid": os.getpid(),
            "pid_start_time": start_time(os.getpid()),
        }

    # The inside

    def _uid(self, uid):
        return None if uid == os.geteuid() else uid

    def _view(self):
        """Command to put in front of one that another Unix user runs."""
        if self._closed is None:
            return []
        stash = self.runtime_dir / "view"
        stash.mkdir(exist_ok=True)
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", OPEN_VIEW, "sh", SOURCE_DIR, self._closed, stash]

    def _service_command(self):
        return [self.build_dir / "service" / "baluhostd", "--config", self.service_config_file]

    def _bridge_command(self):
        return [self.build_dir / "web-bridge" / "baluhost-web", "--config", self.bridge_config_file]

    def _launch_udisks(self):
        command = [sys.executable, "-m", "support.udisks", self.udisks_dir, self.state_dir]
        env = self.env() | {"PYTHONPATH": str(SOURCE_DIR / "tests"), "PYTHONDONTWRITEBYTECODE": "1"}
        self._udisks = Child("udisks", command, self.log_dir / "udisks.log", env)

    def _wait_for_udisks(self):
        self._udisks.wait_for(lambda: self._control.name_pid(UDISKS_NAME) == self._udisks.pid, "UDisks2 on the bus")

    def _udisks_problems(self):
        """What its stand-in should never say."""
        log = self.log_dir / "udisks.log"
        said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return [f"udisks:\n{said[said.index('Traceback'):][:8000]}"] if "Traceback" in said else []

    def _prepare(self):
        for directory in (self.state_dir, self.config_dir, self.log_dir, self.udisks_dir):
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o755)
        for directory in (self.storage_dir, self.service_state_dir):
            directory.mkdir(mode=0o700, exist_ok=True)
            if directory.stat().st_uid != self.service_uid:
                os.chown(directory, self.service_uid, self.service_uid if os.geteuid() == 0 else -1)
        sanitizer = self.log_dir / "sanitizer"
        shutil.rmtree(sanitizer, ignore_errors=True)
        sanitizer.mkdir()
        sanitizer.chmod(0o1777)
        (self.log_dir / "udisks.log").unlink(missing_ok=True)
        self._write_config()

        # One that was killed has left its directory; nobody else uses this state.
        remembered = self.state_dir / "runtime-dir"
        if remembered.exists():
            left = Path(remembered.read_text(encoding="utf-8"))
            if left.parent == Path(RUNTIME_PARENT) and left.name.startswith(RUNTIME_PREFIX):
                shutil.rmtree(left, ignore_errors=True)
        self.runtime_dir = Path(tempfile.mkdtemp(prefix=RUNTIME_PREFIX, dir=RUNTIME_PARENT))
        remembered.write_text(str(self.runtime_dir), encoding="utf-8")
        self.runtime_dir.chmod(0o755)
        self.bus_address = f"unix:path={self.runtime_dir}/bus"

    def _write_config(self):
        write_ini(self.service_config_file, self.service_config)
        write_ini(self.bridge_config_file, self.bridge_config)

    def _start_bus(self):
        config = private_bus.write_bus_config(self.config_dir, f"{self.runtime_dir}/bus", self.service_uid, self.has_real_polkit, self._activation())
        self._bus_daemon = Child(
            "dbus-daemon",
            ["dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--print-address", "--config-file", config],
            self.log_dir / "bus.log",
            self.env(),
        )
        self._bus_daemon.wait_for(lambda: self.bus_address in self._bus_daemon.output(), "dbus-daemon")
        self._control = Bus(self.bus_address)

    def _activation(self):
        """The directory that tells the bus how to start the service; None when it is not to."""
        if not self.activatable:
            return None
        directory = self.config_dir / "services"
        directory.mkdir(exist_ok=True)
        script = self.config_dir / "start-service"
        command = [*self._view(), "setpriv", *identity(self._uid(self.service_uid)), *self._service_command()]
        log = shlex.quote(str(self.log_dir / "service.log"))
        script.write_text(f"#!/bin/sh\nexec {shlex.join(map(str, command))} >>{log} 2>&1\n", encoding="utf-8")
        script.chmod(0o755)
        (directory / f"{NAME}.service").write_text(f"[D-BUS Service]\nName={NAME}\nExec={script}\n", encoding="utf-8")
        return directory

    def _start_polkit(self):
        command = private_bus.polkit_command(self.config_dir / "polkit", self.service_uid, self.polkit_allows, self.has_real_polkit)
        self._polkit = Child("polkit", command, self.log_dir / "polkit.log", self.env())
        self._polkit.wait_for(lambda: self._control.name_owner("org.freedesktop.PolicyKit1"), "polkit on the bus")

    def _wait_for_no_service(self):
        wait_until(lambda: self._control.name_owner() is None, "the bus to notice that baluhostd has ended")

    def _stop_activated_service(self, problems):
        """Ends a service that the bus started; it is no child of ours."""
        if self._control is None or self._bus_daemon is None or not self._bus_daemon.is_running():
            return
        pid = self._control.name_pid()
        if pid is None:
            return
        started = start_time(pid)
        for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            try:
                os.kill(pid, number)
                wait_until(lambda: start_time(pid) != started, "the activated baluhostd to end", timeout=patience)
                return
            except ProcessLookupError:
                return
            except Exception as error:  # pylint: disable=broad-except
                problems.append(str(error))


def write_description(path, description):
    """Publishes describe() for other processes, all or nothing."""
    temporary = Path(f"{path}.new")
    temporary.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def read_description(path):
    """The description of a running sandbox, or None when there is none or its process is gone."""
    try:
        description = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if start_time(description["pid"]) != description["pid_start_time"]:
        return None
    return description


__all__ = [
    "ADMIN",
    "ALEX",
    "BRIDGE_UID",
    "BusError",
    "MARIA",
    "OPERATOR_UID",
    "SERVICE_UID",
    "STRANGER_UID",
    "Sandbox",
    "SandboxError",
    "bus_module",
    "read_description",
    "write_description",
]
