"""What does every answer of the page tell the browser to refuse?"""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect", "manifest")),
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NOT_KEPT = "no-store"
HTTPS_ALONE = "max-age=31536000"


def put_headers(headers: MutableHeaders, over_tls: bool) -> None:
    """Put the page's headers onto an answer; what it says itself of keeping it (files do) stays."""
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", NOT_KEPT)
    if over_tls:
        headers["Strict-Transport-Security"] = HTTPS_ALONE
    del headers["server"]
