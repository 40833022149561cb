"""Errors carry a stable code, a sentence for people, and whether trying again can help."""

from collections.abc import Mapping


class CrannyError(Exception):
    """`code` never changes once published; `detail` says what is wrong and what to do;
    `retry` says whether the same call can succeed later; `extra` is added to the problem document."""

    code = "error"
    status = 500
    retry = False

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        retry: bool | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.retry = type(self).retry if retry is None else retry
        self.extra = dict(extra or {})


class Invalid(CrannyError):
    """The input can't be understood: change it."""

    code = "invalid"
    status = 400


class Unauthenticated(CrannyError):
    code = "unauthenticated"
    status = 401


class Forbidden(CrannyError):
    code = "forbidden"
    status = 403


class NotFound(CrannyError):
    code = "not-found"
    status = 404


class Conflict(CrannyError):
    """It contradicts what already is."""

    code = "conflict"
    status = 409


class Refused(CrannyError):
    """Understood, allowed, and still no: the reason is in the code."""

    code = "refused"
    status = 409


class Unavailable(CrannyError):
    """Something we need does not answer just now."""

    code = "unavailable"
    status = 503
    retry = True
