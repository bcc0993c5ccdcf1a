#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures BaluHost beside its peers, in one run, and prints the ratios.

    tests/bench/run.py --build BUILD_DIR [--quick] [pattern]

Each measure is taken in rounds that alternate between the competitors, because the machine may be shared and its speed drifts; the median counts. The
report says what was measured, also where BaluHost loses, and the exit status is 0 either way. Requests go only to this machine.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import requests

SOURCE_DIR = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE_DIR))

from tests.bench import peers  # noqa: E402
from tests.support.sandbox import ADMIN, Sandbox  # noqa: E402

GIB = 1024**3


class Us:
    """BaluHost as a competitor."""

    name = "baluhost"

    def __init__(self, build_dir):
        begin = time.monotonic()
        self.sandbox = Sandbox(build_dir, service_config={"storage": {"quota": 0}}).__enter__()
        requests.get(self.sandbox.url + "/api/health", timeout=10).raise_for_status()
        self.start_seconds = time.monotonic() - begin
        self.url = self.sandbox.url
        self.headers = {"Authorization": "Bearer " + self.sandbox.token(*ADMIN)}

    @property
    def pids(self):
        return [self.sandbox.service_pid, self.sandbox.bridge_pid]

    def stop(self):
        self.sandbox.stop()


# Measuring


def run(argv, **kwargs):
    return subprocess.run([str(word) for word in argv], check=True, capture_output=True, text=True, **kwargs).stdout


def header_arguments(peer):
    return [word for key, value in peer.headers.items() for word in ("-H", f"{key}: {value}")]


def requests_per_second(peer, path, seconds):
    """Of 16 connections that ask one after the other. Fails when an answer is not 2xx."""
    output = run(["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "30s", *header_arguments(peer), peer.url + path])
    if "Non-2xx" in output:
        raise SystemExit(f"{peer.name}{path} was refused:\n{output}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])


def curl(peer, *arguments):
    """Seconds that one transfer took, by curl's own clock."""
    output = run(["curl", "-sS", "--fail", "-w", "\n%{time_total}", *header_arguments(peer), *arguments])
    return float(output.rsplit("\n", 1)[1])


def resident_bytes(peer):
    total = 0
    for pid in peer.pids:
        total += int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) * 1024
    return total


def peak_bytes(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) * 1024


def context_switches(peer):
    total = 0
    for pid in peer.pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(encoding="ascii"), re.M)[1])
    return total


def alternate(competitors, rounds, measure):
    """{name: median of measure(peer)} over rounds in which each competitor has its turn."""
    values = {peer.name: [] for peer in competitors}
    for _ in range(rounds):
        for peer in competitors:
            values[peer.name].append(measure(peer))
    return {name: statistics.median(series) for name, series in values.items()}


# The measures. Each returns rows: (what, unit, {name: value}, whether more is better, {peer: goal})


