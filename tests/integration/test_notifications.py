# SPDX-License-Identifier: MIT
"""Notifications: what is wrong reaches people over real channels, however often it has to be tried, and no secret comes out again."""

import contextlib
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from gi.repository import GLib

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import ADMIN, ALEX
from test_sessions import audit, refused
from test_storage_alerts import Watched

SECRET = "s3cret-Qx7vB2mK9"
CONFIG = {"notifications": {"retry": 1, "timeout": 2}}


def u(number):
    return GLib.Variant("u", number)


def strings(*values):
    return GLib.Variant("as", values)


@pytest.fixture
def nas(make_sandbox):
    """A NAS whose disks can be pulled."""
    sandbox = make_sandbox(with_bridge=False, service_config=CONFIG)
    with sandbox.bus() as bus, sandbox.disks() as disks:
        yield Watched(sandbox, bus, disks).wait()


@pytest.fixture
def idle(make_sandbox):
    """A NAS to which nothing happens."""
    sandbox = make_sandbox(with_bridge=False, udisks=False, service_config=CONFIG)
    sandbox.admin = sandbox.token(*ADMIN)
    return sandbox


class Listener:
    """An HTTP server that keeps what it is sent, and answers as it is told: a list of (status, headers, body), the last one for all that follow."""

    def __init__(self, *answers, context=None):
        self.requests = []
        self.answers = list(answers) or [(200, {}, b"")]
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = listener.answers.pop(0) if len(listener.answers) > 1 else listener.answers[0]
                listener.requests.append((self.path, dict(self.headers), body))
                if answer == "silence":
                    listener.release.wait(20)
                    return
                status, headers, content = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(content)

            def do_GET(self):
                listener.requests.append((self.path, dict(self.headers), None))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.release = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def certificates():
    """A throw-away CA, which the service's user can read, and a TLS context with a certificate of it for "localhost"."""
    with tempfile.TemporaryDirectory(prefix="baluhost-ca-") as name:
        directory = Path(name)
        directory.chmod(0o755)

        def openssl(*arguments):
            subprocess.run(("openssl", *arguments), cwd=directory, check=True, capture_output=True)

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=throw-away", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        (directory / "names").write_text("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-extfile", "names", "-out", "server.pem")
        (directory / "ca.pem").chmod(0o644)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "server.pem", directory / "server.key")
        yield directory / "ca.pem", context


class Mailbox:
    """What aiosmtpd calls; refuses the first messages with `answers`."""

    def __init__(self, *answers):
        self.messages = []
        self.answers = list(answers)

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.messages.append(envelope)
        return "250 OK"


@contextlib.contextmanager
def mail_server(mailbox, **options):
    controller = Controller(mailbox, hostname="127.0.0.1", port=0, **options)
    # aiosmtpd wants to know the port to connect to itself when it starts: one that is free now.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        controller.port = probe.getsockname()[1]
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def webhook(bus, token, url, **settings):
    return bus.Notifications.CreateChannel("webhook", "Hook", {"url": url, **settings}, token=token)


def rule_for(bus, token, channel, **rule):
    return bus.Notifications.CreateRule({"name": "All", "channels": GLib.Variant("at", [channel]), **rule}, token=token)


def deliveries(bus, token, **options):
    return bus.Notifications.ListDeliveries(token=token, **options)[0]


def check_signature(headers, body, secret=SECRET):
    parts = dict(part.split("=") for part in headers["X-BaluHost-Signature"].split(","))
    assert hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest() == parts["v1"]


# Events


def test_an_alert_reaches_a_webhook_signed(nas):
    with Listener() as listener:
        channel = webhook(nas.bus, nas.token, f"{listener.url}/hook", secret=SECRET)
        rule_for(nas.bus, nas.token, channel, kinds=strings("array-degraded"))
        nas.disks.Pull("sdb")
        wait_until(lambda: listener.requests, "the alert at the webhook")
        path, headers, body = listener.requests[0]
        told = json.loads(body)
        assert path == "/hook" and told["kind"] == "array-degraded" and told["is_over"] is False
        assert headers["X-BaluHost-Delivery"] == told["id"]
        alert = next(alert for alert in nas.bus.Manager.ListAlerts() if alert["kind"] == "array-degraded")
        assert (told["title"], told["text"], told["severity"]) == (alert["title"], alert["text"], alert["severity"])
        check_signature(headers, body)
        wait_until(lambda: [d["state"] for d in deliveries(nas.bus, nas.token)] == ["delivered"], "the delivery in the log")
        assert nas.bus.Notifications.ListChannels(token=nas.token)[0]["last_delivery_usec"] > 0


