"""The systemd service of a bank's controller: as little of the machine as it needs. Pure.

A controller that was taken over must not become the machine: it has no privileges and can't gain any, sees no homes and
no other processes, writes into its own directory alone, and reaches the devices of its board and readers and no others.
"""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cranny.edge import drivers, readers
from cranny.edge.devices import SERIAL, Needs

USER: Final = "cranny"
STATE: Final = "/var/lib/cranny-edge"


TEMPLATE: Final = """\
# Written by `cranny edge unit`. Save as /etc/systemd/system/cranny-edge.service, then:
#   useradd --system --home-dir {state} --shell /usr/sbin/nologin {user}
#   systemctl daemon-reload && systemctl enable --now cranny-edge
[Unit]
Description=Cranny: the controller of this bank
# A bank works alone: it waits for no network, and is started again for ever.
StartLimitIntervalSec=0

[Service]
Type=exec
User={user}
SupplementaryGroups={groups}
StateDirectory=cranny-edge
StateDirectoryMode=0700
ExecStart={command}
Restart=always
RestartSec=1
TimeoutStopSec=30
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
DevicePolicy=closed
{devices}

[Install]
WantedBy=multi-user.target
"""


def unit(program: Path, arguments: Sequence[str], *, board: str, scanners: Iterable[str]) -> str:
    """The service file that runs `program edge arguments`. `board` and `scanners` as `cranny edge` takes them.
    Raises NotFound, codes `board-unknown` and `reader-unknown`."""
    modules: list[object] = [drivers.load(_name(board)), *(readers.load(_name(one)) for one in scanners)]
    needs: list[Needs] = [SERIAL, *(module.NEEDS for module in modules if hasattr(module, "NEEDS"))]
    devices = sorted({device for need in needs for device in need.devices})
    return TEMPLATE.format(
        user=USER,
        state=STATE,
        groups=" ".join(sorted({need.group for need in needs})),
        command=shlex.join([str(program), "edge", "--data", STATE, *arguments]).replace("%", "%%"),
        # A program that is installed in a home must be able to read itself.
        home="read-only" if {Path("/home"), Path("/root")} & {*program.parents} else "yes",
        devices="\n".join(f"DeviceAllow={device} rw" for device in devices),
    )


def _name(plugin: str) -> str:
    return plugin.partition(":")[0]
