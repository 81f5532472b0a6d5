"""One or several servers of the contention runs, over any store; each can be killed and comes back.

The store is a parameter, so that the same runs show the same on an embedded file and on a database
that several servers share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tests.crash.processes import free_port
from tests.server.processes import ServerProcess

RULES = Path(__file__).parent / "rules" / "contention" / "contention.tp"


@dataclass
class ServerGroup:
    """Servers of one book.

    Attributes:
        folder: data, logs and ready files of the servers.
        store: URL of the store; "" = an embedded file in the folder of the only server.
        count: how many; more than one needs a store that can be shared.
    """

    folder: Path
    store: str = ""
    count: int = 1
    _ports: list[int] = field(default_factory=list)
    _running: dict[int, ServerProcess] = field(default_factory=dict)

    def __enter__(self) -> ServerGroup:
        self._ports = [free_port() for _ in range(self.count)]
        for place in range(self.count):
            self.start(place)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for place in list(self._running):
            self.kill(place)

    @property
    def addresses(self) -> Sequence[str]:
        """Where they serve; the same after a kill."""
        return [f"127.0.0.1:{port}" for port in self._ports]

    @property
    def store_url(self) -> str:
        """Where the book lies."""
        return self.store or f"sqlite:///{self.folder / 'server-0' / 'data' / 'book.db'}"

    @property
    def logs(self) -> str:
        """What they wrote, for a failed run."""
        return "\n".join(server.log for server in self._running.values())

    def start(self, place: int) -> None:
        """Starts a server and waits until it serves."""
        folder = self.folder / f"server-{place}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ready").unlink(missing_ok=True)
        settings = {"listen": self.addresses[place], "log_level": "warning"}
        if self.store:
            settings["store"] = self.store
        rules = RULES.read_text(encoding="utf-8")
        self._running[place] = ServerProcess(folder, rules=rules, **settings)
        self._running[place].address()

    def kill(self, place: int) -> None:
        """Kills a server on the spot."""
        server = self._running.pop(place)
        server.process.kill()
        server.process.communicate()
