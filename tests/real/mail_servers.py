"""Real mail servers for tests: Cyrus (IMAP and JMAP) and Dovecot (IMAP), each on ports and in folders of its own.

`tests/real/install-mail-servers` puts them on a Debian machine. Where they are not, tests skip and say so.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from imapclient import IMAPClient

HOW = "as root on Debian or Ubuntu: tests/real/install-mail-servers"
PASSWORD = "correct-horse-battery"
ADMIN = "warden"

DOVECOT_IMAP = Path(os.environ.get("GATEHOUSE_TEST_DOVECOT_IMAP", "/opt/gatehouse-tests/dovecot-imapd/usr/lib/dovecot"))
CYRUS_BIN = Path("/usr/lib/cyrus/bin")


def missing_cyrus() -> str | None:
    """Why Cyrus cannot be started here; None when it can."""
    if os.geteuid() != 0:
        return f"a real Cyrus has to be started by root; {HOW}"
    needed = [CYRUS_BIN / "imapd", CYRUS_BIN / "httpd", Path("/usr/sbin/cyrmaster"), Path("/usr/sbin/saslpasswd2")]
    gone = [str(one) for one in needed if not one.exists()]
    return f"Cyrus is not installed ({', '.join(gone)}); {HOW}" if gone else None


def missing_dovecot() -> str | None:
    """Why Dovecot cannot be started here; None when it can."""
    if os.geteuid() != 0:
        return f"a real Dovecot has to be started by root; {HOW}"
    imap = imap_of_dovecot()
    gone = [str(one) for one in (Path("/usr/sbin/dovecot"), imap / "imap", imap / "imap-login") if not one.exists()]
    return f"Dovecot is not installed ({', '.join(gone)}); {HOW}" if gone else None


def imap_of_dovecot() -> Path:
    """Where Dovecot's IMAP programs are: installed, or unpacked beside a Cyrus that Debian lets nothing stand beside."""
    installed = Path("/usr/lib/dovecot")
    return installed if (installed / "imap").exists() else DOVECOT_IMAP


@dataclass
class MailServer:
    """A running server. `users` have the password PASSWORD; ADMIN may act for them."""

    name: str
    imap_port: int
    http_port: int
    folder: Path
    start: Callable[[MailServer], None] = field(repr=False)
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Starts it and waits until it answers."""
        self.start(self)
        for port in filter(None, (self.imap_port, self.http_port)):
            wait_for(port)

    def down(self) -> None:
        """Kills it, with all that it started, in the middle of whatever it does."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def client(self, user: str, admin: bool = False) -> IMAPClient:
        """A mail program of a user."""
        client = IMAPClient("127.0.0.1", self.imap_port, ssl=False)
        if admin:
            client.login(ADMIN, PASSWORD)
        else:
            client.login(user, PASSWORD)
        return client

    def append(self, user: str, folder: str, messages: Iterable[tuple[bytes, int]]) -> None:
        """Puts messages with their times into a folder, as mail programs and migrations do."""
        from datetime import UTC, datetime

        client = self.client(user)
        if not client.folder_exists(folder):
            client.create_folder(folder)
        for content, at in messages:
            client.append(folder, content, (), datetime.fromtimestamp(at, UTC))
        client.logout()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int, seconds: float = 30.0) -> None:
    """Until somebody answers at a port."""
    end = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
                line.settimeout(5)
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def server_folder(owner: str) -> Path:
    """A short path that the server's own user can walk to (sockets have an end at 108 bytes)."""
    # In memory where there is room: servers wait for the disk with each message, and tests put in thousands.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000
    folder = Path(tempfile.mkdtemp(prefix="gh-mail-", dir=memory if roomy else "/tmp"))
    folder.chmod(0o755)
    entry = pwd.getpwnam(owner)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return folder


