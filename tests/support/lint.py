# SPDX-License-Identifier: MIT
"""./dev lint: everything that can be found without running the program."""

import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import build as building
from .packages import ROOT, STATE, read_list, say

UI_DIR = ROOT / "web-bridge" / "ui"
POLICY_DTD = "/usr/share/polkit-1/policyconfig-1.dtd"
SPDX = "SPDX-License-Identifier: MIT"
SOURCE_SUFFIXES = {".c", ".h", ".py", ".ts", ".tsx", ".css", ".build", ".sh"}
# It does not see ownership that moves into a callback or ends with _cleanup_: leaks are what --sanitize looks for. NULL is a pointer in C, g_assert_…()
# is never compiled out, and g_autoptr() in a for loop is beyond its parser.
CPPCHECK = [
    "cppcheck",
    "--quiet",
    "--error-exitcode=1",
    "--enable=warning,performance,portability",
    "--inline-suppr",
    "--library=gtk",
    "--suppress=missingInclude",
    "--suppress=unknownMacro",
    "--suppress=assertWithSideEffect",
    "--suppress=internalAstError",
    "--suppress=memleak",
    "--suppress=varFuncNullUB",
    "--suppress=normalCheckLevelMaxBranches",
    "--std=c11",
    "-j2",
    "-Iservice",
    "-Idbus",
    "-Iweb-bridge",
    "-Igtk-client",
]

# What marks a text as one to translate, in C and in a template.
TRANSLATABLE = re.compile(r'\b(N?_|ngettext)\(|translatable="yes"')
KEYWORDS = ["--keyword=_", "--keyword=N_", "--keyword=ngettext:1,2"]


class Findings:
    def __init__(self):
        self.count = 0

    def report(self, text):
        self.count += 1
        print(text, flush=True)

    def command(self, command, **kwargs):
        process = subprocess.run(
            [str(word) for word in command], cwd=kwargs.pop("cwd", ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **kwargs
        )
        if process.returncode != 0:
            self.report(f"{Path(str(command[0])).name}:\n{process.stdout.strip()}")


def tracked_files():
    """What git has or would add, and exists."""
    reply = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in reply.stdout.splitlines() if (ROOT / line).is_file()]


def with_suffix(files, *suffixes):
    return [path for path in files if path.suffix in suffixes]


def check_c(findings, files, fix):
    sources = with_suffix(files, ".c", ".h")
    if not sources:
        return
    if fix:
        findings.command(["clang-format", "-i", *sources])
    for path in sources:
        reply = subprocess.run(["clang-format", "--dry-run", "--Werror", "--ferror-limit=1", path], capture_output=True, text=True, check=False)
        if reply.returncode != 0:
            findings.report(f"{reply.stderr.splitlines()[0].replace(f'{ROOT}/', '')}  (./dev lint --fix)")
    findings.command([*CPPCHECK, *[path.relative_to(ROOT) for path in with_suffix(files, ".c") if "fuzz" not in path.parts]])


def check_headers(findings, files):
    for path in files:
        if path.suffix not in SOURCE_SUFFIXES or path.name.endswith(".d.ts") or not path.stat().st_size:
            continue
        head = "".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:4])
        if SPDX not in head:
            findings.report(f"{path.relative_to(ROOT)}: has no “{SPDX}” at its top")


def check_python(findings, files):
    scripts = with_suffix(files, ".py")
    findings.command(["pyflakes3", *scripts])


def check_shell(findings, files):
    findings.command(["shellcheck", ROOT / "dev", *with_suffix(files, ".sh"), *[p for p in files if p.parent.name == ".ci"]])


def check_web(findings, build_dir, env, fix):
    if fix:
        building.install_ui_packages(UI_DIR, env)
        findings.command(["npx", "--no-install", "biome", "check", "--write", "."], cwd=UI_DIR, env=env)
        building.run(["ninja", "-C", build_dir, "--quiet"], env=env, stdout=sys.stderr)
    # The build's copy has the packages and the generated types.
    for script in ("check", "lint"):
        findings.command(["npm", "run", "--silent", script], cwd=building.ui_work_dir(build_dir), env=env)