def test_what_fails_is_tried_again_with_the_same_id_also_after_a_crash(nas):
    with Listener((500, {}, b""), (503, {"Retry-After": "2"}, b""), (200, {}, b"")) as listener:
        channel = webhook(nas.bus, nas.token, listener.url, secret=SECRET)
        rule_for(nas.bus, nas.token, channel, kinds=strings("array-degraded"))
        nas.disks.Pull("sdb")
        wait_until(lambda: len(listener.requests) == 1, "the first attempt")
        wait_until(lambda: deliveries(nas.bus, nas.token)[0]["error"] == "The server answers 500", "what came of it")
        nas.sandbox.kill_service()
        nas.sandbox.start_service()
        token = nas.sandbox.token(*ADMIN)
        wait_until(lambda: len(listener.requests) >= 3, "two more attempts", 20)
        wait_until(lambda: deliveries(nas.bus, token)[-1]["state"] == "delivered", "the delivery")
        delivery = deliveries(nas.bus, token)[-1]
        assert delivery["attempts"] >= 3 and delivery["error"] == "" and "next_attempt_usec" not in delivery
        assert len({headers["X-BaluHost-Delivery"] for _, headers, _ in listener.requests[:3]}) == 1


def test_in_quiet_hours_messages_wait(nas):
    with Listener() as listener:
        channel = webhook(nas.bus, nas.token, listener.url)
        now = time.localtime()
        minute = 60 * now.tm_hour + now.tm_min
        quiet = {"quiet_from": u((minute - 60) % 1440), "quiet_to": u((minute + 60) % 1440), "quiet_critical": False}
        rule = rule_for(nas.bus, nas.token, channel, kinds=strings("array-degraded"), **quiet)
        nas.disks.Pull("sdb")
        wait_until(lambda: deliveries(nas.bus, nas.token), "the delivery")
        delivery, = deliveries(nas.bus, nas.token)
        assert delivery["state"] == "waiting" and delivery["next_attempt_usec"] > delivery["time_usec"]
        assert listener.requests == []
        nas.bus.Notifications.DeleteChannel(channel, token=nas.token)
        assert deliveries(nas.bus, nas.token)[0]["state"] == "failed"
        assert nas.bus.Notifications.ListRules(token=nas.token)[0]["channels"] == [] and rule > 0


# Channels


def test_mail_goes_encrypted_to_a_server_with_a_certificate_of_the_given_authority(idle, certificates):
    ca_file, context = certificates
    mailbox, seen = Mailbox("451 try later"), []

    def authenticate(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=data == type(data)(login=b"nas", password=SECRET.encode()), handled=False)

    settings = {
        "server": "localhost",
        "security": "starttls",
        "username": "nas",
        "password": SECRET,
        "from": "nas@example.org",
        "to": strings("ada@example.org", "bea@example.org"),
        "ca_file": str(ca_file),
    }
    with idle.bus() as bus, mail_server(mailbox, tls_context=context, require_starttls=True, authenticator=authenticate, auth_required=True) as port:
        channel = bus.Notifications.CreateChannel("email", "Mail", {**settings, "port": u(port)}, token=idle.admin)
        assert bus.Notifications.TestChannel(channel, token=idle.admin) == (False, "The mail server answers 451")
        assert bus.Notifications.TestChannel(channel, token=idle.admin) == (True, "")
        envelope, = mailbox.messages
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert envelope.rcpt_tos == ["ada@example.org", "bea@example.org"] and envelope.mail_from == "nas@example.org"
        assert message["Subject"].endswith("A test") and "when something is wrong" in message.get_body(("plain",)).get_content()
        assert seen[-1] == (b"nas", SECRET.encode())

        bus.Notifications.UpdateChannel(channel, {"settings": GLib.Variant("a{sv}", {"password": GLib.Variant("s", "wrong")})}, token=idle.admin)
        delivered, detail = bus.Notifications.TestChannel(channel, token=idle.admin)
        assert not delivered and "user name and password" in detail
        # Without that authority, the certificate is nobody's.
        bus.Notifications.UpdateChannel(channel, {"settings": GLib.Variant("a{sv}", {"ca_file": GLib.Variant("s", "")})}, token=idle.admin)
        assert bus.Notifications.ListChannels(token=idle.admin)[0]["settings"]["secret_set"] is False
        delivered, detail = bus.Notifications.TestChannel(channel, token=idle.admin)
        assert not delivered and "certificate" in detail
        assert len(mailbox.messages) == 1


