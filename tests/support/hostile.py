# SPDX-License-Identifier: MIT
"""Paths and names that try to get out of the storage, to where they should not, or to confuse whoever takes them.

Every row says what becomes of it as a path below a folder that exists (`in_folder`) and as a name:

  OUTSIDE   it tries to leave: OutsideStorage
  INVALID   it breaks the rules of names and paths: InvalidName
  LITERAL   it only looks dangerous: a name like others, which must be taken letter by letter
  BROKEN    it is not UTF-8, so it cannot even be said on the bus

PATHS are whole paths; LITERAL ones have no "/" in them, so that they are names as well. plant() puts links and special files into a storage, and
PLANTED are the paths that lead through them: OutsideStorage for links, and for special files as if nothing were there.
"""

import dataclasses
import os
import socket
from pathlib import Path

OUTSIDE = "OutsideStorage"
INVALID = "InvalidName"
LITERAL = "literal"
BROKEN = "broken"
NOT_FOUND = "NotFound"


@dataclasses.dataclass(frozen=True)
class Hostile:
    raw: bytes
    fate: str
    why: str

    @property
    def text(self):
        """As a string; not for BROKEN ones."""
        return self.raw.decode()

    def __str__(self):
        shown = self.raw[:40].decode(errors="backslashreplace").encode("unicode_escape").decode()
        return f"{self.why}: {shown}"


def row(raw, fate, why):
    return Hostile(raw if isinstance(raw, bytes) else raw.encode(), fate, why)


def _outside():
    targets = ["etc/passwd", "etc/shadow", "proc/self/environ", "root/.ssh/id_rsa", "state/baluhost.db", ""]
    for depth in (1, 2, 3, 8, 40):
        for target in targets:
            yield row("/".join([".."] * depth + ([target] if target else [])), OUTSIDE, f"{depth} up")
    for target in targets:
        yield row("/" + target, OUTSIDE, "absolute")
        yield row("//" + target, OUTSIDE, "absolute with two slashes")
        yield row(f"a/../../{target}".rstrip("/"), OUTSIDE, "up past a folder that is missing")
        yield row(f"Demo/../../{target}".rstrip("/"), OUTSIDE, "up past a folder that exists")
        yield row(f"Demo/Documents/../../../{target}".rstrip("/"), OUTSIDE, "up past two folders")
    for text in (
        "a/..",
        "../",
        "..//",
        "./..",
        ".././..",
        "a/./../..",
        "..\n/..",
        "../\t",
        "a//../..",
        "..//..//etc",
        "Demo/..",
        "Demo/../Notes.txt",
        "Demo/../.baluhost",
        "../storage/Notes.txt",
        "../storage",
        "a/b/c/d/e/../../../../../..",
        ("x" * 300) + "/..",
        "../" * 2000,
        "/proc/self/root/etc/passwd",
        "/proc/self/fd/3",
        "/dev/stdin",
        "/dev/tcp/127.0.0.1/80",
    ):
        yield row(text, OUTSIDE, "with a name of two dots, or absolute")


def _invalid():
    for code in [*range(1, 32), 127, *range(128, 160)]:
        yield row(f"a{chr(code)}b", INVALID, f"control character U+{code:04X}")
    for text, why in (
        (".", "the folder itself"),
        ("./a", "dot in front"),
        ("a/.", "dot behind"),
        ("a/./b", "dot between"),
        ("a/", "slash at the end"),
        ("a//b", "empty name"),
        ("a///b", "empty names"),
        ("a//", "slashes at the end"),
        ("x" * 256, "name of 256 bytes"),
        ("ä" * 128, "name of 256 bytes in 128 letters"),
        ("\U0001f600" * 64, "name of 256 bytes in 64 pictures"),
        ("x" * 300 + "/a", "long name in front"),
        ("a/" + "x" * 4000, "long name behind"),
        ("/".join(["a"] * 65), "65 names"),
        ("/".join(["a"] * 1000), "1,000 names"),
        ("/".join(["x" * 250] * 17), "more than 4095 bytes"),
        ("a\r\nSet-Cookie: x=1", "header injection"),
        ("a\x1b]0;title\x07", "terminal escape"),
        ("\x08\x08\x08", "backspaces"),
        ("a\ufffe", "noncharacter"),
        ("\uffff", "noncharacter"),
        ("a\ufdd0b", "noncharacter"),
        ("\U0010ffff", "last code point"),
    ):
        yield row(text, INVALID, why)


