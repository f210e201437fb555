"""webhdfs: the same as the `hadoop` command does, and honest errors. On the real HDFS that HADOOP_CONF_DIR names."""

import gzip
import os
import subprocess
import threading
import uuid

import pytest
from mrjob.fs.hadoop import HadoopFilesystem

import webhdfs
import webhdfs_http
from hadoop_conf import conf_dir, read_conf

pytestmark = pytest.mark.skipif(conf_dir() is None, reason="no HADOOP_CONF_DIR")


@pytest.fixture(scope="module")
def fs():
    return webhdfs.from_conf(read_conf(conf_dir()))


@pytest.fixture
def folder(fs):
    path = f"hdfs:///tmp/webhdfs-{uuid.uuid4().hex}"
    fs.mkdir(path)
    yield path
    fs.rm(path)


def test_round_trip_of_odd_names_and_binary_bytes(fs, folder):
    data = bytes(range(256)) * 5000
    for name in ("plain", "with blank", "ünïcode", "a+b", "per%20cent", "semi;colon&and=more", "hash#mark"):
        fs.create(f"{folder}/{name}", data)
        with fs.open(f"{folder}/{name}") as stream:
            assert stream.read() == data
        assert f"{folder}/{name}" in list(fs.ls(folder))


def test_open_with_offset_and_length(fs, folder):
    data = os.urandom(100_000)
    fs.create(f"{folder}/f", data)
    for offset, length in ((0, None), (5, 10), (99_990, None), (99_990, 100), (100_000, None), (200_000, 5), (3, 0)):
        with fs.open(f"{folder}/f", offset, length) as stream:
            assert stream.read() == (data[offset:] if length is None else data[offset:offset + length])


def test_ls_du_exists_rm_with_globs_agree_with_the_hadoop_command(fs, folder):
    for name in ("a/1.csv", "a/2.csv", "b/1.csv", "b/c/3.txt"):
        fs.create(f"{folder}/{name}", name.encode())
    command = HadoopFilesystem()
    for glob in ("", "/a", "/*", "/*/1.csv", "/a/1.csv", "/{a,b}/1.csv", "/b/*", "/[ab]/?.csv", "/none", "/none*"):
        assert sorted(fs.ls(folder + glob)) == sorted(command.ls(folder + glob)), glob
        assert fs.exists(folder + glob) == command.exists(folder + glob), glob
        assert fs.du(folder + glob) == command.du(folder + glob), glob
    fs.rm(f"{folder}/*/1.csv")
    fs.rm(f"{folder}/none")
    assert sorted(fs.ls(folder)) == [f"{folder}/a/2.csv", f"{folder}/b/c/3.txt"]


def test_put_cat_md5sum_touchz(fs, folder, tmp_path):
    (tmp_path / "local").write_bytes(b"x,y\n1,2\n" * 300_000)
    (tmp_path / "local.gz").write_bytes(gzip.compress(b"1,2\n" * 1000))
    fs.put(str(tmp_path / "local"), f"{folder}/f")
    fs.put(str(tmp_path / "local.gz"), f"{folder}/f.gz")
    assert b"".join(fs.cat(f"{folder}/f")) == (tmp_path / "local").read_bytes()
    assert b"".join(fs.cat(f"{folder}/f.gz")) == b"1,2\n" * 1000
    assert fs.md5sum(f"{folder}/f") == subprocess.check_output(["md5sum", tmp_path / "local"]).decode().split()[0]
    with pytest.raises(FileExistsError):
        fs.put(str(tmp_path / "local"), f"{folder}/f")
    with pytest.raises(ValueError):
        fs.put(str(tmp_path / "local"), f"{folder}/")
    fs.touchz(f"{folder}/empty")
    fs.touchz(f"{folder}/empty")
    assert fs.status(f"{folder}/empty").size == 0
    with pytest.raises(OSError):
        fs.touchz(f"{folder}/f")