def cyrus(users: Iterable[str]) -> MailServer:
    """A Cyrus with IMAP and JMAP; mailboxes with Sent, Junk and Archive. Not started yet."""
    folder = server_folder("cyrus")
    entry = pwd.getpwnam("cyrus")
    imap, http = free_port(), free_port()
    for name in ("conf", "spool", "run", "log"):
        (folder / name).mkdir()
        os.chown(folder / name, entry.pw_uid, entry.pw_gid)
    secrets = folder / "sasldb2"
    for user in (*users, ADMIN, "cyrus", "reader"):
        subprocess.run(
            ["/usr/sbin/saslpasswd2", "-p", "-c", "-f", str(secrets), "-u", "localhost", user],
            input=PASSWORD.encode(),
            check=True,
        )
    os.chown(secrets, entry.pw_uid, entry.pw_gid)
    settings = folder / "imapd.conf"
    settings.write_text(f"""
configdirectory: {folder}/conf
partition-default: {folder}/spool
defaultpartition: default
admins: cyrus {ADMIN}
servername: localhost
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {secrets}
sasl_mech_list: PLAIN
allowplaintext: yes
httpmodules: jmap
conversations: yes
conversations_db: twoskip
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Sent|Junk|Archive
xlist-sent: Sent
xlist-junk: Junk
xlist-archive: Archive
virtdomains: userid
defaultdomain: localhost
unixhierarchysep: yes
altnamespace: yes
maxmessagesize: 60000000
jmap_max_size_upload: 60000
syslog_prefix: gatehouse-test
lmtpsocket: {folder}/run/lmtp
idlesocket: {folder}/run/idle
notifysocket: {folder}/run/notify
proc_path: {folder}/run/proc
mboxname_lockpath: {folder}/run/lock
""")
    services = folder / "cyrus.conf"
    services.write_text(f"""
START {{
  recover cmd="{CYRUS_BIN}/ctl_cyrusdb -C {settings} -r"
}}
SERVICES {{
  imap cmd="{CYRUS_BIN}/imapd -C {settings} -U 100" listen="127.0.0.1:{imap}" prefork=2 maxchild=100
  http cmd="{CYRUS_BIN}/httpd -C {settings} -U 100" listen="127.0.0.1:{http}" prefork=2 maxchild=100
}}
""")

    def start(server: MailServer) -> None:
        command = ["/usr/sbin/cyrmaster", "-C", settings, "-M", services, "-p", folder / "master.pid"]
        server.process = subprocess.Popen(
            [str(part) for part in command],
            stdout=(folder / "log" / "out").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    server = MailServer("cyrus", imap, http, folder, start)
    server.up()
    for user in users:
        server.client(user).logout()  # makes the mailbox
    return server


def dovecot(users: Iterable[str], extra: str = "") -> MailServer:
    """A Dovecot with IMAP, master users and access tokens that it verifies by itself. Started."""
    folder = server_folder("mail")
    entry = pwd.getpwnam("mail")
    port = free_port()
    (folder / "mail").mkdir()
    os.chown(folder / "mail", entry.pw_uid, entry.pw_gid)
    (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in users))
    (folder / "masters").write_text(f"{ADMIN}:{{PLAIN}}{PASSWORD}\n")
    settings = folder / "dovecot.conf"
    programs = imap_of_dovecot()
    # All that belong to IMAP are looked for when the server starts, used or not.
    others = ("imap-hibernate", "imap-urlauth", "imap-urlauth-login", "imap-urlauth-worker")
    services = "".join(f"service {name} {{\n  executable = {programs}/{name}\n}}\n" for name in others)
    settings.write_text(f"""
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_master_user_separator = *
mail_location = maildir:{folder}/mail/%u
mail_uid = {entry.pw_uid}
mail_gid = {entry.pw_gid}
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/masters
  master = yes
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={entry.pw_uid} gid={entry.pw_gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Drafts {{
    auto = create
    special_use = \\Drafts
  }}
}}
service imap {{
  executable = {programs}/imap
}}
service imap-login {{
  executable = {programs}/imap-login
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  chroot =
}}
{services}
{extra}
""")

    def start(server: MailServer) -> None:
        (folder / "run" / "master.pid").unlink(missing_ok=True)
        server.process = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", str(settings)],
            stdout=(folder / "out").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    server = MailServer("dovecot", port, 0, folder, start)
    server.up()
    return server


def remove(server: MailServer) -> None:
    """Ends a server and all that it left."""
    server.down()
    shutil.rmtree(server.folder, ignore_errors=True)
