"""Real brokers on loopback, each with its own data directory, on free ports, ended by process id.

    with Redis() as redis: ...           redis.kill(); redis.restart()
    with RabbitMQ() as rabbit: ...       rabbit.kill(); rabbit.restart(); rabbit.port

A broker keeps its ports and its data from one start to the next, so a client that comes back finds
what a client of a real installation would find. Nothing runs as a service of the system.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from process import PATIENCE, free_ports

# Seconds. RabbitMQ starts in 5 to 20, on a busy machine in many more.
STARTING = float(os.environ.get("TESTED_BROKER_PATIENCE", 240))


def program(name, first=None):
    """The path of a program. Debian's rabbitmq-server in /usr/sbin changes to the user `rabbitmq`;
    the one behind it does not."""
    for place in (first, shutil.which(name)):
        if place and os.path.exists(place):
            return place
    raise FileNotFoundError(f"{name} is missing; Debian's package of that name has it")


class Broker:
    """What both have in common. `directory` holds everything a broker writes."""

    def __init__(self, wait=True):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"carillon-{self.name}-"))
        self.log = open(self.directory / "log", "ab")
        self.process = None
        try:
            self.start(wait)
        except BaseException:
            self.__exit__()
            raise

    def run(self, command, environment=None):
        return subprocess.Popen(
            command, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, start_new_session=True)

    def start(self, wait=True):
        assert self.process is None, "it runs already"
        self.process = self.launch()
        if wait:
            self.wait()

    def wait(self):
        """Waits until the broker serves."""
        deadline = time.monotonic() + STARTING
        while not self.serves():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.directory / "log").read_text(errors="replace")[-3000:]
                raise AssertionError(f"{self.name} does not serve ({self.process.poll()}):\n{said}")
            time.sleep(0.05)

    def accepts(self):
        """Whether a connection to its port is accepted."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        """The end without a goodbye: kill -9 for the processes we started."""
        self.end(signal.SIGKILL)

    def stop(self):
        """The orderly end."""
        self.end(signal.SIGTERM)

    def restart(self, wait=True):
        self.kill()
        self.start(wait)

    def freeze(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def end(self, number):
        if self.process is None:
            return
        # The session is ours alone: start_new_session made it.
        for attempt in (number, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, signal.SIGCONT)
                os.killpg(self.process.pid, attempt)
            except ProcessLookupError:
                pass
            try:
                self.process.wait(30)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        # The leader of a session may be gone before those it started.
        deadline = time.monotonic() + 30
        while self.accepts():
            assert time.monotonic() < deadline, f"{self.name} does not end"
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.kill()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Redis(Broker):
    """redis-server on `port` and on the Unix socket `path`; keeps nothing on disk."""

    name = "redis"

    def __init__(self, *options, password=None, wait=True):
        self.options, self.password = options, password
        self.port, = free_ports(1)
        super().__init__(wait)
        self.path = str(self.directory / "socket")

    def launch(self):
        (self.directory / "socket").unlink(missing_ok=True)
        secret = ["--requirepass", self.password] if self.password else []
        return self.run([
            program("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket",
            str(self.directory / "socket"), "--dir", str(self.directory), "--save", "",
            "--appendonly", "no", "--daemonize", "no", *secret, *self.options])

    def serves(self):
        try:
            return self.client().ping()
        except Exception:
            return False

    def client(self, **options):
        import redis
        return redis.Redis(port=self.port, password=self.password, **options)


class RabbitMQ(Broker):
    """rabbitmq-server on `port`, a node of its own with a name server (epmd) of its own."""

    name = "rabbitmq"

    def __init__(self, wait=True):
        self.port, self.distribution_port, self.names_port = free_ports(3)
        self.names = None
        super().__init__(wait)

    def environment(self):
        places = {k: str(self.directory / k) for k in ("home", "mnesia", "logs")}
        for place in places.values():
            pathlib.Path(place).mkdir(exist_ok=True)
        return {
            "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": places["home"],
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.names_port),
            "RABBITMQ_NODENAME": f"carillon{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": places["mnesia"],
            "RABBITMQ_LOG_BASE": places["logs"],
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_FEATURE_FLAGS_FILE": str(self.directory / "feature_flags"),
            "RABBITMQ_PID_FILE": str(self.directory / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.directory / "none"),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.directory / "advanced"),
            # One scheduler: it shares the machine with what is tested.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def launch(self):
        (self.directory / "plugins").write_text("[].\n")
        # A data directory on a nearly full disk must not block publishers.
        (self.directory / "rabbitmq.conf").write_text("disk_free_limit.absolute = 1MB\n")
        environment = self.environment()
        if self.names is None:
            # Started by us rather than by the node: the node would leave it behind.
            self.names = self.run([program("epmd"), "-address", "127.0.0.1", "-port",
                                   str(self.names_port)], environment)
        return self.run([program("rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server")],
                        environment)

    def serves(self):
        try:
            self.connect(socket_timeout=5, stack_timeout=5).close()
            return True
        except Exception:
            return False

    def connect(self, **options):
        """A connection of pika's."""
        import logging
        import pika
        # It reports every refusal of a broker that is still starting.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        options = {"heartbeat": 0, "socket_timeout": PATIENCE, "stack_timeout": PATIENCE, **options}
        return pika.BlockingConnection(pika.ConnectionParameters(
            "127.0.0.1", self.port, connection_attempts=1, blocked_connection_timeout=PATIENCE,
            **options))

    def control(self, *words):
        """rabbitmqctl for this node."""
        tool = program("rabbitmqctl", "/usr/lib/rabbitmq/bin/rabbitmqctl")
        done = subprocess.run([tool, *words], env=self.environment(), cwd=self.directory,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * STARTING)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode()

    def __exit__(self, *error):
        names, self.names = self.names, None
        if self.process:
            self.kill()
        if names:
            names.kill()
            names.wait()
        super().__exit__(*error)
