# SPDX-License-Identifier: LGPL-2.1-or-later
"""The servers that are measured, each started afresh on loopback, with nothing left behind."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import cases
import daemon
import tokens
from waiting import Deadline, TimedOut, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(daemon.BUILD, "tests", "bench")
NODE = os.environ.get("RIVULET_BENCH_NODE", "")
NCHAN_MODULES = ("/usr/lib/nginx/modules/ngx_nchan_module.so",
                 "/usr/lib64/nginx/modules/ngx_nchan_module.so")
# So long that nobody gets a heartbeat while something else is measured.
NEVER_MS = 3600000


class Unavailable(Exception):
    """This server cannot be had here; why is its text."""


class Program:
    """A server that is one program, and tells where it listens in a line of stdout."""

    def __init__(self, command, folder, **more):
        self.name = os.path.basename(command[-1])
        self.said = open(os.path.join(folder, "stderr"), "w+b")
        try:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.said,
                                            start_new_session=True, **more)
        except OSError as error:
            self.said.close()
            raise Unavailable(f"{command[0]}: {error.strerror}") from None

    def read_line(self, pattern):
        """The first group of the first line of stdout, which must match."""
        line = self.process.stdout.readline().decode("utf-8", "replace").strip()
        found = re.search(pattern, line)
        if not found:
            raise Unavailable(f"{self.name} did not start: {line or self.complaint()}")
        return found.group(1)

    def complaint(self):
        self.said.seek(0)
        lines = self.said.read().decode("utf-8", "replace").strip().split("\n")
        return next((line for line in lines if "rror" in line), lines[-1])

    def stop(self):
        """Ends it and what it started, which is in its process group."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(Deadline(f"the end of {self.name}").left())
        for pipe in self.process.stdin, self.process.stdout, self.said:
            if pipe is not None:
                pipe.close()


@contextlib.contextmanager
def signals_held():
    """What would end the run comes behind this block."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


class Server:
    """What is common: a name, whether it speaks Rivulet's dialect, and how it is published to."""

    name = ""
    exact = False
    steps = ()

    def __init__(self, clients, heartbeat_ms=NEVER_MS):
        self.clients = clients
        self.heartbeat_ms = heartbeat_ms
        self.pid = None
        self.url = None
        self.publish = None
        self.tokens = None
        self.program = None
        self.folder = None
        try:
            # Else one that is made and not yet known here would be left behind.
            with signals_held():
                self.folder = tempfile.mkdtemp(prefix="rivulet-bench-", dir=place_on_disk())
            self.start()
        except TimedOut as error:
            self.stop()
            raise Unavailable(str(error)) from None
        except BaseException:
            self.stop()
            raise

    def arguments(self, timed=True):
        """How rivulet-bench is told of it, and of its processes where their time is asked for."""
        arguments = ["--url", self.url, "--publish", self.publish,
                     "--dialect", "rivulet" if self.exact else "any"]
        arguments += ["--pid", str(self.pid)] if timed else []
        return arguments + (["--token-file", self.tokens] if self.tokens else [])

    def run(self, command, **more):
        self.program = Program(command, self.folder, **more)
        self.pid = self.program.process.pid

    def stop(self):
        if self.program is not None:
            self.program.stop()
        if self.folder is not None:
            wait_until(self.remove_folder, f"the end of {self.folder}")

    def remove_folder(self):
        """Whether it is gone: what was being started when it was interrupted may write there until it ends, too."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return not os.path.exists(self.folder)


class Rivulet(Server):
    """Its log is in the server's folder; without one where it is not durable."""

    name = "rivulet"
    exact = True
    steps = ("idle", "stall")
    target = "/github/events/stream"
    # Without G_SLICE, which tests set: it would cost what it does not cost its users.
    ENVIRONMENT = {"G_SLICE": ""}

    def __init__(self, clients, heartbeat_ms=NEVER_MS, durable=True, config=None):
        self.durable = durable
        self.config = config or {}
        self.setting = None
        self.state = None
        self.away = False
        super().__init__(clients, heartbeat_ms)

    def groups(self):
        self.state = os.path.join(self.folder, "state")
        groups = {"http": {"max-connections": self.clients + 200},
                  "clients": {"heartbeat-ms": self.heartbeat_ms},
                  "log": {"directory": self.state} if self.durable else {"durability": "none"}}
        for group, keys in self.config.items():
            groups[group] = {**groups.get(group, {}), **keys}
        return groups

    def start(self):
        self.setting = cases.Setting(config=self.groups(), environment=self.ENVIRONMENT,
                                     folder=self.folder)
        self.pid = self.setting.daemon.pid
        self.url = f"http://{self.setting.address}{self.target}"
        self.publish = f"bus:{self.setting.bus.address}"
        self.tokens = os.path.join(self.folder, "tokens")
        with open(self.tokens, "w", encoding="ascii") as file:
            file.writelines(tokens.make(self.setting.secret.bytes, f"user-{number}", 86400) + "\n"
                            for number in range(max(1, self.clients)))

    def leave(self, number):
        """Ends it with a signal; what it kept stays."""
        self.setting.daemon.signal(number)
        status = self.setting.daemon.wait()
        if status not in (0, -number) or self.setting.daemon.complaints():
            raise Unavailable(f"rivuletd ended with {status}: {self.setting.daemon.said()}")
        self.away = True

    def come_back(self):
        """Starts it again with what it kept, where it listened before."""
        setting = self.setting
        setting.arguments[setting.arguments.index("--listen") + 1] = setting.address
        setting.daemon = daemon.Daemon(
            setting.arguments, {**self.ENVIRONMENT,
                                "DBUS_SESSION_BUS_ADDRESS": setting.bus.address})
        setting.daemon.wait_listening()
        setting.publisher.wait_owner()
        self.pid = setting.daemon.pid
        self.away = False

    def resident(self, name):
        """Bytes of its memory as /proc/PID/status has them: VmRSS now, VmHWM the most so far."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status
                        if line.startswith(name + ":"))

    def queued(self):
        """Bytes that wait for its clients."""
        return self.setting.publisher.stream_properties("github-events")["QueuedBytes"]

    def stop(self):
        try:
            if self.away:
                self.setting.abandon()
            elif self.setting is not None:
                self.setting.stop()
        except AssertionError as error:
            raise Unavailable(str(error)) from None
        finally:
            super().stop()


class Combined(Rivulet):
    """The same, where each client follows three streams on one connection, and one of them has
    events."""

    name = "combined"
    steps = ()
    target = "/streams?stream=github-events&stream=quota&stream=posts-stats"

    def arguments(self, timed=True):
        return [*super().arguments(timed), "--stream", "github-events"]


class Bare(Server):
    name = "bare"
    exact = True
    steps = ("idle",)

    def start(self):
        self.run([os.path.join(PROGRAMS, "bare-server"), str(self.heartbeat_ms)],
                 stdin=subprocess.PIPE)
        self.url = f"http://{self.program.read_line('listening on (.*)')}/stream"
        self.publish = f"line:/proc/{self.pid}/fd/0"


class Nchan(Server):
    name = "nchan"
    CONFIG = """