class Bench:
    def __init__(self, us, others, work_dir, quick):
        self.us = us
        self.fastapi, self.nginx, self.rclone = others
        self.work_dir = work_dir
        self.seconds = 2 if quick else 5
        self.rounds = 1 if quick else 3
        self.big_bytes = GIB // 8 if quick else GIB
        self.small_files = 1000 if quick else 10000
        self.counter = 0
        self.web = requests.Session()
        self.web.headers.update(us.headers)
        self.web.trust_env = False

    def next_name(self, prefix):
        self.counter += 1
        return f"{prefix}-{self.counter}"

    # What all have the same of

    def fill_directory(self, name, n_files):
        """A directory with n_files files of 16 bytes, made behind the servers' backs so that it does not measure uploading."""
        for root in (self.us.sandbox.storage_dir, self.fastapi.root, self.nginx.root, self.rclone.root):
            directory = root / name
            directory.mkdir(exist_ok=True)
            for number in range(n_files):
                (directory / f"IMG_{number:06}.jpg").write_bytes(b"0123456789abcdef")
            if root == self.us.sandbox.storage_dir and os.geteuid() == 0:
                for path in [directory, *directory.iterdir()]:
                    os.chown(path, self.us.sandbox.service_uid, self.us.sandbox.service_uid)

    def big_file(self):
        path = self.work_dir / "big.bin"
        if not path.exists():
            run(["dd", "if=/dev/urandom", f"of={path}", "bs=1M", f"count={self.big_bytes >> 20}", "status=none"])
        return path

    # Measures

    def bench_calls(self):
        """JSON call with a token check"""
        values = alternate([self.us, self.fastapi], self.rounds, lambda peer: requests_per_second(peer, "/api/auth/me", self.seconds))
        yield "JSON call with token check", "calls/s", values, True, {"fastapi": 5}

    def bench_list(self):
        """Lists of 1,000 and 100,000 entries"""
        self.fill_directory("thousand", 1000)
        path = "/api/files/list?path=thousand&limit=1000"
        assert len(self.web.get(self.us.url + path, timeout=60).json()["files"]) == 1000
        values = alternate([self.us, self.fastapi], self.rounds, lambda peer: requests_per_second(peer, path, self.seconds))
        yield "list of 1,000 entries", "lists/s", values, True, {"fastapi": 50}

        n_files = 10000 if self.seconds == 2 else 100000
        self.fill_directory("many", n_files)

        def whole_list(peer):
            begin = time.monotonic()
            session = requests.Session()
            session.trust_env = False
            session.headers.update(peer.headers)
            count, cursor = 0, ""
            while cursor is not None:
                reply = session.get(f"{peer.url}/api/files/list?path=many&limit=5000&cursor={quote(cursor)}", timeout=300)
                reply.raise_for_status()
                body = reply.json()
                count += len(body["files"])
                cursor = body["next_cursor"]
            assert count == n_files, count
            return time.monotonic() - begin

        values = alternate([self.us, self.fastapi], self.rounds, whole_list)
        yield f"list of {n_files:,} entries, all pages", "s", values, False, {}

        def first_page(peer):
            begin = time.monotonic()
            requests.get(f"{peer.url}/api/files/list?path=many&limit=1000", headers=peer.headers, timeout=300).raise_for_status()
            return time.monotonic() - begin

        yield f"list of {n_files:,} entries, first page", "s", alternate([self.us, self.fastapi], self.rounds, first_page), False, {}

    def bench_download(self):
        """Download of a big file"""
        source = self.big_file()
        for peer in (self.fastapi, self.nginx, self.rclone):
            shutil.copyfile(source, peer.root / "big.bin")
        with open(source, "rb") as file:
            self.web.put(f"{self.us.url}/api/files/content/big.bin?overwrite=true", data=file, timeout=600).raise_for_status()
        paths = {"baluhost": "/api/files/download/big.bin", "fastapi": "/api/files/download/big.bin"}

        def download(peer):
            seconds = curl(peer, "-o", "/dev/null", peer.url + paths.get(peer.name, "/big.bin"))
            return self.big_bytes / seconds / 1e6

        competitors = [self.us, self.fastapi, self.nginx, self.rclone]
        values = alternate(competitors, self.rounds + 2, download)
        yield f"download of {self.big_bytes >> 20} MiB", "MB/s", values, True, {"fastapi": 5, "nginx": 0.9}

    def bench_upload(self):
        """Upload of a big file"""
        source = self.big_file()

        def upload(peer):
            name = self.next_name("upload")
            if peer is self.us:
                where = ["-T", source, f"{peer.url}/api/files/content/{name}"]
            elif peer is self.fastapi:
                where = ["-F", f"file=@{source};filename={name}", peer.url + "/api/files/upload"]
            else:
                where = ["-T", source, f"{peer.url}/{name}"]
            seconds = curl(peer, "-o", "/dev/null", "-H", "Expect:", *where)
            if peer is self.us:
                self.remove(name)
            else:
                (peer.root / name).unlink()
            return self.big_bytes / seconds / 1e6

        values = alternate([self.us, self.fastapi, self.nginx, self.rclone], self.rounds, upload)
        yield f"upload of {self.big_bytes >> 20} MiB (ours durable when answered)", "MB/s", values, True, {"fastapi": 8}

        def multipart(peer):
            name = self.next_name("multipart")
            seconds = curl(peer, "-o", "/dev/null", "-H", "Expect:", "-F", f"file=@{source};filename={name}", peer.url + "/api/files/upload")
            if peer is self.us:
                self.remove(name)
            else:
                (peer.root / name).unlink()
            return self.big_bytes / seconds / 1e6

        values = alternate([self.us, self.fastapi], self.rounds, multipart)
        yield f"multipart upload of {self.big_bytes >> 20} MiB", "MB/s", values, True, {}

    def remove(self, name):
        self.web.delete(f"{self.us.url}/api/files/{name}", timeout=60).raise_for_status()
        self.web.delete(f"{self.us.url}/api/files/trash", timeout=60).raise_for_status()

    def bench_small(self):
        """Many small uploads"""
        content = self.work_dir / "small.txt"
        content.write_bytes(os.urandom(2048).hex().encode())

        def upload(peer):
            directory = self.next_name("small")
            if peer is self.us:
                self.web.post(f"{peer.url}/api/files/folder", json={"name": directory}, timeout=30).raise_for_status()
            else:
                (peer.root / directory).mkdir()
            lines = []
            for number in range(self.small_files):
                lines.append("silent\nshow-error\nfail")
                lines += [f'header = "{key}: {value}"' for key, value in peer.headers.items()]
                lines.append('output = "/dev/null"\nheader = "Expect:"')
                if peer is self.fastapi:
                    lines.append(f'form = "path={directory}"\nform = "file=@{content};filename={number}.txt"')
                    lines.append(f'url = "{peer.url}/api/files/upload"')
                else:
                    prefix = "/api/files/content" if peer is self.us else ""
                    lines.append(f'upload-file = "{content}"\nurl = "{peer.url}{prefix}/{directory}/{number}.txt"')
                lines.append("next")
            config = self.work_dir / "curl.conf"
            config.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
            begin = time.monotonic()
            run(["curl", "--parallel", "--parallel-max", "8", "-K", config])
            seconds = time.monotonic() - begin
            stored = len(list((peer.sandbox.storage_dir if peer is self.us else peer.root).joinpath(directory).iterdir()))
            assert stored == self.small_files, (peer.name, stored)
            return self.small_files / seconds

        values = alternate([self.us, self.fastapi, self.nginx, self.rclone], 1, upload)
        yield f"{self.small_files:,} uploads of 4 KiB, 8 at once (ours durable when answered)", "files/s", values, True, {}

    def bench_idle(self):
        """Start, memory and wake-ups while idle"""
        competitors = [self.us, self.fastapi, self.nginx, self.rclone]
        yield "start to first reply", "s", {peer.name: peer.start_seconds for peer in competitors}, False, {}
        yield "resident memory after all that", "MiB", {peer.name: resident_bytes(peer) / 2**20 for peer in competitors}, False, {}
        time.sleep(3)
        before = {peer.name: context_switches(peer) for peer in competitors}
        pause = 5 if self.seconds == 2 else 30
        time.sleep(pause)
        after = {peer.name: context_switches(peer) for peer in competitors}
        yield "wake-ups while idle", "1/min", {name: (after[name] - before[name]) * 60 / pause for name in before}, False, {}
        service, bridge = self.us.pids
        yield "peak resident memory", "MiB", {"service": peak_bytes(service) / 2**20, "bridge": peak_bytes(bridge) / 2**20}, False, {}


