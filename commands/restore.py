"""`smartwings restore SITE FILE`: a backup becomes the store; the one that was there is moved aside."""

from commands.backup import BackupFile
from commands.terminal import USAGE, SiteFile, faults_reported, say
from commands.verify import say_faults


def restore(site: SiteFile, file: BackupFile) -> None:
    """Look a backup through and put it in the store's place, while no collector runs. Reports go on in a new epoch.

    Exit code 2 where the backup has a fault or a collector runs: the store is then as it was.
    """
    import typer

    with faults_reported():
        from collector.acquisition import now_us
        from collector.store import restore as restoring
        from collector.store.store import store_path
        from config.load import load_site
        from plant.instant import format_instant

        settings = load_site(site)
        done = restoring.restore(store_path(settings.store.url, site.parent), file, now_us())
    if done.found.fault_count:
        say_faults(done.found)
        say(f"{file}: was not restored; the store is as it was")
        raise typer.Exit(USAGE)
    made = format_instant(done.backup_us, settings.zone) if done.backup_us is not None else ""
    say(f"the backup{f' of {made}' if made else ''} is the store now; reports go on in epoch {done.epoch}")
    say(
        f"readings, reports, imports and corrections since {made or 'then'} are not in it: import files again;"
        " devices that keep a history are asked for theirs"
    )
    if done.before is not None:
        say(f"the store of before, which has them, is {done.before}")
