# SPDX-License-Identifier: MIT
"""./dev test: runs the suites one after another and adds up what they say."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import build as building
from .packages import ROOT, STATE, installable, say

UI_DIR = ROOT / "web-bridge" / "ui"
REPORTS = STATE / "reports"


@dataclasses.dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclasses.dataclass
class Context:
    build_dir: Path
    pattern: str | None
    env: dict
    sanitize: bool
    coverage: bool


def read_junit(path, suite):
    """Counts the test cases of a JUnit report."""
    result = Result()
    # meson copies what tests print as it is, also what XML cannot hold.
    text = re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", path.read_text(encoding="utf-8", errors="replace"))
    for case in ElementTree.fromstring(text.encode()).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
            where = case.get("classname") or case.get("file") or ""
            result.failures.append(f"{suite}: {where} {case.get('name')}".replace("  ", " "))
        elif case.find("skipped") is not None:
            result.skipped += 1
        else:
            result.passed += 1
    return result


def run_reporting(suite, command, report, accept=(0,), **kwargs):
    """Runs a test runner that writes a JUnit report. One that fails without naming a failed test counts as a failure itself."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    status = subprocess.run([str(word) for word in command], check=False, **kwargs).returncode
    result = read_junit(report, suite) if report.exists() else Result()
    if status not in accept and result.failed == 0:
        result.failed += 1
        result.failures.append(f"{suite}: {command[0]} ended with status {status}")
    return result


# The suites


def unit_tests_matching(context):
    """Names of the meson tests that have the pattern in their own name or in that of one of their test cases."""
    reply = subprocess.run(["meson", "introspect", "--tests", context.build_dir], capture_output=True, text=True, check=True)
    names = []
    for test in json.loads(reply.stdout):
        if context.pattern in test["name"]:
            names.append(test["name"])
            continue
        listing = subprocess.run([*test["cmd"], "-l"], env=context.env | test["env"], capture_output=True, text=True, check=False)
        if context.pattern in listing.stdout:
            names.append(test["name"])
    return names


def run_unit(context):
    command = ["meson", "test", "-C", context.build_dir, "--no-rebuild", "--print-errorlogs"]
    if context.pattern:
        names = unit_tests_matching(context)
        if not names:
            return Result()
        command += names
    previous = os.umask(0 if context.coverage else 0o022)
    try:
        return run_reporting("unit", command, context.build_dir / "meson-logs" / "testlog.junit.xml", env=context.env)
    finally:
        os.umask(previous)


def pytest_command(suite, context, directory, workers):
    report = REPORTS / f"{suite}.xml"
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "tests" / "pytest.ini", "-q", "--durations=5", f"--junitxml={report}", "-p", "no:cacheprovider"]
    if workers:
        command += ["-n", workers]
    if context.pattern:
        command += ["-k", context.pattern]
    return [*command, directory], report


def run_integration(context):
    # 5: no test was selected.
    command, report = pytest_command("integration", context, ROOT / "tests" / "integration", os.cpu_count() or 1)
    return run_reporting("integration", command, report, accept=(0, 5) if context.pattern else (0,), env=context.env, cwd=ROOT)


def vitest(context, suite, *arguments):
    report = REPORTS / f"{suite}.xml"
    command = ["npx", "--no-install", "vitest", "run", "--reporter=default", "--reporter=junit", f"--outputFile.junit={report}", *arguments]
    if context.pattern:
        command += ["-t", context.pattern, "--passWithNoTests"]
    return command, report


def selected(context, result):
    """vitest counts what the pattern left out as skipped; nobody asked for that."""
    if context.pattern:
        result.skipped = 0
    return result


def run_web(context):
    # The build has a copy of the sources, with the packages and the generated types.
    command, report = vitest(context, "web")
    return selected(context, run_reporting("web", command, report, env=context.env, cwd=building.ui_work_dir(context.build_dir)))


def run_e2e(context):
    from .sandbox import Sandbox

    tests = (ROOT / "tests" / "e2e").rglob("*.test.ts")
    if context.pattern and not any(context.pattern in path.read_text(encoding="utf-8") for path in tests):
        return Result()
    building.install_ui_packages(UI_DIR, context.env)
    command, report = vitest(context, "e2e", "--config", "vitest.e2e.config.ts")
    with Sandbox(context.build_dir, fast_passwords=True) as sandbox:
        env = context.env | {"BALUHOST_URL": sandbox.url, "DBUS_SYSTEM_BUS_ADDRESS": sandbox.bus_address, "BALUHOST_CHROMIUM": "/usr/bin/chromium"}
        return selected(context, run_reporting("e2e", command, report, env=env, cwd=UI_DIR))