def check_interfaces(findings):
    """Well-formed, understood by GLib's generator, and every argument, method, signal and property documented."""
    paths = sorted((ROOT / "dbus").glob("*.xml"))
    findings.command(["xmllint", "--noout", "--nonet", "--nowarning", *paths])
    for path in paths:
        with tempfile.TemporaryDirectory() as directory:
            findings.command(["gdbus-codegen", "--generate-docbook", "doc", "--output-directory", directory, path])
        parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
        comment = ""
        for element in ElementTree.parse(path, parser).getroot().iter():
            if element.tag is ElementTree.Comment:
                comment = element.text
            elif element.tag in ("interface", "method", "signal", "property"):
                name = element.get("name")
                if not re.search(rf"^\s*{re.escape(name)}:", comment, re.MULTILINE):
                    findings.report(f"{path.relative_to(ROOT)}: {element.tag} {name} has no documentation")
                for argument in element.findall("arg"):
                    if not re.search(rf"@{re.escape(argument.get('name'))}:", comment):
                        findings.report(f"{path.relative_to(ROOT)}: argument {argument.get('name')} of {name} has no documentation")
                comment = ""
    for path in (ROOT / "dbus").glob("*.policy"):
        # The document names its DTD by an address; the copy that polkit installs is what counts.
        text = re.sub(r"<!DOCTYPE.*?>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        findings.command(["xmllint", "--noout", "--nonet", "--dtdvalid", POLICY_DTD, "-"], input=text)


def check_translations(findings):
    """Every file with text for people is listed, and every text is translated."""
    po = ROOT / "po"
    listed = [line for line in (po / "POTFILES.in").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    sources = [*(ROOT / "gtk-client").glob("*.c"), *(ROOT / "gtk-client" / "ui").glob("*.ui")]
    with_text = {str(path.relative_to(ROOT)) for path in sources if TRANSLATABLE.search(path.read_text(encoding="utf-8"))}
    if with_text != set(listed):
        findings.report(f"po/POTFILES.in: missing or not needed: {', '.join(sorted(with_text ^ set(listed)))}")
    with tempfile.TemporaryDirectory() as directory:
        template = Path(directory) / "baluhost.pot"
        findings.command(["xgettext", "--from-code=UTF-8", *KEYWORDS, "-o", template, *sorted(with_text)])
        for path in sorted(po.glob("*.po")):
            findings.command(["msgfmt", "--check", "-o", "/dev/null", path])
            findings.command(["msgcmp", path, template])
            if "#~" in path.read_text(encoding="utf-8"):
                findings.report(f"{path.relative_to(ROOT)}: has texts that are no longer used")


def check_data(findings, build_dir, env):
    """Checks what is installed as it is installed."""
    root = STATE / "lint-root"
    shutil.rmtree(root, ignore_errors=True)
    building.run(["meson", "install", "-C", build_dir, "--no-rebuild", "--destdir", root, "--quiet"], env=env)
    for path in root.rglob("*.desktop"):
        findings.command(["desktop-file-validate", path])
    for path in root.rglob("*.metainfo.xml"):
        findings.command(["appstreamcli", "validate", "--no-net", "--explain", path])
    for path in sorted(root.rglob("*.[1-9]")):
        if "man" in path.parts:
            findings.command(["mandoc", "-T", "lint", "-W", "warning", path])
    for path in sorted((ROOT / "gtk-client").rglob("*.ui")):
        findings.command(["xmllint", "--noout", "--nonet", path])
    verify_units(findings, root)
    shutil.rmtree(root)


def verify_units(findings, root):
    """systemd-analyze verify, on the installed tree as if it were the system's."""
    units = sorted(path for pattern in ("*.service", "*.socket", "*.timer") for path in root.glob(f"**/systemd/system/{pattern}"))
    if not units:
        return
    process = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={root}", *[path.name for path in units]],
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        findings.report(f"systemd-analyze verify:\n{process.stderr.strip()}")


def check_packages(findings):
    for purpose, names in read_list().items():
        if purpose != "npm" and names != sorted(names):
            findings.report(f"packages.list: [{purpose}] is not sorted")


def run(args):
    build_dir = building.build("build", purposes=("build", "run", "lint"))
    env = building.environment()
    files = tracked_files()
    findings = Findings()
    for title, check in (
        ("C", lambda: check_c(findings, files, args.fix)),
        ("licence headers", lambda: check_headers(findings, files)),
        ("Python", lambda: check_python(findings, files)),
        ("shell", lambda: check_shell(findings, files)),
        ("web UI", lambda: check_web(findings, build_dir, env, args.fix)),
        ("interfaces and policy", lambda: check_interfaces(findings)),
        ("units, desktop entries, metainfo, manuals", lambda: check_data(findings, build_dir, env)),
        ("translations", lambda: check_translations(findings)),
        ("packages.list", lambda: check_packages(findings)),
    ):
        say(f"lint: {title}")
        check()
    print("nothing found" if findings.count == 0 else f"{findings.count} findings", flush=True)
    return 1 if findings.count else 0


