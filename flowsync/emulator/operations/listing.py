"""Listing a folder: names sorted, files and folders intermingled, page by page."""

import base64
import binascii
import re
from bisect import bisect_left

from flowsync.emulator import names, ticks
from flowsync.emulator.operations.properties import DEFAULT_KEY
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store.node import Node
from flowsync.emulator.store.share import Share
from flowsync.emulator.store.tree import Place
from flowsync.emulator.wire import Call, Reply, attribute, document, element

PAGE = 5000
_IDS_SINCE = "2020-10-02"
_MARKER = re.compile(r"[0-9]+-[A-Za-z0-9_=-]+")
_INCLUDES = {"timestamps", "etag", "attributes", "permissionkey"}


def list_folder(service: Service, call: Call) -> Reply:
    """Lists what is in a folder, one page of it."""
    share = service.share(call)
    place, folder = service.folder(call, share)
    limit = page_size(call)
    prefix = call.query.get("prefix", "")
    after = read_marker(call.query.get("marker", ""))
    includes = {word.strip().lower() for word in call.query.get("include", "").split(",") if word.strip()}
    if includes - _INCLUDES:
        raise Refused("InvalidQueryParameterValue")
    nodes, following = _page(service, share, place, names.fold(prefix), after, limit)
    ids = call.version >= _IDS_SINCE
    asked = (*sorted(includes), ids)
    entries = "".join(_shown(node, includes, ids, asked) for node in nodes)
    head = _head(call, service, share)
    folder_id = f"<DirectoryId>{folder.file_id}</DirectoryId>" if ids else ""
    marker = f"<NextMarker>{write_marker(call, following)}</NextMarker>" if following else "<NextMarker />"
    return document(
        200, f"{head}{_echo(call, prefix, limit)}{folder_id}<Entries>{entries}</Entries>{marker}</EnumerationResults>"
    )


def _page(service: Service, share: Share, place: Place, prefix: str, after: str, limit: int) -> tuple[list[Node], str]:
    """Returns a page's nodes, each as it is on disk now, and the folded name that the next page starts with."""
    children, order = share.tree.children(place)
    nodes: list[Node] = []
    index = bisect_left(order, max(after, prefix))
    while index < len(order):
        fold = order[index]
        index += 1
        if prefix and not fold.startswith(prefix):
            break
        if len(nodes) == limit:
            return nodes, fold
        node = children[fold]
        if service.neighbours.hides(node):
            continue
        if share.tree.fresh(node, f"{place.path}/{node.on_disk}"):
            nodes.append(node)
        else:
            again = share.tree.locate((*_parts(place.node), node.name)).node
            if again is not None:
                nodes.append(again)
    return nodes, ""


def _parts(node: Node | None) -> tuple[str, ...]:
    return () if node is None or node.up is None else (*_parts(node.up), node.name)


def _shown(node: Node, includes: set[str], ids: bool, asked: tuple[object, ...]) -> str:
    """Returns a node's entry, written anew only if the node changed since it was last listed."""
    state = (node.changed, node.size, node.written, node.created, node.name, node.attributes, node.permission, asked)
    if node.shown is None or node.shown[0] != state:
        node.shown = state, _entry(node, includes, ids)
    return node.shown[1]


def _entry(node: Node, includes: set[str], ids: bool) -> str:
    kind = "Directory" if node.folder else "File"
    text = [f"<{kind}>", element("Name", node.name)]
    if ids:
        text.append(f"<FileId>{node.file_id}</FileId>")
    text.append("<Properties>")
    if not node.folder:
        text.append(f"<Content-Length>{node.size}</Content-Length>")
    if "timestamps" in includes:
        text.append(
            f"<CreationTime>{ticks.iso(node.created)}</CreationTime><LastAccessTime>{ticks.iso(node.accessed)}</LastAccessTime>"
            f"<LastWriteTime>{ticks.iso(node.written)}</LastWriteTime><ChangeTime>{ticks.iso(node.changed)}</ChangeTime>"
            f"<Last-Modified>{ticks.http_date(node.changed)}</Last-Modified>"
        )
    if "etag" in includes:
        text.append(f"<Etag>{ticks.etag(node.changed)}</Etag>")
    text.append("</Properties>")
    if "attributes" in includes:
        text.append(f"<Attributes>{node.attributes}</Attributes>")
    if "permissionkey" in includes:
        text.append(f"<PermissionKey>{node.permission or DEFAULT_KEY}</PermissionKey>")
    text.append(f"</{kind}>")
    return "".join(text)


def _head(call: Call, service: Service, share: Share) -> str:
    scheme = "https" if call.secure else "http"
    endpoint = (
        f"{scheme}://{call.host}/{call.target.account if call.raw_path.startswith(f'/{call.target.account}/') else ''}"
    )
    path = "/".join(call.parts)
    snapshot = attribute("ShareSnapshot", share.snapshot) if share.snapshot else ""
    return (
        f"<EnumerationResults{attribute('ServiceEndpoint', endpoint)}{attribute('ShareName', share.name)}{snapshot}"
        f"{attribute('DirectoryPath', path)}>"
    )


def _echo(call: Call, prefix: str, limit: int) -> str:
    text = element("Prefix", prefix) if "prefix" in call.query else ""
    text += element("Marker", call.query["marker"]) if call.query.get("marker") else ""
    return text + (f"<MaxResults>{limit}</MaxResults>" if "maxresults" in call.query else "")


def page_size(call: Call) -> int:
    """Reads how many entries are asked for."""
    text = call.query.get("maxresults", "")
    if not text:
        return PAGE
    if not (text.isascii() and text.isdigit()):
        raise Refused("InvalidQueryParameterValue")
    if int(text) == 0:
        raise Refused("OutOfRangeQueryParameterValue")
    return min(int(text), PAGE)


def write_marker(call: Call, following: str) -> str:
    """Makes a marker, opaque to clients: the number of the next page and the name that it starts with."""
    return f"{page_number(call) + 1}-{base64.urlsafe_b64encode(following.encode('utf-8', 'surrogatepass')).decode()}"


def read_marker(marker: str) -> str:
    """Reads the name in a marker; raises Refused for a marker that was never given."""
    if not marker:
        return ""
    if not _MARKER.fullmatch(marker):
        raise Refused("InvalidQueryParameterValue")
    try:
        return base64.urlsafe_b64decode(marker.partition("-")[2].encode("ascii")).decode("utf-8", "surrogatepass")
    except (UnicodeError, binascii.Error) as error:
        raise Refused("InvalidQueryParameterValue") from error


def page_number(call: Call) -> int:
    """Returns which page of a listing is asked for; the first is 1."""
    number = call.query.get("marker", "").partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() else 1
