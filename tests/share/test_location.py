"""Share URLs: what they mean, and what is refused."""

import pytest

from flowsync.errors import UsageError
from flowsync.share import open_share
from flowsync.share.location import (
    AzureLocation,
    FolderLocation,
    Location,
    MemoryLocation,
    WorkspaceLocation,
    owner,
    parse,
)

PUBLIC = "https://mlstore.file.core.windows.net"
GOOD: dict[str, Location] = {
    "file:///mnt/code/Users/alice/promptflow": FolderLocation("/mnt/code/Users/alice/promptflow"),
    "file:///mnt/code?user=alice": FolderLocation("/mnt/code/Users/alice/promptflow"),
    "file://localhost/mnt/code/": FolderLocation("/mnt/code"),
    "file:///two%20words/100%25/a%23b": FolderLocation("/two words/100%/a#b"),
    "file:///": FolderLocation("/"),
    "file:///C:/Users/alice/flows": FolderLocation("C:/Users/alice/flows"),
    "file:///Gr%C3%BC%C3%9Fe": FolderLocation("/Grüße"),
    "azfile://mlstore/code-391ff5ac/Users/alice/promptflow": AzureLocation(
        PUBLIC, "mlstore", "code-391ff5ac", "Users/alice/promptflow"
    ),
    "azfile://mlstore/code?user=alice": AzureLocation(PUBLIC, "mlstore", "code", "Users/alice/promptflow"),
    "azfile://mlstore/code": AzureLocation(PUBLIC, "mlstore", "code", ""),
    "azfile://mlstore/code?user=alice%20b": AzureLocation(PUBLIC, "mlstore", "code", "Users/alice b/promptflow"),
    f"{PUBLIC}/code/Users/alice": AzureLocation(PUBLIC, "mlstore", "code", "Users/alice"),
    "https://mlstore.file.core.chinacloudapi.cn/code": AzureLocation(
        "https://mlstore.file.core.chinacloudapi.cn", "mlstore", "code", ""
    ),
    "http://127.0.0.1:10004/devstoreaccount1/code/Users/bob/promptflow": AzureLocation(
        "http://127.0.0.1:10004/devstoreaccount1", "devstoreaccount1", "code", "Users/bob/promptflow"
    ),
    "http://localhost:1/devstoreaccount1/code?user=bob": AzureLocation(
        "http://localhost:1/devstoreaccount1", "devstoreaccount1", "code", "Users/bob/promptflow"
    ),
    "azureml://sub/group/workspace?user=alice": WorkspaceLocation(
        "sub", "group", "workspace", "Users/alice/promptflow"
    ),
    "memory://test/flows": MemoryLocation("test", "flows"),
}


@pytest.mark.parametrize("url", GOOD)
def test_a_url_names_a_place(url: str) -> None:
    assert parse(url) == GOOD[url]


@pytest.mark.parametrize("url", GOOD)
def test_a_place_names_itself(url: str) -> None:
    assert parse(GOOD[url].url) == GOOD[url]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("/mnt/code", "file:///"),
        ("C:\\flows", "file:///"),
        ("", "file:///"),
        ("ftp://host/x", "ftp://"),
        ("file://server/share", "file:///FOLDER"),
        ("file:relative", "file:///FOLDER"),
        ("file:///a/../b", "'..'"),
        ("file:///a%2Fb", "'a/b'"),
        ("file:///a#b", "%23"),
        ("azfile://mlstore", "no share"),
        ("azfile://ML_STORE/code", "storage account"),
        ("azfile://mlstore/Code", "name of a share"),
        ("azfile://mlstore/a--b", "name of a share"),
        ("azfile://mlstore/code?user=", "?user="),
        ("azfile://mlstore/code?user=a/b", "?user="),
        ("azfile://mlstore/code?user=..", "?user="),
        ("azfile://mlstore/code?user=a&user=b", "user twice"),
        ("azfile://mlstore/code?snapshot=1", "snapshot"),
        ("http://example.com/code", "http://"),
        ("https://example.com/code", "endpoint"),
        ("http://127.0.0.1:1", "no account"),
        ("azureml://sub/group", "workspace"),
        ("https://127.0.0.1:notaport/x", "host and port"),
    ],
)
def test_a_wrong_url_says_what_is_wrong(url: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(url)
    assert says in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.message.endswith(".") and caught.value.hint


SECRET = "c2VjcmV0IQ=="


@pytest.mark.parametrize(
    "url",
    [
        f"azfile://mlstore/code?sv=2024-11-04&sig={SECRET}",
        f"azfile://mlstore/code?user=alice&SIG={SECRET}",
        f"https://mlstore.file.core.windows.net/code?se=2030-01-01&sig={SECRET}",
        f"azfile://mlstore:{SECRET}@mlstore/code",
        f"https://user:{SECRET}@mlstore.file.core.windows.net/code",
        f"http://x:{SECRET}@127.0.0.1:99999999/x",
        f"memory://{SECRET}@x",
    ],
)
def test_a_credential_in_a_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(url)
    error = caught.value
    assert SECRET not in f"{error.message} {error.hint} {error!r} {error.__cause__!r}"


def test_the_owner_is_who_the_folder_belongs_to() -> None:
    assert owner(parse("azfile://mlstore/code?user=alice")) == "alice"
    assert owner(parse("file:///mnt/Users/bob/promptflow")) == "bob"
    assert owner(parse("file:///mnt/flows")) == ""
    assert owner(parse("file:///Users")) == ""


def test_a_workspace_has_to_be_asked_for_its_share() -> None:
    location = parse("azureml://sub/group/workspace?user=alice")
    assert isinstance(location, WorkspaceLocation) and location.folder == "Users/alice/promptflow"
    assert parse(location.url) == location
    with pytest.raises(UsageError, match="has to be asked"):
        open_share(location.url, {})


def test_a_memory_share_is_the_same_one_each_time() -> None:
    from flowsync.share.memory import store

    store("shared-by-name").make_folders("Users/alice/promptflow")
    store("shared-by-name").save("Users/alice/promptflow/chat/a.py", b"1")
    with open_share("memory://shared-by-name?user=alice", {}) as share:
        found = share.list([""])[""]
        assert "chat" in found.folders  # type: ignore[union-attr]