def test_mail_is_not_sent_in_the_clear_when_the_server_knows_no_encryption(idle):
    mailbox = Mailbox()
    with idle.bus() as bus, mail_server(mailbox) as port:
        settings = {"server": "127.0.0.1", "port": u(port), "security": "starttls", "from": "a@b.c", "to": strings("d@e.f")}
        channel = bus.Notifications.CreateChannel("email", "Mail", settings, token=idle.admin)
        delivered, detail = bus.Notifications.TestChannel(channel, token=idle.admin)
        assert not delivered and "encryption" in detail and mailbox.messages == []
        bus.Notifications.UpdateChannel(channel, {"settings": GLib.Variant("a{sv}", {"security": GLib.Variant("s", "none")})}, token=idle.admin)
        assert bus.Notifications.TestChannel(channel, token=idle.admin) == (True, "")


def test_push_sends_what_ntfy_takes_with_its_token(idle, certificates):
    ca_file, context = certificates
    with idle.bus() as bus, Listener(context=context) as listener:
        url = listener.url.replace("http://127.0.0.1", "https://localhost")
        channel = bus.Notifications.CreateChannel("push", "Phone", {"url": url, "topic": "nas", "token": SECRET, "ca_file": str(ca_file)}, token=idle.admin)
        assert bus.Notifications.TestChannel(channel, token=idle.admin) == (True, "")
        _, headers, body = listener.requests[0]
        assert headers["Authorization"] == f"Bearer {SECRET}"
        told = json.loads(body)
        assert told["topic"] == "nas" and told["title"].endswith("A test") and told["priority"] == 2


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ((302, {"Location": "file:///etc/passwd"}, b""), "The server answers 302, and redirects are not followed"),
        ((404, {}, b""), "The server answers 404"),
        ("silence", "The server has not answered in time"),
        ((200, {}, b"x" * 50_000_000), ""),
    ],
    ids=["redirect", "refusal", "silence", "flood"],
)
def test_a_strange_answer_is_told_and_does_no_harm(idle, answer, detail):
    with idle.bus() as bus, Listener(answer) as listener:
        channel = webhook(bus, idle.admin, listener.url)
        assert bus.Notifications.TestChannel(channel, token=idle.admin) == (detail == "", detail)
        assert bus.Notifications.ListChannels(token=idle.admin)[0]["last_error"] == detail
        assert len(listener.requests) == 1
        assert audit(idle, "notification-channel-test")[0]["target"] == "Hook"


def test_a_desktop_hears_a_signal(idle):
    heard, context = [], GLib.MainContext.default()
    with idle.bus() as bus:
        bus.connection.signal_subscribe(
            NAME, f"{NAME}.Notifications", "Message", ROOT, None, 0, lambda _c, _s, _p, _i, _m, arguments: heard.append(arguments.unpack())
        )
        channel = bus.Notifications.CreateChannel("desktop", "Desktops", {}, token=idle.admin)
        assert bus.Notifications.TestChannel(channel, token=idle.admin) == (True, "")
        wait_until(lambda: context.iteration(False) or heard, "the signal")
        assert heard[0][:2] == ("info", "A test")


# Secrets