def report(rows):
    """Markdown of the rows."""
    lines = ["| measure | unit | baluhost | fastapi | nginx | rclone | ratio (goal) |", "|---|---|---:|---:|---:|---:|---|"]
    for what, unit, values, more_is_better, goals in rows:
        if "service" in values:
            lines.append(f"| {what} | {unit} | service {values['service']:.1f}, bridge {values['bridge']:.1f} | | | | |")
            continue
        ours = values["baluhost"]
        ratios = []
        for name in ("fastapi", "nginx", "rclone"):
            if not values.get(name) or not ours:
                continue
            ratio = ours / values[name] if more_is_better else values[name] / ours
            goal = goals.get(name)
            verdict = "" if goal is None else f" (goal {goal}×: {'reached' if ratio >= goal else 'MISSED'})"
            ratios.append(f"{ratio:.2f}× {name}{verdict}")
        cells = [f"{values[name]:,.4g}" if values.get(name) is not None else "" for name in ("baluhost", "fastapi", "nginx", "rclone")]
        lines.append(f"| {what} | {unit} | {' | '.join(cells)} | {', '.join(ratios)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=SOURCE_DIR / "build", help="where meson built")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, to see that it works")
    parser.add_argument("--json", help="also write the numbers to this file")
    parser.add_argument("pattern", nargs="?", default="", help="only the measures whose name contains it")
    arguments = parser.parse_args()

    print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; ratios above 1 mean that BaluHost is better\n", flush=True)
    scratch = SOURCE_DIR / ".baluhost" / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    rows = []
    running = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=scratch) as directory:
        work_dir = Path(directory)
        try:
            us = Us(arguments.build)
            running.append(us)
            others = []
            for start in (peers.fastapi, peers.nginx, peers.rclone):
                own = work_dir / start.__name__
                (own / "root").mkdir(parents=True)
                others.append(start(own / "root", own))
                running.append(others[-1])
            bench = Bench(us, others, work_dir, arguments.quick)
            for name in ("calls", "list", "download", "upload", "small", "idle"):
                if arguments.pattern not in name:
                    continue
                method = getattr(bench, f"bench_{name}")
                print(f"{method.__doc__} …", file=sys.stderr, flush=True)
                rows += method()
        finally:
            for peer in running:
                peer.stop()
    print(report(rows))
    if arguments.json:
        fields = ("what", "unit", "values", "more_is_better", "goals")
        Path(arguments.json).write_text(json.dumps([dict(zip(fields, row)) for row in rows], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
