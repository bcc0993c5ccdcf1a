# SPDX-License-Identifier: MIT
"""What `meson install` puts where, and whether systemd, the bus and polkit would take it."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from support.packages import missing_debian

# systemd's own measure, 0 (best) to 10.
EXPOSURE = {"baluhostd.service": 1.8, "baluhost-web.service": 1.5}

SERVICE_TREE = [
    "usr/lib/systemd/system/baluhostd.service",
    "usr/lib/sysusers.d/baluhost.conf",
    "usr/lib/tmpfiles.d/baluhost.conf",
    "usr/libexec/baluhostd",
    "usr/share/baluhost/baluhost.conf",
    "usr/share/dbus-1/interfaces/org.baluhost.NAS1.Files.xml",
    "usr/share/dbus-1/interfaces/org.baluhost.NAS1.Job.xml",
    "usr/share/dbus-1/interfaces/org.baluhost.NAS1.Manager.xml",
    "usr/share/dbus-1/interfaces/org.baluhost.NAS1.Sessions.xml",
    "usr/share/dbus-1/interfaces/org.baluhost.NAS1.Upload.xml",
    "usr/share/dbus-1/interfaces/org.baluhost.NAS1.Users.xml",
    "usr/share/dbus-1/system-services/org.baluhost.NAS1.service",
    "usr/share/dbus-1/system.d/org.baluhost.NAS1.conf",
    "usr/share/doc/baluhost/examples/50-baluhost.rules",
    "usr/share/man/man5/baluhost.conf.5",
    "usr/share/man/man8/baluhostd.8",
    "usr/share/polkit-1/actions/org.baluhost.nas1.policy",
    "usr/share/polkit-1/rules.d/org.baluhost.nas1.rules",
]
WEB_TREE = [
    "usr/lib/systemd/system/baluhost-web.service",
    "usr/lib/systemd/system/baluhost-web.socket",
    "usr/libexec/baluhost-web",
    "usr/share/baluhost/baluhost-web.conf",
    "usr/share/man/man8/baluhost-web.8",
]
CLIENT_TREE = [
    "usr/bin/baluhost",
    "usr/share/applications/org.baluhost.Client.desktop",
    "usr/share/metainfo/org.baluhost.Client.metainfo.xml",
    "usr/share/icons/hicolor/scalable/apps/org.baluhost.Client.svg",
    "usr/share/man/man1/baluhost.1",
]


@pytest.fixture(scope="module")
def options(build_dir):
    from support.build import options

    return options(build_dir)


@pytest.fixture(scope="module")
def tree(build_dir, options, tmp_path_factory):
    if options["prefix"] != "/usr":
        pytest.skip("this build was configured for another prefix than /usr")
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["meson", "install", "-C", build_dir, "--no-rebuild", "--quiet", "--destdir", root], check=True, capture_output=True)
    return root


def test_everything_is_where_the_system_looks_for_it(tree, options):
    expected = SERVICE_TREE + (WEB_TREE if options["web"] else []) + (CLIENT_TREE if options["gtk"] else [])
    missing = [path for path in expected if not (tree / path).is_file()]
    assert missing == []


def test_nothing_is_installed_outside_of_the_prefix(tree):
    assert [path.name for path in tree.iterdir()] == ["usr"]


def test_programs_say_their_version(tree, options):
    names = ["baluhostd"] + (["baluhost-web"] if options["web"] else [])
    for name in names:
        reply = subprocess.run([tree / "usr/libexec" / name, "--version"], capture_output=True, text=True, timeout=20, check=True)
        assert re.fullmatch(r"\S+ \d+\.\d+\.\d+\n", reply.stdout), reply.stdout


def test_systemd_takes_the_units(tree):
    units = [path.name for path in sorted((tree / "usr/lib/systemd/system").iterdir())]
    reply = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={tree}", *units], capture_output=True, text=True, check=False
    )
    assert reply.returncode == 0, reply.stderr


@pytest.mark.parametrize("unit", EXPOSURE)
def test_units_are_confined(tree, unit):
    path = tree / "usr/lib/systemd/system" / unit
    if not path.exists():
        pytest.skip("not in this build")
    reply = subprocess.run(["systemd-analyze", "security", "--offline=yes", path], capture_output=True, text=True, check=True)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", reply.stdout)[1])
    assert exposure <= EXPOSURE[unit], reply.stdout


def test_sysusers_and_tmpfiles_make_users_and_directories(tree, needs_root, tmp_path):
    """In a root of its own: sysusers writes passwd, tmpfiles makes the storage and copies the configuration, but only where there is none."""
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", tree, root], check=True)
    (root / "etc").mkdir()
    for program in ("systemd-sysusers", "systemd-tmpfiles"):
        arguments = ["--create", "baluhost.conf"] if program == "systemd-tmpfiles" else ["baluhost.conf"]
        reply = subprocess.run([program, f"--root={root}", *arguments], capture_output=True, text=True, check=False)
        assert reply.returncode == 0, reply.stderr
    passwd = (root / "etc/passwd").read_text(encoding="utf-8")
    uid = int(re.search(r"^baluhost:x:(\d+):", passwd, re.MULTILINE)[1])
    assert re.search(r"^baluhost-web:", passwd, re.MULTILINE)
    status = (root / "srv/baluhost").stat()
    assert (status.st_uid, status.st_mode & 0o7777) == (uid, 0o700)

    config = root / "etc/baluhost/baluhost.conf"
    assert config.read_text(encoding="utf-8") == (tree / "usr/share/baluhost/baluhost.conf").read_text(encoding="utf-8")
    config.write_text("[storage]\nquota=1G\n", encoding="utf-8")
    subprocess.run(["systemd-tmpfiles", f"--root={root}", "--create", "baluhost.conf"], check=True, capture_output=True)
    assert config.read_text(encoding="utf-8") == "[storage]\nquota=1G\n"


def test_polkit_policy_is_valid(tree, tmp_path):
    dtd = "/usr/share/polkit-1/policyconfig-1.dtd"
    if not os.path.exists(dtd) or missing_debian(["libxml2-utils"]):
        pytest.skip("polkitd or libxml2-utils is not installed")
    policy = tree / "usr/share/polkit-1/actions/org.baluhost.nas1.policy"
    local = tmp_path / "policy.xml"
    local.write_text(re.sub(r"<!DOCTYPE.*?>", "", policy.read_text(encoding="utf-8"), flags=re.DOTALL), encoding="utf-8")
    reply = subprocess.run(["xmllint", "--noout", "--nonet", "--dtdvalid", dtd, local], capture_output=True, text=True, check=False)
    assert reply.returncode == 0, reply.stderr


def test_every_administrative_verb_asks_for_an_administrator_by_default(tree):
    policy = ElementTree.parse(tree / "usr/share/polkit-1/actions/org.baluhost.nas1.policy").getroot()
    actions = {action.get("id"): action for action in policy.iter("action")}
    assert {"org.baluhost.nas1.user-manage", "org.baluhost.nas1.files-manage", "org.baluhost.nas1.audit-read"} <= set(actions)
    destructive = {f"org.baluhost.nas1.{name}" for name in ("array-create", "array-delete", "disk-format")}
    assert destructive <= set(actions)
    for name, action in actions.items():  # what destroys data asks each time
        expected = "auth_admin" if name in destructive else "auth_admin_keep"
        assert {child.text for child in action.find("defaults")} == {expected}, name
        owners = [a.text for a in action.iter("annotate") if a.get("key") == "org.freedesktop.policykit.owner"]
        assert owners == ["unix-user:baluhost"], name


def test_activation_file_names_the_unit_that_owns_the_name(tree):
    activation = (tree / "usr/share/dbus-1/system-services/org.baluhost.NAS1.service").read_text(encoding="utf-8")
    unit = (tree / "usr/lib/systemd/system/baluhostd.service").read_text(encoding="utf-8")
    assert "SystemdService=baluhostd.service" in activation
    assert "BusName=org.baluhost.NAS1" in unit
    assert "@" not in re.sub(r"@[a-z-]+\b(?!@)", "", activation)


@pytest.mark.parametrize("name", ["baluhost.conf", "baluhost-web.conf"])
def test_the_documented_configuration_is_accepted_when_every_key_is_uncommented(tree, name, make_sandbox):
    """Each commented key, taken at its word, is one that the program knows, with a value that it takes."""
    text = (tree / "usr/share/baluhost" / name).read_text(encoding="utf-8")
    section = None
    sections = {}
    for line in text.splitlines():
        heading = re.fullmatch(r"\[(\w+)\]", line)
        key = re.fullmatch(r"#([a-z-]+)=(.*)", line)
        if heading:
            section = sections.setdefault(heading[1], {})
        elif key:
            section[key[1]] = key[2]
    assert sections
    # What only exists where it is installed, or would make this sandbox another one.
    for section, keys in sections.items():
        for key in ("state-directory", "root", "bridge-user", "development-mode", "listen", "port"):
            keys.pop(key, None)
    if name == "baluhost.conf":
        sandbox = make_sandbox(service_config=sections)
        assert "not known, ignoring" not in (sandbox.log_dir / "service.log").read_text(encoding="utf-8", errors="replace")
    else:
        make_sandbox(bridge_config=sections)
