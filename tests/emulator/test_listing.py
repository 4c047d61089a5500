"""Listings: order, pages, what include adds, and names that XML cannot carry."""

from xml.etree import ElementTree

from azure.storage.fileshare import ShareClient

from emulator.raw import Raw

LIST = "restype=directory&comp=list"


def names(body: bytes) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(body).iter("Name")]


def test_files_and_folders_are_intermingled_and_sorted(share: ShareClient, raw: Raw) -> None:
    for name in ("b", "D"):
        share.create_directory(name)
    for name in ("c", "A"):
        share.get_file_client(name).create_file(0)
    assert names(raw("GET", f"/code?{LIST}").body) == ["A", "b", "c", "D"]


def test_pages_join_to_the_whole_and_new_names_do_not_disturb(share: ShareClient) -> None:
    for number in range(25):
        share.get_file_client(f"f{number:02}").create_file(0)
    pages = share.list_directories_and_files(results_per_page=10).by_page()  # type: ignore[attr-defined]
    first = [item["name"] for item in next(pages)]
    share.get_file_client("a").create_file(0)
    rest = [item["name"] for page in pages for item in page]
    assert len(first) == 10
    assert first + rest == [f"f{number:02}" for number in range(25)]


def test_include_adds_times_etag_and_attributes(share: ShareClient, raw: Raw) -> None:
    file = share.get_file_client("f")
    file.create_file(3, data=b"abc")
    plain = ElementTree.fromstring(raw("GET", f"/code?{LIST}").body)
    assert plain.find(".//File") is not None and plain.find(".//Etag") is None
    (item,) = share.list_directories_and_files(include=["timestamps", "Etag", "Attributes"])
    found = file.get_file_properties()
    assert item["etag"] == found.etag
    assert item["last_write_time"].startswith(f"{found.last_write_time:%Y-%m-%dT%H:%M:%S}")
    assert (item["file_attributes"], item["file_id"], item["size"]) == ("Archive", found.file_id, 3)


def test_the_reply_is_xml_with_a_byte_order_mark_and_echoes_what_was_asked(share: ShareClient, raw: Raw) -> None:
    share.create_directory("d")
    answer = raw("GET", f"/code/d?{LIST}&prefix=x&maxresults=7")
    assert answer.body.startswith(b"\xef\xbb\xbf<?xml")
    assert answer.headers["Content-Type"].startswith("application/xml")
    root = ElementTree.fromstring(answer.body)
    assert (root.get("ShareName"), root.get("DirectoryPath")) == ("code", "d")
    assert (root.findtext("Prefix"), root.findtext("MaxResults"), root.findtext("NextMarker")) == ("x", "7", "")
    assert root.findtext("DirectoryId") != "0"


def test_names_that_xml_cannot_carry_are_encoded(share: ShareClient) -> None:
    share.create_directory("d\uffff").create_subdirectory("sub")
    share.get_file_client("d\uffff/f\ufffe &'").create_file(0)
    assert {item["name"] for item in share.list_directories_and_files("d\uffff")} == {"f\ufffe &'", "sub"}


def test_a_slash_may_be_sent_encoded(share: ShareClient, raw: Raw) -> None:
    share.create_directory("a").create_subdirectory("b")
    assert raw("PUT", "/code/a%2Fb%2Fc", {"x-ms-type": "file", "x-ms-content-length": "0"}).status == 201
    assert names(raw("GET", f"/code/a/b?{LIST}").body) == names(raw("GET", f"/code/a%2Fb?{LIST}").body) == ["c"]


def test_a_prefix_filters_in_any_case(share: ShareClient) -> None:
    for name in ("Alpha", "alpine", "beta"):
        share.get_file_client(name).create_file(0)
    assert [item["name"] for item in share.list_directories_and_files(name_starts_with="ALP")] == ["Alpha", "alpine"]


def test_long_and_many_scripted_names_survive(share: ShareClient) -> None:
    long = "漢" * 255
    wanted = sorted([long, "é", "e\u0301", "👍 ok", "a b+c%20", "ümläut"])
    for name in wanted:
        share.get_file_client(name).create_file(1, data=b"x")
    assert sorted(item["name"] for item in share.list_directories_and_files()) == wanted
    assert share.get_file_client(long).download_file().readall() == b"x"
