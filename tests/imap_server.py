"""A real IMAP server on loopback: Dovecot, as an unprivileged process with a configuration and mailboxes of its own.

It comes from the machine's own packages, and is started once for a whole test session, when the first test asks for it.
"""

import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from smtp_server import Paper, certificate

PASSWORD = "correct pferd ü"  # not only ASCII
_NUMBERS = count(1)


class Running(NamedTuple):
    """A running server. *starttls*, *tls*: its ports; a user of any name has a mailbox, and all have one password."""

    folder: Path
    paper: Paper
    starttls: int
    tls: int
    process: "subprocess.Popen[bytes]"

    def someone(self) -> "Box":
        """A user with an empty mailbox, and the folders INBOX and Done."""
        box = Box(self, f"reader{next(_NUMBERS)}")
        with box.session() as session:
            session.create("Done")
        return box

    def drop(self) -> None:
        """Ends every connection that is open, as a server does that is stopped."""
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                name, _, rest = entry.read_text().partition("(")[2].rpartition(")")
                if name == "imap" and int(rest.split()[1]) == self.process.pid:
                    os.kill(int(entry.parent.name), signal.SIGKILL)


class Box(NamedTuple):
    """The mailbox of one user."""

    server: Running
    user: str

    @contextmanager
    def session(self) -> Iterator[imaplib.IMAP4]:
        """A connection of somebody else, such as the owner's mail program."""
        session = imaplib.IMAP4("127.0.0.1", self.server.starttls, timeout=20)
        try:
            session.authenticate("PLAIN", lambda _: f"\0{self.user}\0{PASSWORD}".encode())
            yield session
        finally:
            session.logout()

    def put(self, *messages: bytes, folder: str = "INBOX") -> None:
        with self.session() as session:
            for message in messages:
                kind, said = session.append(folder, "", "", message)
                assert kind == "OK", said

    def holds(self, folder: str = "INBOX", which: str = "ALL") -> int:
        """How many messages of that kind there are."""
        with self.session() as session:
            session.select(f'"{folder}"', readonly=True)
            return len(session.search(None, which)[1][0].split())

    def anew(self, folder: str) -> None:
        """The folder is made anew, by somebody who has restored it: its numbers mean other messages now."""
        with self.session() as session:
            session.delete(folder)
            session.create(folder)


def program() -> Path | None:
    """Debian keeps it off the PATH of users."""
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


_BOTH = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 1
mail_home = {folder}/mail/%{{user}}
mail_uid = {user}
mail_gid = {group}
auth_failure_delay = 0
ssl = yes
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
# The language of its configuration changed with version 2.4.
_OLD = """
mail_location = maildir:~/mail
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=any {folder}/passwords
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u allow_all_users=yes
}}
"""
_NEW_FIRST = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
_NEW = """
mail_driver = maildir
mail_path = ~/mail
ssl_server_cert_file = {cert}
ssl_server_key_file = {key}
auth_allow_cleartext = yes
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb passwd-file {{
  passwd_file_path = {folder}/passwords
  auth_username_format = any
}}
userdb static {{
  allow_all_users = yes
}}
"""


def _configuration(folder: Path, paper: Paper, user: pwd.struct_passwd, ports: tuple[int, int], dovecot: Path) -> str:
    version = subprocess.run([dovecot, "--version"], check=True, capture_output=True, text=True).stdout
    old = version.startswith(("2.2", "2.3"))
    group = subprocess.run(["id", "-gn", user.pw_name], check=True, capture_output=True, text=True).stdout.strip()
    text = (_BOTH + _OLD if old else _NEW_FIRST + _BOTH + _NEW).format(
        folder=folder, cert=paper.file, key=paper.key, user=user.pw_name, group=group, starttls=ports[0], tls=ports[1]
    )
    return text.replace("%{user}", "%u") if old else text


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Running]:
    """An IMAP server of this session's own; its certificate signs itself."""
    path = program()
    assert path is not None, "the mark `dovecot` lets no test come here without a server"
    folder = Path(tempfile.mkdtemp(prefix="dc-"))  # short: a socket's path may have 107 bytes
    user = pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")
    paper, ports = certificate(folder), _free_ports()
    config = folder / "dovecot.conf"
    config.write_text(_configuration(folder, paper, user, ports, path))
    (folder / "passwords").write_text(f"any:{{PLAIN}}{PASSWORD}::::::\n", "utf-8")
    before: list[str] = []
    if os.geteuid() == 0:  # it would be several users by turns, and needs no more than one
        before = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        for file in (folder, *folder.iterdir()):
            os.chown(file, user.pw_uid, user.pw_gid)
    process = subprocess.Popen([*before, str(path), "-F", "-c", str(config)], cwd=folder)
    try:
        _wait_for(ports[0], process, folder)
        yield Running(folder, paper, *ports, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", folder: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                if connection.recv(4) == b"* OK":
                    return
        except OSError:
            pass
        log = folder / "log"
        told = log.read_text(errors="replace") if log.exists() else ""
        assert process.poll() is None and time.monotonic() < end, f"Dovecot did not start: {told}"
        time.sleep(0.05)