def test_secrets_are_nowhere_to_be_found_again(idle):
    with Listener((401, {}, b"")) as listener, idle.bus() as bus:
        channel = webhook(bus, idle.admin, listener.url, secret=SECRET)
        bus.Notifications.TestChannel(channel, token=idle.admin)
        refused("InvalidArgument", webhook, bus, idle.admin, "ftp://127.0.0.1/", secret=SECRET)
        shown, = bus.Notifications.ListChannels(token=idle.admin)
        assert shown["settings"] == {"url": listener.url, "secret_set": True} and SECRET not in str(shown)
    idle.stop_service()
    for path in [*idle.service_state_dir.rglob("*"), *idle.log_dir.rglob("*")]:
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    key = idle.service_state_dir / "notification.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    idle.start_service()
    with Listener() as listener, idle.bus() as bus:
        assert bus.Notifications.TestChannel(channel, token=idle.token(*ADMIN)) == (
            False,
            "The secret of the channel cannot be decrypted: it has to be given anew",
        )
        assert listener.requests == []


def test_a_secret_does_not_follow_its_channel_to_another_place(idle):
    with Listener() as listener, idle.bus() as bus:
        channel = webhook(bus, idle.admin, "http://127.0.0.1:9/", secret=SECRET)
        bus.Notifications.UpdateChannel(channel, {"settings": GLib.Variant("a{sv}", {"url": GLib.Variant("s", listener.url)})}, token=idle.admin)
        assert bus.Notifications.TestChannel(channel, token=idle.admin) == (True, "")
        assert "X-BaluHost-Signature" not in listener.requests[0][1]


# Arguments

MAIL = {"server": "mail.example.org", "port": u(587), "security": "starttls", "from": "a@example.org", "to": strings("b@example.org")}
PUSH = {"url": "https://example.org", "topic": "nas"}


