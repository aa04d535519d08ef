"""The notifier `webhook`: the message as JSON by HTTP POST, for chats, pagers and incident tools."""

from __future__ import annotations

from lifecycle_tui import api


class Webhook:
    """Posts {"subject", "body", "text", "alerts"} as JSON; `text` is subject and body, which most chats show."""

    name = "webhook"

    def __init__(
        self, *, url: str, headers: tuple[str, ...] = (), token: str | None = None, timeout: float = 10.0
    ) -> None:
        """
        Args:
            url: http or https; may hold a secret: no message ever shows more of it than the host.
            headers: lines like "X-Team: risk".
            token: sent as "Authorization: Bearer …".
            timeout: seconds that it may take in all.
        """
        from urllib.parse import urlsplit

        # A URL can hold a secret, so none of these messages repeats it.
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url begins with http:// or https:// and names a host")
        if parts.username is not None:
            raise ValueError("url holds a user name: use token or headers instead")
        if not timeout > 0:
            raise ValueError("timeout is a number of seconds above 0")
        self.url = url.strip()
        self.host = parts.hostname
        self.timeout = timeout
        self.headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "lifecycle-tui"}
        for line in headers:
            name, colon, value = line.partition(":")
            if not colon or not name.strip() or any(c in line for c in "\r\n"):
                raise ValueError('a header is a line like "X-Team: risk"')
            self.headers[name.strip()] = value.strip()
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"

    def send(self, message: api.Message) -> None:
        """Post it, with the message's key as Idempotency-Key: a receiver that knows the header takes it once.

        Raises:
            NotDelivered: the host cannot be reached, does not answer in time, redirects, or answers other than 2xx. No
                further try follows what the receiver refuses: 3xx and 4xx, without 408, 425 and 429.
        """
        import threading

        ended: list[BaseException | None] = []
        # A thread, because a server that answers a byte now and then keeps within every timeout of a socket.
        thread = threading.Thread(target=lambda: ended.append(self._post(message)), daemon=True)
        thread.start()
        thread.join(self.timeout)
        if not ended:
            raise api.NotDelivered(f"{self.host} did not answer within {self.timeout:g} s")
        if ended[0] is not None:
            raise ended[0] from None

    def _post(self, message: api.Message) -> Exception | None:
        """Post it; what went wrong."""
        import http.client
        import json
        import urllib.error
        import urllib.request

        class NoRedirect(urllib.request.HTTPRedirectHandler):
            """A redirect would turn the POST into a GET, and carry the secrets elsewhere."""

            def redirect_request(self, *args: object, **kwargs: object) -> None:
                return None

        payload = {
            "subject": message.subject,
            "body": message.body,
            "text": f"{message.subject}\n{message.body}",
            "alerts": [dict(alert) for alert in message.alerts],
        }
        data = json.dumps(payload, default=str, ensure_ascii=False).encode()
        keyed = {"Idempotency-Key": message.key} if message.key else {}
        try:
            request = urllib.request.Request(self.url, data=data, headers={**keyed, **self.headers}, method="POST")
            with urllib.request.build_opener(NoRedirect).open(request, timeout=self.timeout) as answer:
                answer.read(1)
        except urllib.error.HTTPError as error:
            return self._refusal(error)
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            return api.NotDelivered(self._unreached(getattr(error, "reason", None) or error))
        return None

    def _unreached(self, reason: object) -> str:
        """Why there was no answer, in words."""
        import ssl

        if isinstance(reason, TimeoutError):
            return f"{self.host} did not answer within {self.timeout:g} s"
        if isinstance(reason, ssl.SSLCertVerificationError):
            said = getattr(reason, "verify_message", None) or "it cannot be verified"
            return f"the certificate of {self.host} is not trusted: {said}"
        if isinstance(reason, ssl.SSLError):
            said = (reason.reason or type(reason).__name__).replace("_", " ").lower()
            return f"no TLS connection to {self.host}: {said} (does it speak https at that port?)"
        said = getattr(reason, "strerror", None) or type(reason).__name__
        return f"{self.host} cannot be reached: {said}"

    def _refusal(self, error: object) -> api.NotDelivered:
        """What the server said, without anything that we sent it in confidence."""
        code, reason = getattr(error, "code", 0), getattr(error, "reason", "")
        if 300 <= code < 400:
            return api.NotDelivered(
                f"{self.host} redirects (HTTP {code}): give the final address in url", again=False
            )  # fmt: skip
        try:
            said = " ".join(error.read(300).decode(errors="replace").split())  # type: ignore[attr-defined]
        except OSError:
            said = ""
        if any(secret in said for secret in (self.url, *self._secrets())):
            said = ""
        told = f"{self.host} answered HTTP {code} {reason}".rstrip() + (f": {said}" if said else "")
        headers = getattr(error, "headers", None)
        after = _seconds(headers.get("Retry-After") if headers is not None else None)
        return api.NotDelivered(told, again=code >= 500 or code in (408, 425, 429), after=after)

    def _secrets(self) -> list[str]:
        """Pieces of the address and of our headers long enough to be one."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.url)
        pieces = [*parts.path.split("/"), *parts.query.split("&"), *self.headers.values()]
        pieces += [piece.partition("=")[2] for piece in parts.query.split("&")]
        pieces += [value.removeprefix("Bearer ") for value in self.headers.values()]
        return [piece for piece in pieces if len(piece) >= 8 and not piece.startswith(("application/", "lifecycle-"))]


def _seconds(said: str | None) -> float | None:
    """What a Retry-After says, which is a number of seconds or a date; None for nothing that can be meant."""
    import email.utils
    from datetime import UTC, datetime

    if said is None:
        return None
    if said.strip().isdecimal():
        return float(said.strip()[:9])
    try:
        at = email.utils.parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


@api.hookimpl
def register_notifiers(register: api.Register) -> None:
    register(Webhook)
