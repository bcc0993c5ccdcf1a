# SPDX-License-Identifier: MIT
"""What a private bus that is like the system's needs: the configuration of dbus-daemon, and a polkit with the actions and rules of this checkout."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from .bus import DBUS_DIR, NAME

POLKITD = Path("/usr/lib/polkit-1/polkitd")
# Of Debian's package udisks2.
UDISKS_BUS_POLICY = Path("/usr/share/dbus-1/system.d/org.freedesktop.UDisks2.conf")
UDISKS_ACTIONS = Path("/usr/share/polkit-1/actions/org.freedesktop.UDisks2.policy")

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  {servicedir}
  <!-- The rules and limits of Debian's system bus. -->
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" send_member="UpdateActivationEnvironment"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Debug.Stats"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
  <policy user="{polkit_user}">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_interface="org.freedesktop.PolicyKit1.AuthenticationAgent"/>
  </policy>
  <policy context="default">
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  {policies}
</busconfig>
"""

POLKIT_RULES = """// Who administers this sandbox: root; and a Unix user that the tests use to show what a rule can hand out.
polkit.addAdminRule(function(action, subject) { return ["unix-user:0"]; });
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.baluhost.nas1.") === 0 && %s.indexOf(subject.user) >= 0)
        return polkit.Result.YES;
    return polkit.Result.NOT_HANDLED;
});
"""


def can_isolate_mounts():
    """Whether we may have a mount namespace of our own, which running polkitd with our own policy takes."""
    if os.geteuid() != 0 or not POLKITD.exists():
        return False
    return subprocess.run(["unshare", "-m", "--propagation", "private", "true"], capture_output=True, check=False).returncode == 0


def user_name(uid):
    """Name of a Unix user."""
    return pwd.getpwuid(uid).pw_name


def write_bus_config(directory, socket, service_uid, has_real_polkit, service_directory):
    """Writes the configuration of dbus-daemon and returns its path. service_directory: of activation files, or None."""
    policies = []
    for policy, owner in ((DBUS_DIR / f"{NAME}.conf", "baluhost"), (UDISKS_BUS_POLICY, "root")):
        user = user_name(service_uid if owner == "baluhost" else os.geteuid())
        file = directory / policy.name
        file.write_text(policy.read_text(encoding="utf-8").replace(f'user="{owner}"', f'user="{user}"'), encoding="utf-8")
        policies.append(f"<include>{escape(str(file))}</include>")
    config = directory / "bus.conf"
    config.write_text(
        BUS_CONFIG.format(
            socket=socket,
            servicedir=f"<servicedir>{escape(str(service_directory))}</servicedir>" if service_directory else "",
            polkit_user="polkitd" if has_real_polkit else user_name(os.geteuid()),
            policies="\n  ".join(policies),
        ),
        encoding="utf-8",
    )
    return config


def polkit_command(directory, service_uid, allowed, is_real):
    """Writes what polkit is to know, and returns the command that runs it. allowed: the Unix users who may everything. is_real: polkitd, not its stand-in."""
    actions, rules = directory / "actions", directory / "rules"
    for path in (actions, rules):
        path.mkdir(parents=True, exist_ok=True)
    user = user_name(service_uid)
    policy = (DBUS_DIR / "org.baluhost.nas1.policy").read_text(encoding="utf-8")
    (actions / "org.baluhost.nas1.policy").write_text(policy.replace("unix-user:baluhost", f"unix-user:{user}"), encoding="utf-8")
    shutil.copyfile(UDISKS_ACTIONS, actions / UDISKS_ACTIONS.name)
    service_rules = rules / "org.baluhost.nas1.rules"
    text = (DBUS_DIR / "org.baluhost.nas1.rules").read_text(encoding="utf-8")
    service_rules.write_text(text.replace('"baluhost"', json.dumps(user)), encoding="utf-8")
    names = json.dumps([user_name(uid) for uid in allowed])
    (rules / "50-sandbox.rules").write_text(POLKIT_RULES % names, encoding="utf-8")
    if not is_real:
        return [sys.executable, Path(__file__).with_name("polkit_authority.py"), actions, f"{service_uid}={service_rules}", *allowed]
    # polkitd's directories are compiled in, so it gets a view of the file system where the sandbox's stand in their place.
    script = (
        'mount --bind "$1" /usr/share/polkit-1/actions && mount --bind "$2" /usr/share/polkit-1/rules.d && '
        'mount --bind "$2" /etc/polkit-1/rules.d && exec "$3" --no-debug'
    )
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", actions, rules, POLKITD]
