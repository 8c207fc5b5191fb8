"""A file that appears when it is whole, and what is no file, which is never replaced."""

import os
import pty
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from voices.whole_file import WholeFile, check_writable, put_in_place, why


def write(path, content=b"new"):
    with WholeFile(path) as whole:
        whole.write(content)


def write_and_fail(path):
    with WholeFile(path) as whole:
        whole.write(b"half")
        raise ZeroDivisionError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def test_a_file_appears_once_it_is_whole(folder):
    with WholeFile(folder / "a") as whole:
        whole.write(b"one ")
        assert not (folder / "a").exists()
        whole.write(b"two")
    assert (folder / "a").read_bytes() == b"one two"
    assert names(folder) == ["a"]


def test_what_fails_leaves_the_older_file_and_nothing_else(folder):
    (folder / "a").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(folder / "a")
    assert (folder / "a").read_bytes() == b"old"
    assert names(folder) == ["a"]


def test_a_new_file_has_the_usual_permissions_and_an_older_one_keeps_its_own(folder):
    umask = os.umask(0o027)
    try:
        write(folder / "new")
        (folder / "old").write_bytes(b"old")
        (folder / "old").chmod(0o604)
        write(folder / "old")
        with WholeFile(folder / "chosen", mode=0o666) as whole:
            whole.write(b"")
    finally:
        os.umask(umask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"new": 0o640, "old": 0o604, "chosen": 0o666}


def test_the_longest_name_can_be_written(folder):
    name = "é" * 127
    write(folder / name)
    assert names(folder) == [name]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_replaced(folder, tmp_path, there):
    target = tmp_path / "target"
    if there:
        target.write_bytes(b"old")
    (folder / "between").symlink_to(target)
    (folder / "link").symlink_to("between")
    write(folder / "link")
    assert (folder / "link").is_symlink()
    assert target.read_bytes() == b"new"
    assert names(folder) == ["between", "link"]


def test_a_file_is_moved_to_where_a_link_leads(folder, tmp_path):
    (folder / "link").symlink_to(tmp_path / "target")
    (tmp_path / "made").write_bytes(b"new")
    put_in_place(tmp_path / "made", folder / "link")
    assert (folder / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_fifo_gets_all_of_it_and_stays(folder):
    os.mkfifo(folder / "fifo")
    content = os.urandom(300_000)  # more than a pipe holds
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit((folder / "fifo").read_bytes)
        write(folder / "fifo", content)
        assert read.result() == content
    assert (folder / "fifo").is_fifo()
    assert names(folder) == ["fifo"]


def test_nothing_of_what_failed_reaches_a_fifo(folder):
    os.mkfifo(folder / "fifo")
    reader = os.open(folder / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(folder / "fifo")
    assert os.read(reader, 10) == b""
    os.close(reader)


def test_a_terminal_is_written_to(folder):
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    (folder / "link").symlink_to(name)
    write(folder / "link", b"new")
    assert os.read(ours, 10) == b"new"
    assert (folder / "link").is_symlink()
    assert stat.S_ISCHR(Path(name).stat().st_mode)
    os.close(ours)
    os.close(theirs)


def test_a_device_stays_a_device(folder):
    """One like /dev/null, of its own: no test writes to the machine's."""
    try:
        os.mknod(folder / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        (folder / "null").open("wb").close()
    except PermissionError:  # not root, or no devices here: a terminal is one too
        ours, theirs = pty.openpty()
        (folder / "null").symlink_to(os.ttyname(theirs))
        threading.Thread(target=os.read, args=(ours, 10), daemon=True).start()
    write(folder / "null")
    assert stat.S_ISCHR((folder / "null").stat().st_mode)
    assert names(folder) == ["null"]


@pytest.mark.parametrize("redirected", [">", ">>", "|"])
def test_what_a_shell_has_opened_is_written_and_not_taken_from_it(folder, redirected):
    program = (
        "import sys; from pathlib import Path; from voices.whole_file import WholeFile\n"
        "with WholeFile('/dev/stdout') as whole: whole.write(b'new')\n"
    )
    to = {">": "> out", ">>": ">> out", "|": "| cat > out"}[redirected]
    path = os.pathsep.join(each or str(Path.cwd()) for each in sys.path)
    subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {to}', sys.executable, program],
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (folder / "out").read_bytes() == b"new"


def test_what_cannot_be_written_is_refused_at_once_with_its_name_and_a_reason(folder):
    (folder / "loop").symlink_to("loop")
    (folder / "file").write_bytes(b"")
    for path, reason in (
        (folder, "it is a directory"),
        (folder / "no" / "where", "there is no folder"),
        (folder / "file" / "below", "Not a directory"),
        (folder / "loop", "symbolic links"),
        (folder / ("x" * 300), "too long"),
    ):
        with pytest.raises(OSError, match=reason) as refused:
            check_writable(path)
        assert why(refused.value).startswith(f"{path}: ")
    assert names(folder) == ["file", "loop"]


def test_asking_changes_nothing(folder):
    (folder / "a").write_bytes(b"old")
    check_writable(folder / "a")
    check_writable(folder / "b")
    assert [path.read_bytes() for path in folder.iterdir()] == [b"old"]


@pytest.mark.parametrize("size", [10, 100_000], ids=["told on closing", "told on writing"])
def test_on_a_full_disk_the_older_file_stays_and_the_unfinished_goes(folder, size):
    """A limit on files' sizes fails as a full disk does: for little data only when the file is closed."""
    (folder / "a").write_bytes(b"old")
    program = (
        "import resource, sys\n"
        "from voices.whole_file import WholeFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5, resource.RLIM_INFINITY))\n"
        "with WholeFile('a') as whole:\n"
        f"    whole.write(bytes({size}))\n"
    )
    path = os.pathsep.join(each or str(Path.cwd()) for each in sys.path)
    failed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 1
    assert "File too large: 'a'" in failed.stderr
    assert (folder / "a").read_bytes() == b"old"
    assert names(folder) == ["a"]