def test_rename(fs, folder):
    fs.create(f"{folder}/a", b"new")
    fs.create(f"{folder}/b", b"old")
    with pytest.raises(FileExistsError):
        fs.rename(f"{folder}/a", f"{folder}/b")
    fs.rename(f"{folder}/a", f"{folder}/b", overwrite=True)
    assert b"".join(fs.cat(f"{folder}/b")) == b"new"
    assert not fs.exists(f"{folder}/a")
    with pytest.raises(FileNotFoundError):
        fs.rename(f"{folder}/a", f"{folder}/c")
    fs.replace(f"{folder}/b", b"newer")
    assert b"".join(fs.cat(f"{folder}/b")) == b"newer"
    assert [entry.path for entry in fs.list(folder)] == [f"{folder[7:]}/b"]


def test_of_many_that_create_one_succeeds(fs, folder):
    outcomes = []

    def create(number):
        try:
            fs.create(f"{folder}/lock", str(number).encode())
            outcomes.append(number)
        except FileExistsError:
            pass

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert b"".join(fs.cat(f"{folder}/lock")) == str(outcomes[0]).encode()
    assert list(fs.ls(folder)) == [f"{folder}/lock"]


def test_errors(fs, folder, monkeypatch):
    for call in (fs.open, fs.status, fs.list, fs.md5sum):
        with pytest.raises(FileNotFoundError, match="/none"):
            call(f"{folder}/none")
    with pytest.raises(FileNotFoundError):
        list(fs._cat_file(f"{folder}/none"))
    with pytest.raises(IsADirectoryError):
        fs.open(folder)
    fs.create(f"{folder}/file", b"")
    with pytest.raises(NotADirectoryError):
        fs.list(f"{folder}/file")
    with pytest.raises((NotADirectoryError, FileExistsError)):
        fs.mkdir(f"{folder}/file/below")
    with pytest.raises(ValueError):
        fs.status("relative")
    fs.mkdir(f"{folder}/mine")
    other = webhdfs.from_conf(read_conf(conf_dir()), user="somebody")
    for call in (lambda: other.create(f"{folder}/mine/f", b""), lambda: other.rm(f"{folder}/mine"),
                 lambda: other.mkdir(f"{folder}/mine/x"), lambda: other.rename(f"{folder}/file", f"{folder}/file2")):
        with pytest.raises(PermissionError, match="somebody"):
            call()
    monkeypatch.setattr(webhdfs_http, "PATIENCE", 0.2)
    nobody = webhdfs.WebHDFS(["127.0.0.1:9"], "x:1")
    with pytest.raises(ConnectionError, match="127.0.0.1:9.*does it run"):
        nobody.exists("hdfs:///")


def test_which_paths_are_its_own(fs):
    assert fs.can_handle_path("hdfs:///a") and fs.can_handle_path(f"hdfs://{fs._authority}/a")
    assert not fs.can_handle_path("hdfs://elsewhere:8020/a")
    assert not fs.can_handle_path("s3://bucket/a") and not fs.can_handle_path("/local")
    assert fs.join("hdfs:///a", "b", "c") == "hdfs:///a/b/c"


@pytest.mark.parametrize("conf, reason", [
    ({"hadoop.security.authentication": "kerberos", "fs.defaultFS": "hdfs://nn:8020"}, "not simple"),
    ({"dfs.webhdfs.enabled": "false", "fs.defaultFS": "hdfs://nn:8020"}, "webhdfs.enabled"),
    ({"dfs.http.policy": "HTTPS_ONLY", "fs.defaultFS": "hdfs://nn:8020"}, "HTTPS_ONLY"),
    ({"fs.defaultFS": "s3a://bucket"}, "s3a"), ({}, "not set")])
def test_where_it_cannot_be_used(conf, reason):
    with pytest.raises(webhdfs.NotUsable, match=reason):
        webhdfs.from_conf(conf)


def test_addresses_of_one_and_of_two_namenodes():
    assert webhdfs.from_conf({"fs.defaultFS": "hdfs://nn:8020"})._namenodes._addresses == ["nn:9870"]
    assert webhdfs.from_conf({"fs.defaultFS": "hdfs://nn", "dfs.namenode.http-address": "0.0.0.0:50070"}
                             )._namenodes._addresses == ["nn:50070"]
    two = {"fs.defaultFS": "hdfs://ha", "dfs.ha.namenodes.ha": "a, b", "dfs.namenode.http-address.ha.a": "h1:9870",
           "dfs.namenode.http-address.ha.b": "h2:9870"}
    assert webhdfs.from_conf(two)._namenodes._addresses == ["h1:9870", "h2:9870"]
