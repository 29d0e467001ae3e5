"""The engine, dask.distributed, which carries orders to workers: addresses, encryption, versions, and what it says when
something is wrong. It comes with the extra `cluster`."""

import logging
import os
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import UserError

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

CONNECT_S = 10
"""Seconds within which a scheduler must answer."""
RETRY_S = 1.0
TLS_FILES = {"ca_file": "ca.pem", "cert": "cert.pem", "key": "key.pem"}


def require_engine() -> None:
    """Raise a `UserError` unless the engine is installed; silence what it logs about connections that end."""
    try:
        import distributed  # which sets the levels of its own loggers
    except ImportError as error:
        raise UserError("other machines need dask.distributed: pip install 'tenfold-bench[cluster]'") from error
    for name in (distributed.__name__, "distributed.client", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="distributed")


def check_address(address: str) -> str:
    """The address of a scheduler. Raises a `UserError` for what is none."""
    protocol, _, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    if protocol not in ("tcp", "tls") or not host or not port.isdigit() or not 0 < int(port) < 65536:
        allowed = "tcp://HOST:PORT and tls://HOST:PORT"
        raise UserError(f"'{address}' is no address of a scheduler; allowed are {allowed}, and slurm[:FILE] for --on")
    return address


def open_to_others(address: str) -> str:
    """A warning about an address where others can listen or run code; "" if there is nothing to warn about."""
    host = address.partition("://")[2].rpartition(":")[0]
    if address.startswith("tls://") or host in ("127.0.0.1", "localhost", "[::1]"):
        return ""
    return f"{address} is neither encrypted nor protected: whoever reaches it can run code here; use tls://"


def security_for(address: str) -> "Security":
    """The certificates for an address: none for `tcp://`, those in the folder `$HARNESS_TLS` for `tls://`."""
    from distributed.security import Security

    if address.startswith("tcp://"):
        return Security(require_encryption=False)
    chosen = os.environ.get("HARNESS_TLS", "")
    missing = [file for file in TLS_FILES.values() if not Path(chosen, file).is_file()]
    if not chosen or missing:
        what = f"lacks {', '.join(missing)}" if chosen else "is not set"
        raise UserError(
            f"HARNESS_TLS {what}: tls:// needs a folder with {', '.join(TLS_FILES.values())} "
            "(the guide's page on many machines shows how to make them)"
        )
    return security_from(Path(chosen))


def security_from(folder: Path) -> "Security":
    """The certificates in the files of a folder, with which both sides show who they are."""
    from distributed.security import Security

    files = {name: str(folder / file) for name, file in TLS_FILES.items()}
    roles = ("client", "worker", "scheduler")
    own = {f"tls_{role}_{name}": files[name] for role in roles for name in ("cert", "key")}
    return Security(require_encryption=True, tls_ca_file=files["ca_file"], **own)


class NoScheduler(UserError):
    """No scheduler answers at an address; there may be one later."""


def connect_within(address: str, wait_s: float) -> "Client":
    """The same as `connect`, but a scheduler that does not answer is waited for."""
    give_up = time.monotonic() + wait_s
    while True:
        try:
            return connect(address)
        except NoScheduler:
            if time.monotonic() >= give_up:
                raise
            time.sleep(RETRY_S)


def connect(address: str, timeout_s: float = CONNECT_S) -> "Client":
    """A client of the scheduler at an address. Raises a `UserError` if there is none, or one that does not fit."""
    from distributed import Client

    own, security = version("distributed"), security_for(address)
    try:
        client = Client(address, security=security, timeout=timeout_s, set_as_default=False)
    except OSError as error:
        raise NoScheduler(_no_scheduler(address, error)) from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        said = f"what answers at {address} is no scheduler of dask.distributed {own} ({what})"
        raise UserError(said) from error
    try:
        theirs = ask_scheduler(client, "versions", timeout_s)["packages"]["distributed"]
    except Exception as error:
        client.close(timeout=1)
        raise UserError(f"the scheduler at {address} does not say its version ({error})") from error
    if theirs != own:
        client.close(timeout=1)
        raise UserError(
            f"the scheduler at {address} has dask.distributed {theirs}, this machine has {own}; "
            "install the same version on all machines"
        )
    return client


def ask_scheduler(client: "Client", what: str, timeout_s: float = CONNECT_S, **arguments: Any) -> Any:
    """What a scheduler answers to one of its calls, by name. Raises `OSError` if it does not answer in time."""
    return client.sync(getattr(client.scheduler, what), callback_timeout=timeout_s, **arguments)


def _no_scheduler(address: str, error: OSError) -> str:
    reason = str(error.__cause__ or error)
    if "SSL" in reason or "ssl" in reason.lower() or "certificate" in reason.lower():
        return f"the scheduler at {address} does not accept the certificates in HARNESS_TLS, or they do not accept its"
    if "TLS" in reason or "encryption" in reason.lower():
        return f"the scheduler at {address} wants encryption; use tls://"
    host, _, port = address.partition("://")[2].rpartition(":")
    start = f"dask scheduler --host {host} --port {port} --dashboard-address 127.0.0.1:0 --no-jupyter"
    return f"no scheduler answers at {address}; start one with `{start}`, or see whether the other side uses TLS"
