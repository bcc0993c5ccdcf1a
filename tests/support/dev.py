# SPDX-License-Identifier: MIT
"""The commands of ./dev."""

import argparse
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys

from . import build as building
from . import packages
from .packages import ROOT, STATE, say

SANDBOXES = STATE / "sandboxes"
PREFERRED_PORT = 8080


class UsageError(Exception):
    pass


def sandbox_dir(name):
    if not name or not all(c.isalnum() or c in "-_" for c in name) or len(name) > 32:
        raise UsageError(f"not a name for a sandbox (letters, digits, - and _, at most 32): {name}")
    return SANDBOXES / name


def description_file(name):
    return sandbox_dir(name) / "running.json"


def running(name):
    """The description of a running sandbox, or None."""
    from .sandbox import read_description

    return read_description(description_file(name))


def need_running(name):
    description = running(name)
    if description is None:
        hint = "" if name == "default" else f" --name {name}"
        raise UsageError(f"the sandbox {name} is not running; start it with ./dev up{hint}")
    return description


def sandbox_env(name):
    description = need_running(name)
    return {
        "BALUHOST_URL": description["url"],
        "DBUS_SYSTEM_BUS_ADDRESS": description["bus_address"],
    }


# up, down


def choose_port(state_dir, wanted):
    """The port that was asked for; else the one of the last time or the usual one, if it is free; else 0, for any that is."""
    if wanted is not None:
        return wanted
    try:
        preferred = int((state_dir / "port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        preferred = PREFERRED_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            return 0
    return preferred


def credentials():
    from .sandbox import ADMIN, ALEX, MARIA

    rows = [(ADMIN, "administrator"), (ALEX, "user"), (MARIA, "user")]
    return [f"{name:<8} {password:<10} {what}" for (name, password), what in rows]


def print_running(name, description):
    option = "" if name == "default" else f" --name {name}"
    print(f"\nBaluHost runs at {description['url']}\n")
    print("  name     password")
    for line in credentials():
        print("  " + line)
    print(f"\n  ./dev gtk{option}       the desktop app")
    print(f"  ./dev busctl{option} introspect org.baluhost.NAS1 /org/baluhost/NAS1")
    print(f'  eval "$(./dev env{option})"       BALUHOST_URL and DBUS_SYSTEM_BUS_ADDRESS, for scripts')
    print(f"  ./dev logs{option}      what service and bridge say\n", flush=True)


def start_sandbox(args):
    from .sandbox import ADMIN, Sandbox, write_description

    state_dir = sandbox_dir(args.name)
    state_dir.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    # One at a time, so that the port is still free when the bridge takes it.
    with building.lock("start"):
        sandbox = Sandbox(
            STATE / "build",
            state_dir,
            activatable=True,
            polkit_allows=[os.getuid()],
            bridge_config={"web": {"listen": args.listen, "port": choose_port(state_dir, args.port)}},
        )
        sandbox.start()
    for note in sandbox.notes:
        say(note)
    try:
        # Development mode makes the Unix user who works here the administrator. Whoever changed that password does not want it done again.
        try:
            sandbox.link_user(os.getuid(), ADMIN[0], sandbox.token(*ADMIN))
        except Exception as error:  # pylint: disable=broad-except
            say(f"your Unix user was not linked to the account {ADMIN[0]}: {error}")
        (state_dir / "port").write_text(sandbox.url.rpartition(":")[2], encoding="ascii")
        write_description(description_file(args.name), sandbox.describe() | {"name": args.name})
    except BaseException:
        sandbox.stop()
        raise
    return sandbox


def supervise(args, sandbox):
    """Watches over a running sandbox until we are told to end."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    service_was_there = bridge_was_there = True
    while not select.select([wake_read], [], [], 1)[0]:
        service_is_there = sandbox.service_pid is not None
        if service_was_there and not service_is_there:
            say("baluhostd has ended; the bus starts it again when it is called (./dev logs says why it ended)")
        service_was_there = service_is_there
        if bridge_was_there and not sandbox.is_bridge_running():
            say("baluhost-web has ended; ./dev logs web says why")
            bridge_was_there = False
    description_file(args.name).unlink(missing_ok=True)
    problems = sandbox.stop()
    for problem in problems:
        say(problem)
    return 1 if problems else 0


def command_up(args):
    building.build("build", purposes=("build", "run"))
    description = running(args.name)
    if description is not None:
        say("it is running already")
        print_running(args.name, description)
        return 0
    if args.detach:
        return up_detached(args)
    with building.lock(f"sandbox-{args.name}"):
        sandbox = start_sandbox(args)
        print_running(args.name, need_running(args.name))
        print("Ctrl-C stops it.", flush=True)
        return supervise(args, sandbox)


def up_detached(args):
    """Starts ourselves again without a terminal, and returns when that says that it runs."""
    state_dir = sandbox_dir(args.name)
    state_dir.mkdir(parents=True, exist_ok=True)
    log_path = state_dir / "supervisor.log"
    command = [sys.executable, "-m", "support.dev", "supervise", "--name", args.name, "--listen", args.listen]
    if args.port is not None:
        command += ["--port", str(args.port)]
    with open(log_path, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True)
    from .process import WaitError, wait_until

    def alive():
        if process.poll() is not None:
            raise WaitError(f"the sandbox did not start:\n{log_path.read_text(encoding='utf-8', errors='replace')}")

    description = wait_until(lambda: running(args.name), "the sandbox", timeout=60, alive=alive)
    sys.stderr.write(log_path.read_text(encoding="utf-8", errors="replace"))
    print_running(args.name, description)
    print(f"./dev down{'' if args.name == 'default' else ' --name ' + args.name} stops it.")
    return 0


def command_supervise(args):
    with building.lock(f"sandbox-{args.name}"):
        return supervise(args, start_sandbox(args))


def stop_sandbox(name):
    """Returns whether it was running."""
    from .process import start_time, wait_until

    description = running(name)
    if description is None:
        return False
    pid, started = description["pid"], description["pid_start_time"]
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: start_time(pid) != started, f"the end of the sandbox {name}", timeout=60)
    return True


def sandbox_names():
    return sorted(path.name for path in SANDBOXES.iterdir() if path.is_dir()) if SANDBOXES.exists() else []


def command_down(args):
    names = sandbox_names() if args.all else [args.name]
    for name in names:
        if stop_sandbox(name):
            print(f"{name}: stopped")
        elif not args.all:
            print(f"{name}: was not running")
    return 0


def command_status(_args):
    names = sandbox_names()
    if not names:
        print("no sandbox yet; ./dev up makes one")
    for name in names:
        description = running(name)
        print(f"{name:<12} {description['url'] + '  ' + description['bus_address'] if description else 'stopped'}")
    return 0


def command_env(args):
    values = sandbox_env(args.name)
    for key, value in values.items():
        print(f"{key}={shlex.quote(value)}")
    print("export " + " ".join(values))
    return 0


def command_reset(args):
    names = sandbox_names() if args.name is None else [args.name]
    for name in names:
        sandbox_dir(name)
        stop_sandbox(name)
    if args.all:
        shutil.rmtree(STATE)
        print("removed .baluhost with all sandboxes, builds and tools")
        return 0
    for name in names:
        shutil.rmtree(sandbox_dir(name))
        print(f"{name}: removed")
    if args.name is None and (STATE / "tmp").exists():
        shutil.rmtree(STATE / "tmp")
    return 0


# Using a running sandbox


def command_gtk(args):
    values = os.environ | sandbox_env(args.name) | {"BALUHOST_LOCALE_DIR": str(STATE / "build" / "po")}
    program = STATE / "build" / "gtk-client" / "baluhost"
    schemas = STATE / "build" / "gtk-client"
    if (schemas / "gschemas.compiled").exists():
        values["GSETTINGS_SCHEMA_DIR"] = str(schemas)
    os.execve(program, [str(program), *args.arguments], values)


def command_busctl(args):
    os.execvpe("busctl", ["busctl", *args.arguments], os.environ | sandbox_env(args.name))


def command_disk(args):
    from . import dev_disk

    return dev_disk.run(need_running(args.name)["bus_address"], args.verb, args.arguments)


LOGS = {"service": "service.log", "web": "web.log", "bus": "bus.log", "polkit": "polkit.log", "disks": "udisks.log"}


def command_logs(args):
    directory = sandbox_dir(args.name) / "log"
    files = [directory / LOGS[args.which]] if args.which else [directory / name for name in LOGS.values()]
    files = [str(path) for path in files if path.exists()]
    if not files:
        raise UsageError(f"the sandbox {args.name} has said nothing yet")
    os.execvp("tail", ["tail", "-n", str(args.lines), *(["-F"] if args.follow else []), *files])


# Developing


def command_test(args):
    from . import suites

    return suites.run(args)


def command_lint(args):
    from . import lint

    return lint.run(args)


def command_bench(args):
    build_dir = building.build("build", purposes=("build", "run", "test", "bench"))
    program = ROOT / "tests" / "bench" / "run.py"
    os.execv(sys.executable, [sys.executable, str(program), "--build", str(build_dir), *args.arguments])


def command_fuzz(args):
    """Gives each parser of what strangers send as much time; a crash leaves the input that caused it in .baluhost/fuzz."""
    build_dir = building.build("build-fuzz", purposes=("build", "run", "sanitize"))
    programs = [path for path in sorted((build_dir / "tests" / "fuzz").glob("fuzz-*")) if os.access(path, os.X_OK) and path.is_file()]
    failed = []
    for program in programs:
        name = program.name.removeprefix("fuzz-")
        found = STATE / "fuzz" / name
        found.mkdir(parents=True, exist_ok=True)
        seeds = ROOT / "tests" / "fuzz" / f"corpus-{name}"
        limits = [f"-max_total_time={args.seconds}", "-max_len=65536", "-print_final_stats=1", f"-artifact_prefix={found}/crash-"]
        say(f"fuzzing {name} for {args.seconds} s")
        command = [str(program), *limits, str(found), *([str(seeds)] if seeds.exists() else [])]
        if subprocess.run(command, check=False).returncode != 0:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else f"{len(programs)} fuzzers found nothing")
    return 1 if failed else 0


def command_build(_args):
    print(building.build("build", purposes=("build", "run")))
    return 0


def parser():
    top = argparse.ArgumentParser(prog="./dev", description="Develops BaluHost. Everything it makes is in .baluhost/.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name, function, text, *, named=True, hidden=False):
        extra = {} if hidden else {"help": text}
        command = commands.add_parser(name, description=text, **extra)
        command.set_defaults(function=function)
        if named:
            command.add_argument("--name", default="default", metavar="NAME", help="which sandbox (default: default)")
        return command

    for name, function, text, hidden in (
        ("up", command_up, "install what is missing, build, and start a sandbox with example data", False),
        ("supervise", command_supervise, "what up --detach leaves behind", True),
    ):
        command = add(name, function, text, hidden=hidden)
        command.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="address for the web (default: 127.0.0.1)")
        command.add_argument("--port", type=int, metavar="PORT", help=f"port for the web (default: {PREFERRED_PORT}, or any that is free)")
        if name == "up":
            command.add_argument("--detach", action="store_true", help="return when it runs, and leave it running")
    command = add("down", command_down, "stop a sandbox; its state stays")
    command.add_argument("--all", action="store_true", help="stop every sandbox")
    add("status", command_status, "list the sandboxes", named=False)
    add("env", command_env, "print BALUHOST_URL and DBUS_SYSTEM_BUS_ADDRESS of a running sandbox, for a shell to eval")
    command = add("logs", command_logs, "show what a sandbox's processes say")
    command.add_argument("which", nargs="?", choices=sorted(LOGS))
    command.add_argument("-f", "--follow", action="store_true")
    command.add_argument("-n", "--lines", type=int, default=50)
    for name, function, text in (
        ("gtk", command_gtk, "start the desktop app on a running sandbox"),
        ("busctl", command_busctl, "run busctl on a running sandbox's bus"),
    ):
        command = add(name, function, text)
        command.add_argument("arguments", nargs=argparse.REMAINDER)
    command = add("disk", command_disk, "let something happen to the simulated disks of a running sandbox; ./dev disk help says what")
    command.add_argument("verb")
    command.add_argument("arguments", nargs="*")
    command = add("reset", command_reset, "stop sandboxes and remove their state (of all, or of one)", named=False)
    command.add_argument("--name", metavar="NAME", help="only this sandbox")
    command.add_argument("--all", action="store_true", help="also remove builds and fetched tools: all of .baluhost/")
    add("build", command_build, "build only", named=False)
    command = add("test", command_test, "run the tests", named=False)
    command.add_argument("pattern", nargs="?", help="only tests with this in their name")
    command.add_argument("--suite", action="append", metavar="SUITE", help="only this suite (unit, integration, web, e2e, gtk, main-job, vm); may be repeated")
    command.add_argument("--vm", action="store_true", help="the whole system in a virtual machine (--suite vm), which is left out otherwise")
    command.add_argument("--with-vm", action="store_true", help="that as well, where QEMU is installed or can be")
    command.add_argument("--sanitize", action="store_true", help="with the address and undefined behaviour sanitizers (unit and integration)")
    command.add_argument("--coverage", action="store_true", help="and say which lines were run (unit and integration)")
    command = add("lint", command_lint, "check formatting, types and metadata", named=False)
    command.add_argument("--fix", action="store_true", help="format what can be formatted")
    command = add("fuzz", command_fuzz, "feed the parsers with nonsense", named=False)
    command.add_argument("--seconds", type=int, default=60, metavar="N", help="how long, for each parser (default: 60)")
    command = add("bench", command_bench, "measure, beside others", named=False)
    command.add_argument("arguments", nargs=argparse.REMAINDER)
    return top


# Commands that pass on everything behind them, but for a leading --name.
PASSING = {"busctl": command_busctl, "gtk": command_gtk, "bench": command_bench}


def parse(arguments):
    if arguments in ([], ["help"]):
        arguments = ["--help"]
    if arguments[0] not in PASSING or arguments[1:2] in (["--help"], ["-h"]):
        return parser().parse_args(arguments)
    name = "default"
    rest = arguments[1:]
    if rest and rest[0].startswith("--name="):
        name, rest = rest[0].removeprefix("--name="), rest[1:]
    elif rest[:1] == ["--name"] and len(rest) > 1:
        name, rest = rest[1], rest[2:]
    return argparse.Namespace(command=arguments[0], function=PASSING[arguments[0]], name=name, arguments=rest)


def main():
    args = parse(sys.argv[1:])
    try:
        packages.ensure("run")
        return args.function(args)
    except KeyboardInterrupt:
        return 130
    except (UsageError, building.BuildError, packages.PackageError) as error:
        say(str(error))
        return 1
    except Exception as error:  # pylint: disable=broad-except
        if os.environ.get("BALUHOST_DEBUG"):
            raise
        say(f"{type(error).__name__}: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