@pytest.mark.parametrize(
    ("kind", "settings", "names"),
    [
        ("pigeon", {}, "kind"),
        ("desktop", {"url": "https://example.org"}, "url"),
        ("webhook", {}, "url"),
        ("webhook", {"url": "file:///etc/passwd"}, "url"),
        ("webhook", {"url": "https://a:b@example.org"}, "url"),
        ("webhook", {"url": "https://example.org/\r\nX: y"}, "url"),
        ("webhook", {"url": "https://example.org/" + "x" * 5000}, "url"),
        ("webhook", {"url": "https://example.org", "colour": "green"}, "colour"),
        ("webhook", {"url": "https://example.org", "secret": "a\r\nb"}, "secret"),
        ("webhook", {"url": "https://example.org", "ca_file": "ca.pem"}, "ca_file"),
        ("push", {**PUSH, "topic": "a/b"}, "topic"),
        ("push", {**PUSH, "url": "http://example.org", "token": "t"}, "url"),
        ("push", {**PUSH, "token": "t\r\nX: y"}, "token"),
        ("email", {**MAIL, "server": "a/b"}, "server"),
        ("email", {**MAIL, "port": u(70000)}, "port"),
        ("email", {**MAIL, "security": "maybe"}, "security"),
        ("email", {**MAIL, "from": "a@b\r\nBcc: c@d"}, "from"),
        ("email", {**MAIL, "to": strings()}, "to"),
        ("email", {**MAIL, "to": strings("a@b> <c@d")}, "to"),
        ("email", {**MAIL, "to": strings(*["a@example.org"] * 21)}, "to"),
        ("email", {**MAIL, "password": "p"}, "password"),
        ("email", {**MAIL, "security": "none", "username": "u", "password": "p"}, "security"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_by_name_and_change_nothing(sandbox, bus, admin_token, kind, settings, names):
    before = {channel["id"] for channel in bus.Notifications.ListChannels(token=admin_token)}
    assert f"“{names}”" in refused("InvalidArgument", bus.Notifications.CreateChannel, kind, "Bad", settings, token=admin_token)
    assert {channel["id"] for channel in bus.Notifications.ListChannels(token=admin_token)} == before


@pytest.mark.parametrize("name", ["", "a\r\nb", "x" * 65, "a\u2028b"])
def test_a_name_is_one_short_line(bus, admin_token, name):
    assert "“name”" in refused("InvalidArgument", bus.Notifications.CreateChannel, "desktop", name, {}, token=admin_token)
    assert "“name”" in refused("InvalidArgument", bus.Notifications.CreateRule, {"name": name}, token=admin_token)


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ({}, "name"),
        ({"name": "r", "kinds": strings("weather")}, "kinds"),
        ({"name": "r", "kinds": strings(*["too-hot"] * 33)}, "kinds"),
        ({"name": "r", "minimum_severity": "bad"}, "minimum_severity"),
        ({"name": "r", "quiet_from": u(1440)}, "quiet_from"),
        ({"name": "r", "channels": GLib.Variant("at", [2**63])}, "channels"),
        ({"name": "r", "channels": GLib.Variant("at", list(range(33)))}, "channels"),
        ({"name": "r", "colour": "green"}, "colour"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(bus, admin_token, rule, names):
    assert f"“{names}”" in refused("InvalidArgument", bus.Notifications.CreateRule, rule, token=admin_token)


def test_rules_and_channels_are_changed_listed_and_deleted(idle):
    with idle.bus() as bus:
        channel = bus.Notifications.CreateChannel("desktop", "Desktops", {}, token=idle.admin)
        rule = rule_for(bus, idle.admin, channel)
        shown, = bus.Notifications.ListRules(token=idle.admin)
        assert shown == {
            "id": rule, "name": "All", "enabled": True, "kinds": [], "minimum_severity": "warning", "channels": [channel],
            "quiet_from": 0, "quiet_to": 0, "quiet_critical": True, "resolved": True,
        }  # fmt: skip
        bus.Notifications.UpdateRule(rule, {"enabled": False, "kinds": strings("too-hot"), "resolved": False}, token=idle.admin)
        changed, = bus.Notifications.ListRules(token=idle.admin)
        assert changed == {**shown, "enabled": False, "kinds": ["too-hot"], "resolved": False}
        bus.Notifications.UpdateChannel(channel, {"name": "Screens", "enabled": False}, token=idle.admin)
        assert bus.Notifications.ListChannels(token=idle.admin)[0]["name"] == "Screens"
        bus.Notifications.DeleteRule(rule, token=idle.admin)
        bus.Notifications.DeleteChannel(channel, token=idle.admin)
        for method in (bus.Notifications.DeleteRule, bus.Notifications.DeleteChannel, bus.Notifications.TestChannel):
            refused("NotFound", method, rule, token=idle.admin)
        refused("NotFound", bus.Notifications.UpdateRule, rule, {"enabled": True}, token=idle.admin)
        refused("NotFound", bus.Notifications.UpdateChannel, channel, {"enabled": True}, token=idle.admin)
        assert bus.Notifications.ListChannels(token=idle.admin) == [] == bus.Notifications.ListRules(token=idle.admin)
        assert [row["target"] for row in audit(idle, "notification-channel-delete") if row["result"] == 0] == ["Screens"]


def test_there_is_an_end_to_channels(idle):
    with idle.bus() as bus:
        for number in range(32):
            bus.Notifications.CreateChannel("desktop", str(number), {}, token=idle.admin)
        refused("TooManyRequests", bus.Notifications.CreateChannel, "desktop", "one more", {}, token=idle.admin)


def test_only_administrators_see_or_change_anything(sandbox, bus):
    alex = sandbox.token(*ALEX)
    for call in (
        lambda: bus.Notifications.ListChannels(token=alex),
        lambda: bus.Notifications.CreateChannel("desktop", "d", {}, token=alex),
        lambda: bus.Notifications.TestChannel(1, token=alex),
        lambda: bus.Notifications.ListRules(token=alex),
        lambda: bus.Notifications.ListDeliveries(token=alex),
    ):
        refused("AdminRequired", call)


def test_a_page_of_deliveries_has_bounds(bus, admin_token):
    assert bus.Notifications.ListDeliveries(token=admin_token)[1] == ""
    for options, name in (({"limit": 0}, "limit"), ({"limit": 501}, "limit"), ({"cursor": "x"}, "cursor")):
        assert f"“{name}”" in refused("InvalidArgument", bus.Notifications.ListDeliveries, token=admin_token, **options)