def run_gtk(context):
    command, report = pytest_command("gtk", context, ROOT / "tests" / "gtk", None)
    # A display and a session bus of its own; the tests bring the sandbox.
    wrapper = ["xvfb-run", "-a", "-s", "-screen 0 1280x900x24 -noreset", "dbus-run-session", "--"]
    env = context.env | {"GDK_BACKEND": "x11", "GSK_RENDERER": "cairo", "GTK_A11Y": "atspi", "NO_AT_BRIDGE": "0"}
    return run_reporting("gtk", [*wrapper, *command], report, accept=(0, 5) if context.pattern else (0,), env=env, cwd=ROOT)


def run_main_job(context):
    building.install_ui_packages(UI_DIR, context.env)
    command, report = pytest_command("main-job", context, ROOT / "tests" / "main_job", None)
    return run_reporting("main-job", [*command, "-s"], report, accept=(0, 5) if context.pattern else (0,), env=context.env, cwd=ROOT)


def run_vm(context):
    command, report = pytest_command("vm", context, ROOT / "tests" / "vm", None)
    return run_reporting("vm", [*command, "-s"], report, accept=(0, 5) if context.pattern else (0,), env=context.env, cwd=ROOT)


SUITES = {
    "unit": (run_unit, None),
    "integration": (run_integration, ROOT / "tests" / "integration"),
    "web": (run_web, UI_DIR / "package.json"),
    "e2e": (run_e2e, UI_DIR / "vitest.e2e.config.ts"),
    "gtk": (run_gtk, ROOT / "tests" / "gtk"),
    "main-job": (run_main_job, UI_DIR / "vitest.e2e.config.ts"),
    "vm": (run_vm, ROOT / "tests" / "vm"),
}
# A stage of its own, which is run when it is asked for.
SEPARATE_SUITES = ("vm",)
# With instrumented code only what exercises the C code of service and bridge directly.
INSTRUMENTED_SUITES = ("unit", "integration")


def print_coverage(build_dir):
    report = STATE / "coverage"
    shutil.rmtree(report, ignore_errors=True)
    report.mkdir()
    command = ["gcovr", "--root", ROOT, "--filter", "service/", "--filter", "web-bridge/", "--exclude-throw-branches", build_dir]
    building.run([*command, "--html-details", report / "index.html", "--print-summary"], cwd=ROOT)
    print(f"{report.relative_to(ROOT)}/index.html shows it line by line")


def run(args):
    if args.sanitize and args.coverage:
        raise building.BuildError("--sanitize and --coverage measure different builds: one at a time")
    if args.vm:
        args.suite = [*(args.suite or ()), "vm"]
    unknown = set(args.suite or ()) - set(SUITES)
    if unknown:
        raise building.BuildError(f"no such suite: {', '.join(sorted(unknown))} (there are: {', '.join(SUITES)})")
    kind = "build-sanitize" if args.sanitize else "build-coverage" if args.coverage else "build"
    names = args.suite or (INSTRUMENTED_SUITES if args.sanitize or args.coverage else [name for name in SUITES if name not in SEPARATE_SUITES])
    if args.with_vm and "vm" not in names:
        if installable("vm"):
            names = [*names, "vm"]
        else:
            say("without the virtual machine, for its packages cannot be installed here")
    purposes = ["build", "run", "test"] + (["coverage"] if args.coverage else []) + (["vm"] if "vm" in names else [])
    build_dir = building.build(kind, purposes=purposes)
    env = building.environment() | {"BALUHOST_BUILD_DIR": str(build_dir), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    if args.sanitize:
        env |= {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
    if args.coverage:
        # The service runs as a user of its own and leaves its counts beside its objects.
        building.run(["chmod", "-R", "a+rwX", build_dir])
    context = Context(build_dir, args.pattern, env, args.sanitize, args.coverage)

    total = Result()
    lines = []
    for name in names:
        function, needs = SUITES[name]
        if needs is not None and not needs.exists():
            continue
        say(f"tests: {name}")
        started = time.monotonic()
        result = function(context)
        lines.append(f"{name:<12} {result}  ({time.monotonic() - started:.0f} s)")
        total.add(result)

    if args.coverage:
        print_coverage(build_dir)
    print()
    for line in lines:
        print(line)
    for failure in total.failures:
        print(f"failed: {failure}")
    if args.pattern and total.passed + total.failed + total.skipped == 0:
        print(f"no test has “{args.pattern}” in its name")
        return 1
    print()
    print(total, flush=True)
    return 1 if total.failed else 0
