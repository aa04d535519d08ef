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
            timeout: seconds to wait for the connection, and for each answer.
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
        """Post it.

        Raises:
            RuntimeError: if the host cannot be reached, does not answer in time, redirects, or answers other than 2xx.
        """
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
        request = urllib.request.Request(self.url, data=data, headers=self.headers, method="POST")
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=self.timeout) as answer:
                answer.read(1)
        except urllib.error.HTTPError as error:
            raise RuntimeError(self._refusal(error)) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, TimeoutError):
                raise RuntimeError(f"{self.host} did not answer within {self.timeout:g} s") from None
            said = getattr(reason, "strerror", None) or type(reason).__name__
            raise RuntimeError(f"{self.host} cannot be reached: {said}") from None

    def _refusal(self, error: object) -> str:
        """What the server said, without anything that we sent it in confidence."""
        code, reason = getattr(error, "code", 0), getattr(error, "reason", "")
        if 300 <= code < 400:
            return f"{self.host} redirects (HTTP {code}): give the final address in url"
        try:
            said = " ".join(error.read(300).decode(errors="replace").split())  # type: ignore[attr-defined]
        except OSError:
            said = ""
        if any(secret in said for secret in (self.url, *self._secrets())):
            said = ""
        return f"{self.host} answered HTTP {code} {reason}".rstrip() + (f": {said}" if said else "")

    def _secrets(self) -> list[str]:
        """Pieces of the address and of our headers long enough to be one."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.url)
        pieces = [*parts.path.split("/"), *parts.query.split("&"), *self.headers.values()]
        pieces += [piece.partition("=")[2] for piece in parts.query.split("&")]
        pieces += [value.removeprefix("Bearer ") for value in self.headers.values()]
        return [piece for piece in pieces if len(piece) >= 8 and not piece.startswith(("application/", "lifecycle-"))]


@api.hookimpl
def register_notifiers(register: api.Register) -> None:
    register(Webhook)