def _literal():
    for text in (
        # Encoded once and more: whoever decodes a second time is fooled.
        "%2e%2e", "%2e%2e%2f", "%2E%2E%2Fetc%2Fpasswd", "..%2f..%2fetc%2fpasswd", "..%2F", "%2e%2e%5c", "%252e%252e%252f", "%252e%252e%255c",
        "..%252f..%252fetc%252fpasswd", "%25252e%25252e", "..%c0%af", "..%c1%9c", "%c0%ae%c0%ae%c0%af", "%uff0e%uff0e%u2215", "%u002e%u002e",
        "..%00", "a%00.jpg", "%00", "%0a", "%0d%0aX-Injected%3a%201", "%", "%%", "%2", "%zz", "%2f", "%5c", "&#46;&#46;&#47;", "\\u002e\\u002e",
        "=2E=2E=2F", "Li4v", "0x2e0x2e", "..;", "..;a=b", "...;", "..%3b", "%3Cscript%3E",
        # Of another system.
        "..\\..\\windows\\win.ini", "C:", "C:\\Windows", "\\\\server\\share", "..\\", "\\..\\", "\\", "CON", "NUL", "aux.txt", "a::$DATA", "file.txt.", "file ",
        "~", "~root", "~root\\.ssh", "$HOME", "${PATH}", "%HOME%", "%SystemRoot%",
        # Nearly dots and slashes.
        "...", "....", "..a", "a..", ". .", ". ", ".. ", " ..", ".\u200b.", "\u2025", "\u2024\u2024", "\uff0e\uff0e", "\uff0e\uff0e\uff0f", "a\u2215b", "a\u2044b",
        "a\uff0fb", "\u29f8", "a\u2216b", "\uff3c", "\u3002\u3002",
        # Nearly the reserved folder.
        ".baluhost2", ".BALUHOST", ".Baluhost", "baluhost", ".baluhost ", " .baluhost", ".baluhost.", ".baluho\u017ft", ".b\u0430luhost", "\u200b.baluhost",
        # For whoever builds commands, queries, pages or patterns of names.
        "-rf", "--help", "-", "; rm -rf x", "| cat", "`id`", "$(id)", "&& id", "a;b", "a'b", 'a"b', "' OR '1'='1", "x'); DROP TABLE usage;--", "<script>alert(1)",
        "<img src=x onerror=alert(1)>", "javascript:alert(1)", "{{7*7}}", "${7*7}", "#{7*7}", "%s%s%s%n", "%d", "{0}", "*", "?", "[a-z]", "a*b", "#", "a#b", "a?b", "a&b", "a=b",
        "a,b", "a+b", "a b", "a:b", "@", "!", "=cmd|'calc'!A0", "__proto__", "constructor", "null", "undefined", "true", "0", "-1", "NaN",
        # Turned round, doubled, unseen.
        "\u202etxt.exe", "a\u202eb", "\u2066a\u2069", "\ufeffa", "a\ufeff", "\u200b", "\u00a0", "\u2003", "\u00ad", "e\u0301", "\u00e9", "\u1112\u1161\u11ab", "\ud55c",
        "\u0130", "\u0131", "\u00df", "\u1e9e", "\ufb01", "\u017f", "\u212a", "I\u0307", "\ufdfa", "Z\u0351\u036b\u0343\u036a", "\U000e0041", "\U0001f468\u200d\U0001f469",
        "\ufffd", "\U0001f600" * 63, "x" * 255, "." * 255, " ", "  ", "\u3000",
        # Names of other things' folders.
        ".git", ".htaccess", ".ssh", "lost+found", ".Trash-1000", "trash", "staging", "proc", "dev", "index.html", "web.config", ".env", "nul.", "desktop.ini",
    ):  # fmt: skip
        assert "/" not in text, text
        yield row(text, LITERAL, "looks dangerous")