daemon off;
{user}worker_processes auto;
worker_rlimit_nofile {files};
error_log {folder}/error.log;
pid {folder}/nginx.pid;
load_module {module};
events {{ worker_connections {files}; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_timeout 1h;
  keepalive_requests 1000000;
  nchan_message_buffer_length 1000;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /stream {{
      nchan_subscriber eventsource;
      nchan_subscriber_first_message newest;
      nchan_channel_id bench;
    }}
    location = /publish {{
      nchan_publisher;
      nchan_channel_id bench;
    }}
  }}
}}
"""

    def start(self):
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        module = next((path for path in NCHAN_MODULES if os.path.exists(path)), None)
        if nginx is None or module is None:
            raise Unavailable("nginx or its module libnginx-mod-nchan is not installed")
        config = os.path.join(self.folder, "nginx.conf")
        port = free_port()
        with open(config, "w", encoding="utf-8") as file:
            file.write(self.CONFIG.format(
                folder=self.folder, module=module, port=port, files=self.clients + 500,
                user="user root;\n" if os.geteuid() == 0 else ""))
        self.run([nginx, "-e", os.path.join(self.folder, "error.log"), "-p", self.folder,
                  "-c", config], stdin=subprocess.DEVNULL)
        wait_until(lambda: self.serves(port), "nginx that listens")
        self.url = f"http://127.0.0.1:{port}/stream"
        self.publish = f"post:http://127.0.0.1:{port}/publish"

    def serves(self, port):
        if self.program.process.poll() is not None:
            with open(os.path.join(self.folder, "error.log"), encoding="utf-8") as log:
                raise Unavailable("nginx did not start: " + log.read().strip().split("\n")[-1])
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0


class NodeServer(Server):
    script = ""

    def start(self):
        node = shutil.which("node")
        if node is None:
            raise Unavailable("node is not installed")
        if not os.path.isdir(os.path.join(NODE, "node_modules")):
            raise Unavailable("its npm packages are not installed")
        # Imports are looked up from where a script is.
        shutil.copy(os.path.join(HERE, "peers", self.script), NODE)
        self.run([node, os.path.join(NODE, self.script)], stdin=subprocess.DEVNULL, cwd=NODE,
                 env={**os.environ, "NODE_ENV": "production"})
        address = self.program.read_line("listening on (.*)")
        self.url = f"http://{address}/stream"
        self.publish = f"post:http://{address}/publish"


class Nestjs(NodeServer):
    name = "nestjs"
    script = "nestjs.mjs"


class BetterSse(NodeServer):
    name = "better-sse"
    script = "better-sse.mjs"


def file_system(path):
    """The type of the file system on which a path is, ext4 say (proc(5), mountinfo)."""
    path = os.path.realpath(path)
    found = (0, "unknown")
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            words = line.split()
            point = words[4].encode().decode("unicode_escape")
            if path == point or path.startswith(point.rstrip("/") + "/"):
                # Of mounts at the same place, the last one is what is seen.
                if len(point) >= found[0]:
                    found = (len(point), words[words.index("-") + 1])
    return found[1]


def place_on_disk():
    """The temporary folder, or /var/tmp where that one is in memory: a log belongs on a disk."""
    usual = tempfile.gettempdir()
    if file_system(usual) in ("tmpfs", "ramfs") and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return usual


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


SERVERS = {server.name: server for server in (Rivulet, Combined, Bare, Nchan, Nestjs, BetterSse)}
