"""`smartwings certificate SITE`: a certificate of its own for the page, where the plant has no authority."""

from commands.terminal import SiteFile, faults_reported, refuse, say


def certificate(site: SiteFile) -> None:
    """Write the certificate and key that page.certificate_file and page.key_file name; print the fingerprint."""
    with faults_reported():
        from collector.page.certificate import make_certificate
        from config.load import load_site

        settings = load_site(site)
        if settings.page is None:
            refuse(f"{site}: has no page")
        file, fingerprint = make_certificate(settings.page, site.parent)
    say(f"wrote {file}")
    say(f"SHA-256 {fingerprint}; compare it with what the browser shows before you trust it there")
