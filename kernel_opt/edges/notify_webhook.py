"""Posting to a webhook whose address is a secret: it stands in no message, log or journal."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from kernel_opt.model.errors import KernelOptError, UsageError

_PASSING = frozenset({429, 500, 502, 503, 504})
"""Answers of a server that did not take the message and may do so later."""
_ADDRESS_BYTES = 4096


class UnreachedError(KernelOptError):
    """The server did not take the message: it may be sent again without telling it twice."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody: what is posted goes to the address that was given and nowhere else."""

    def redirect_request(self, *_args: object, **_named: object) -> None:
        """Refuse; the redirect is then an answer like any other."""


def find_address(reference: str, environ: Mapping[str, str]) -> str:
    """Return the address that a reference stands for."""
    way, _, name = reference.partition(":")
    if way == "env":
        address, where = environ.get(name, ""), f"the variable {name}"
    else:
        address, where = _read(Path(name)), name
    address = address.strip()
    if not address:
        raise UsageError(f"{where} holds no address", "put the webhook's address there, and start the daemon again")
    parts = urlsplit(address)
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise UsageError(f"{where} holds no http or https address", "copy it anew from your chat program")
    return address


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_ADDRESS_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "see notify.webhook") from error


def post(address: str, body: bytes, timeout_s: float) -> None:
    """Post JSON once; of the answer only its first line counts, however long it is."""
    request = urllib.request.Request(  # noqa: S310 -- find_address lets http and https through only
        address, body, {"Content-Type": "application/json", "User-Agent": "kernel-opt"}, method="POST"
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout_s):
            return
    except urllib.error.HTTPError as error:
        error.close()
        kind = UnreachedError if error.code in _PASSING else KernelOptError
        raise kind(f"the server answered {error.code}", "see that the address still holds") from None
    except urllib.error.URLError as error:
        why = error.reason.strerror if isinstance(error.reason, OSError) else None
        raise UnreachedError(f"the server cannot be reached: {why or 'no connection'}", "see that it is up") from None
    except TimeoutError:
        raise KernelOptError(f"no answer within {timeout_s:g} s", "it may have arrived; see notify.timeout_s") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise KernelOptError("the server broke the connection off", "it may have arrived") from None
