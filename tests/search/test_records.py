"""A file of records that may end anywhere."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kansr.search.records import RecordFile

CONTENTS = [b"first", b"", b"third" * 20, b"last"]


def write(path: Path, owner: str = "me", contents: list[bytes] = CONTENTS) -> bytes:
    file = RecordFile(path, owner)
    for content in contents:
        file.append(content)
    file.close()
    return path.read_bytes()


def read(path: Path, owner: str = "me") -> list[bytes]:
    file = RecordFile(path, owner)
    file.close()
    found = file.take()
    assert len(found) == len(file)
    return found


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a")
    assert read(tmp_path / "a") == CONTENTS
    write(tmp_path / "a", contents=[b"more"])
    assert read(tmp_path / "a") == [*CONTENTS, b"more"]


def test_a_torn_tail_is_cut_off_at_every_byte(tmp_path: Path) -> None:
    file = tmp_path / "a"
    whole = write(file)
    shorter = len(write(tmp_path / "b", contents=CONTENTS[:-1]))
    for end in range(shorter, len(whole)):
        file.write_bytes(whole[:end])
        assert read(file) == CONTENTS[:-1]
        assert file.stat().st_size == shorter  # so that what is appended next can be read
        write(file, contents=[b"again"])
        assert read(file) == [*CONTENTS[:-1], b"again"]


def test_a_changed_byte_ends_the_records(tmp_path: Path) -> None:
    file = tmp_path / "a"
    whole = write(file)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        file.write_bytes(changed)
        found = read(file)
        assert len(found) < len(CONTENTS)
        assert found == CONTENTS[: len(found)]


def test_a_record_of_another_file_ends_the_records(tmp_path: Path) -> None:
    # as long as the second record, and sound in its own place
    contents = [b"first", b"1234", b"third"]
    other = [b"other", b"5678", b"third"]
    one, two = write(tmp_path / "a", contents=contents), write(tmp_path / "b", contents=other)
    end = one.index(b"1234") + 4
    (tmp_path / "a").write_bytes(one[: end - 16] + two[end - 16 : end] + one[end:])
    assert read(tmp_path / "a") == contents[:1]


def test_records_of_another_owner_are_dropped(tmp_path: Path) -> None:
    write(tmp_path / "a", "somebody")
    assert read(tmp_path / "a", "me") == []
    assert read(tmp_path / "a", "somebody") == []


@pytest.mark.parametrize("content", [b"", b"kansr jour", b"\x89PNG" * 10, b"kansr journal 1\n\xff\xff\xff\xff\xff"])
def test_what_is_no_journal_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert read(tmp_path / "a") == []
    write(tmp_path / "a")
    assert read(tmp_path / "a") == CONTENTS


def test_cutting_keeps_the_first(tmp_path: Path) -> None:
    write(tmp_path / "a")
    file = RecordFile(tmp_path / "a", "me")
    file.cut(2)
    file.append(b"new")
    file.close()
    assert read(tmp_path / "a") == [*CONTENTS[:2], b"new"]


@pytest.mark.skipif(os.name == "nt", reason="no lock there")
def test_only_one_process_may_append(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "a", "me")
    with pytest.raises(BlockingIOError):
        RecordFile(tmp_path / "a", "me")
    file.close()
    RecordFile(tmp_path / "a", "me").close()


def test_a_full_disk_leaves_no_part_of_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordFile(tmp_path / "a", "me")
    file.append(b"first")

    def full(data: bytes) -> None:
        file._file.write(data[:7])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(file, "_write", full)
        with pytest.raises(OSError, match="No space"):
            file.append(b"second")
    file.append(b"third")
    file.close()
    assert read(tmp_path / "a") == [b"first", b"third"]