def _broken():
    for raw, why in (
        (b"\xff", "byte that never occurs"),
        (b"\xfe\xff", "byte order mark of UTF-16"),
        (b"\xc0\xae\xc0\xae\xc0\xaf", "overlong dots and slash"),
        (b"\xe0\x80\xae\xe0\x80\xae", "overlong dots of three bytes"),
        (b"\xf0\x80\x80\xaf", "overlong slash of four bytes"),
        (b"\xc1\x9c", "overlong backslash"),
        (b"\xed\xa0\x80", "half of a surrogate pair"),
        (b"\xed\xbf\xbf", "other half"),
        (b"\xf4\x90\x80\x80", "beyond Unicode"),
        (b"\xf8\x88\x80\x80\x80", "five bytes"),
        (b"a\x80", "continuation without a start"),
        (b"\xe2\x82", "cut off"),
        (b"a\xc3", "cut off at the end"),
        (b"\xc3/..", "cut off by a slash"),
        (b"a\xe4o\xfc", "Latin-1"),
        (b"a\0b", "with a NUL"),
        (b"\0", "a NUL alone"),
        (b"Notes.txt\0.jpg", "with a NUL before the extension"),
    ):
        yield row(raw, BROKEN, why)


PATHS = [*_outside(), *_invalid(), *_literal(), *_broken()]
BY_FATE = {fate: [path for path in PATHS if path.fate == fate] for fate in (OUTSIDE, INVALID, LITERAL, BROKEN)}

assert len({path.raw for path in PATHS}) >= 200, "the table must have at least 200 different rows"

# Names that Rename() must refuse although they are paths that would do elsewhere.
NAMES_WITH_SLASHES = ["a/b", "/a", "Demo/x", "a/../b", "/"]

RESERVED = [".baluhost", ".baluhost/trash", ".baluhost/staging", ".baluhost/staging/x", ".baluhost/trash/x/content", ".baluhost/clean"]

SECRET = b"the canary: nobody gets to read this\n"


def plant(directory, outside):
    """Puts links and special files into a directory of a storage, and what they lead to into the directory `outside`, which is none of the storage.
    Returns {path relative to directory: what it must be answered with}."""
    directory, outside = Path(directory), Path(outside)
    (outside / "folder").mkdir(parents=True)
    (outside / "secret").write_bytes(SECRET)
    (outside / "folder" / "secret").write_bytes(SECRET)
    (directory / "real").mkdir()
    (directory / "real" / "file").write_bytes(b"inside\n")

    links = {
        "link-to-secret": outside / "secret",
        "link-to-folder": outside / "folder",
        "link-to-root": "/",
        "link-to-passwd": "/etc/passwd",
        "link-up": "..",
        "link-up-up": "../../..",
        "link-relative": os.path.relpath(outside, directory),
        "link-inside": "real/file",
        "link-to-folder-inside": "real",
        "link-dangling": "nothing/at/all",
        "link-to-itself": "link-to-itself",
        "link-proc": "/proc/self/root",
        "link-fd": "/proc/self/fd/0",
        "link-reserved": "../.baluhost",
        "real/link-back": "..",
    }
    fates = {}
    for name, target in links.items():
        os.symlink(target, directory / name)
        fates[name] = OUTSIDE
        for below in ("secret", "file", "folder/secret", "etc/passwd"):
            fates[f"{name}/{below}"] = OUTSIDE
    os.mkfifo(directory / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "socket"))
    fates["fifo"] = fates["socket"] = fates["fifo/x"] = fates["socket/x"] = NOT_FOUND
    if os.geteuid() == 0:
        os.mknod(directory / "device", 0o600 | 0o020000, os.makedev(1, 3))
        fates["device"] = fates["device/x"] = NOT_FOUND
    return fates


def snapshot(directory):
    """All that is below a directory, with its content, to compare with later."""
    found = {}
    for folder, folders, names in os.walk(directory):
        for name in folders + names:
            path = Path(folder, name)
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
            found[str(path.relative_to(directory))] = (status.st_mode, status.st_uid, status.st_mtime_ns, content)
    return found
