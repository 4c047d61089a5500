"""What the live service was recorded to answer (Azure SDK for Python, recordings of 2022): statuses, codes, headers.

Each story is one recording, told again in our own words: the same requests in the same order, and of each reply the
status, the error code, which headers are there, and values where the recording fixes them relative to each other.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

EL = {"ETag", "Last-Modified"}
TIMES = {f"x-ms-file-{name}-time" for name in ("change", "creation", "last-write")}
SMB = {"x-ms-file-attributes", "x-ms-file-id", "x-ms-file-parent-id", "x-ms-file-permission-key", *TIMES}
ENC = {"x-ms-request-server-encrypted"}
LEASE = {"x-ms-lease-state", "x-ms-lease-status"}
READ = EL | SMB | LEASE | {"x-ms-server-encrypted", "x-ms-type", "Content-Length"}
COPY = {f"x-ms-copy-{name}" for name in ("completion-time", "id", "progress", "source", "status")}
ID = "00000000-1111-2222-3333-444444444444"
OTHER = "55555555-1111-2222-3333-444444444444"
NEW = {"x-ms-file-attributes": "none", "x-ms-file-creation-time": "now", "x-ms-file-last-write-time": "now"}
FILE = {**NEW, "x-ms-type": "file", "x-ms-content-length": "1024", "x-ms-file-permission": "Inherit"}
FOLDER = {**NEW, "x-ms-file-permission": "inherit"}
PUT = {"x-ms-write": "update", "x-ms-range": "bytes=0-1023", "Content-Type": "application/octet-stream"}
ACQUIRE = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1", "x-ms-proposed-lease-id": ID}
CONTENT = b"a" * 1024
MD5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()


@dataclass
class Step:
    """A request, and what was recorded of its reply. ``same`` and ``moved`` compare headers with step ``against``."""

    method: str
    path: str
    headers: dict[str, str]
    status: int
    has: set[str] = field(default_factory=set)
    body: bytes = b""
    code: str = ""
    lacks: set[str] = field(default_factory=set)
    says: dict[str, str] = field(default_factory=dict)
    against: int = -1
    same: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    text: str = ""  # a pattern in the reply's body


SHARE = Step("PUT", "/sss?restype=share", {}, 201, EL, lacks=SMB)
CREATE = Step(
    "PUT", "/sss/f", FILE, 201, EL | ENC | SMB, says={"x-ms-file-attributes": "Archive", "x-ms-file-parent-id": "0"}
)
FILL = Step(
    "PUT",
    "/sss/f?comp=range",
    PUT,
    201,
    EL | ENC | {"Content-MD5", "x-ms-file-last-write-time"},
    CONTENT,
    says={"Content-MD5": MD5},
)
STORIES: dict[str, Sequence[Step]] = {
    "a file under a lease": [
        SHARE,
        CREATE,
        Step("PUT", "/sss/f?comp=lease", ACQUIRE, 201, EL, says={"x-ms-lease-id": ID}, against=1, same={"ETag"}),
        Step(
            "PUT",
            "/sss/f",
            {**FILE, "x-ms-lease-id": ID},
            201,
            EL | ENC | SMB,
            against=1,
            same={"x-ms-file-id"},
            moved=TIMES | {"ETag"},
        ),
        Step(
            "DELETE",
            "/sss/f",
            {},
            412,
            code="LeaseIdMissing",
            text="There is currently a lease on the file and no lease ID",
        ),
        Step("DELETE", "/sss/f", {"x-ms-lease-id": ID}, 202, lacks=EL | SMB),
    ],
    "properties set, and the content type that goes": [
        SHARE,
        CREATE,
        FILL,
        Step(
            "PUT",
            "/sss/f?comp=properties",
            {
                "x-ms-content-disposition": "inline",
                "x-ms-content-language": "spanish",
                "x-ms-file-attributes": "preserve",
                "x-ms-file-creation-time": "preserve",
                "x-ms-file-last-write-time": "preserve",
                "x-ms-file-permission": "preserve",
            },
            200,
            EL | ENC | SMB,
            says={"x-ms-file-attributes": "Archive"},
            against=2,
            same={"x-ms-file-last-write-time"},
            moved={"ETag"},
        ),
        Step(
            "HEAD",
            "/sss/f",
            {},
            200,
            READ,
            lacks={"Content-Type"},
            says={
                "Content-Disposition": "inline",
                "Content-Language": "spanish",
                "Content-Length": "1024",
                "x-ms-type": "File",
            },
            against=3,
            same=SMB | EL,
        ),
    ],
    "a rename over a file, both leased": [
        SHARE,
        CREATE,
        FILL,
        Step("PUT", "/sss/g", FILE, 201, EL | ENC | SMB),
        Step("PUT", "/sss/f?comp=lease", ACQUIRE, 201, EL),
        Step("PUT", "/sss/g?comp=lease", ACQUIRE, 201, EL),
        Step(
            "PUT",
            "/sss/g?comp=rename",
            {
                "x-ms-file-rename-source": "{url}/sss/f",
                "x-ms-file-rename-replace-if-exists": "true",
                "x-ms-source-lease-id": ID,
                "x-ms-destination-lease-id": ID,
            },
            200,
            EL | ENC | SMB,
            against=2,
            same={"x-ms-file-last-write-time"},
            moved={"ETag"},
        ),
        Step(
            "HEAD",
            "/sss/g",
            {},
            200,
            READ,
            says={"x-ms-lease-state": "leased", "x-ms-lease-duration": "infinite"},
            against=1,
            same={"x-ms-file-id", "x-ms-file-creation-time"},
        ),
        Step("HEAD", "/sss/f", {}, 404, code="ResourceNotFound"),
    ],
    "a copy over a read-only file": [
        SHARE,
        CREATE,
        FILL,
        Step(
            "PUT",
            "/sss/g",
            {**FILE, "x-ms-file-attributes": "ReadOnly"},
            201,
            SMB,
            says={"x-ms-file-attributes": "ReadOnly | Archive"},
        ),
        Step(
            "PUT",
            "/sss/g",
            {"x-ms-copy-source": "{url}/sss/f"},
            409,
            code="ReadOnlyAttribute",
            text="read-only and cannot be modified",
        ),
        Step(
            "PUT",
            "/sss/g",
            {"x-ms-copy-source": "{url}/sss/f", "x-ms-file-copy-ignore-readonly": "true"},
            202,
            EL | {"x-ms-copy-id"},
            lacks=SMB,
            says={"x-ms-copy-status": "success"},
        ),
        Step(
            "GET",
            "/sss/g",
            {"x-ms-range": "bytes=0-33554431"},
            206,
            READ | COPY | {"Accept-Ranges"},
            says={
                "Content-Range": "bytes 0-1023/1024",
                "x-ms-copy-progress": "1024/1024",
                "x-ms-file-attributes": "Archive",
            },
            against=5,
            same={"ETag", "x-ms-copy-id"},
            text="^a{1024}$",
        ),
    ],
    "a folder renamed over a leased file": [
        SHARE,
        Step(
            "PUT",
            "/sss/d1?restype=directory",
            FOLDER,
            201,
            EL | ENC | SMB,
            says={"x-ms-file-attributes": "Directory", "x-ms-file-parent-id": "0"},
        ),
        Step("PUT", "/sss/d2?restype=directory", FOLDER, 201, EL | ENC | SMB),
        Step("PUT", "/sss/d2/t", FILE, 201, EL | ENC | SMB, against=2, moved={"x-ms-file-id"}),
        Step("PUT", "/sss/d2/t?comp=lease", ACQUIRE, 201, EL),
        Step(
            "PUT",
            "/sss/d2%2Ft?restype=directory&comp=rename",
            {
                "x-ms-file-rename-source": "{url}/sss/d1",
                "x-ms-file-rename-replace-if-exists": "true",
                "x-ms-destination-lease-id": ID,
            },
            200,
            EL | ENC | SMB,
            against=1,
            same={"x-ms-file-id", "x-ms-file-creation-time", "x-ms-file-last-write-time"},
            moved={"ETag", "x-ms-file-change-time", "x-ms-file-parent-id"},
        ),
        Step(
            "GET",
            "/sss/d2%2Ft?restype=directory",
            {},
            200,
            EL | SMB | {"x-ms-server-encrypted"},
            lacks=ENC,
            against=5,
            same=EL | SMB,
        ),
    ],
    "what changed since a snapshot": [
        SHARE,
        Step("PUT", "/sss/f", {**FILE, "x-ms-content-length": "2048"}, 201, SMB),
        Step("PUT", "/sss?restype=share&comp=snapshot", {}, 201, EL | {"x-ms-snapshot"}, against=0, same={"ETag"}),
        FILL,
        Step(
            "PUT",
            "/sss?restype=share&comp=snapshot",
            {},
            201,
            EL | {"x-ms-snapshot"},
            against=2,
            moved={"x-ms-snapshot"},
        ),
        Step(
            "PUT",
            "/sss/f?comp=range",
            {"x-ms-write": "clear", "x-ms-range": "bytes=512-1023"},
            201,
            EL | {"x-ms-file-last-write-time"},
            lacks=ENC | {"Content-MD5"},
        ),
        Step(
            "GET",
            "/sss/f?comp=rangelist&prevsharesnapshot={2:x-ms-snapshot}",
            {},
            200,
            EL,
            says={"x-ms-content-length": "2048"},
            text="<Ranges><Range><Start>0</Start><End>511</End></Range><ClearRange>"
            "<Start>512</Start><End>1023</End></ClearRange></Ranges>$",
        ),
        Step(
            "GET",
            "/sss/f?comp=rangelist&prevsharesnapshot={4:x-ms-snapshot}",
            {},
            200,
            text="<Ranges><ClearRange><Start>512</Start><End>1023</End></ClearRange></Ranges>$",
        ),
    ],
    "leases on a share and on its snapshot": [
        SHARE,
        Step("PUT", "/sss?restype=share&comp=snapshot", {}, 201, EL | {"x-ms-snapshot"}),
        Step(
            "PUT",
            "/sss?restype=share&comp=lease",
            {**ACQUIRE, "x-ms-proposed-lease-id": OTHER},
            201,
            EL,
            says={"x-ms-lease-id": OTHER},
            against=0,
            same={"ETag"},
        ),
        Step(
            "PUT",
            "/sss?restype=share&comp=lease&sharesnapshot={1:x-ms-snapshot}",
            ACQUIRE,
            201,
            EL,
            says={"x-ms-lease-id": ID},
        ),
        Step(
            "GET",
            "/sss?restype=share",
            {"x-ms-lease-id": ID},
            412,
            code="LeaseIdMismatchWithContainerOperation",
            text="did not match the lease ID for the file share",
        ),
        Step(
            "GET",
            "/sss?restype=share&sharesnapshot={1:x-ms-snapshot}",
            {"x-ms-lease-id": OTHER},
            412,
            code="LeaseIdMismatchWithContainerOperation",
        ),
        Step(
            "PUT",
            "/sss?restype=share&comp=lease&sharesnapshot={1:x-ms-snapshot}",
            {"x-ms-lease-action": "release", "x-ms-lease-id": ID},
            200,
            EL,
            says={"x-ms-lease-time": "0"},
        ),
        Step(
            "DELETE",
            "/sss?restype=share",
            {"x-ms-delete-snapshots": "include"},
            412,
            code="LeaseIdMissing",
            text="a lease on the file share and no lease ID",
        ),
        Step(
            "PUT",
            "/sss?restype=share&comp=lease",
            {"x-ms-lease-action": "release", "x-ms-lease-id": OTHER},
            200,
            EL,
            against=0,
            same=EL,
        ),
        Step("DELETE", "/sss?restype=share", {}, 409, code="ShareHasSnapshots"),
        Step("DELETE", "/sss?restype=share", {"x-ms-delete-snapshots": "include"}, 202, lacks=EL),
        Step("GET", "/sss?restype=share", {}, 404, code="ShareNotFound", text="The specified share does not exist."),
    ],
    "a share deleted and had back": [
        SHARE,
        Step("DELETE", "/sss?restype=share", {}, 202),
        Step("GET", "/sss?restype=share", {}, 404, code="ShareNotFound"),
        Step(
            "GET",
            "/?comp=list&include=deleted,metadata,snapshots",
            {},
            200,
            text="<Share><Name>sss</Name><Deleted>true</Deleted><Version>01D[0-9A-F]{13}</Version><Properties><Last-Modified>.*"
            "<LeaseStatus>unlocked</LeaseStatus><LeaseState>broken</LeaseState><Quota>5120</Quota>"
            "<AccessTier>TransactionOptimized</AccessTier>.*<DeletedTime>.*<RemainingRetentionDays>",
        ),
        Step(
            "PUT",
            "/sss?restype=share&comp=undelete",
            {"x-ms-deleted-share-name": "sss", "x-ms-deleted-share-version": "{3~<Version>([^<]*)}"},
            201,
            EL,
            against=0,
            moved={"ETag"},
        ),
        Step(
            "GET",
            "/sss?restype=share",
            {},
            200,
            EL | LEASE | {"x-ms-share-quota", "x-ms-access-tier", "x-ms-has-legal-hold"},
            lacks=SMB,
        ),
    ],
    "a listing": [
        SHARE,
        Step("PUT", "/sss/d?restype=directory", FOLDER, 201),
        Step("PUT", "/sss/d/f", {**FILE, "x-ms-content-length": "5"}, 201),
        Step("PUT", "/sss/d/e?restype=directory", FOLDER, 201),
        Step(
            "GET",
            "/sss/d?restype=directory&comp=list&include=timestamps,Etag,Attributes,PermissionKey",
            {"x-ms-file-extended-info": "true"},
            200,
            says={"Content-Type": "application/xml"},
            text='^\ufeff<\\?xml version="1.0" encoding="utf-8"\\?><EnumerationResults ServiceEndpoint="[^"]*" '
            'ShareName="sss" DirectoryPath="d">'
            "<DirectoryId>[0-9]+</DirectoryId><Entries><Directory><Name>e</Name><FileId>[0-9]+</FileId><Properties>"
            "<CreationTime>.*<Attributes>Directory</Attributes><PermissionKey>[0-9]+\\*[0-9]+</PermissionKey></Directory>"
            "<File><Name>f</Name><FileId>[0-9]+</FileId><Properties><Content-Length>5</Content-Length>"
            "<CreationTime>[0-9T:-]+\\.[0-9]{7}Z</CreationTime><LastAccessTime>.*</LastAccessTime><LastWriteTime>.*</LastWriteTime>"
            '<ChangeTime>.*</ChangeTime><Last-Modified>.* GMT</Last-Modified><Etag>"0x8D[0-9A-F]+"</Etag></Properties>'
            "<Attributes>Archive</Attributes><PermissionKey>.*</PermissionKey></File>"
            "</Entries><NextMarker /></EnumerationResults>$",
        ),
    ],
    "stored access policies": [
        SHARE,
        Step(
            "PUT",
            "/sss?restype=share&comp=acl",
            {"Content-Type": "application/xml"},
            200,
            EL,
            b"<?xml version='1.0' encoding='utf-8'?>\n<SignedIdentifiers>"
            b"<SignedIdentifier><Id>i</Id><AccessPolicy><Start>2022-10-07T21:08:25Z"
            b"</Start><Expiry>2022-10-07T22:09:25Z</Expiry><Permission>w</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>",
            against=0,
            moved={"ETag"},
        ),
        Step(
            "GET",
            "/sss?restype=share&comp=acl",
            {},
            200,
            EL,
            against=1,
            same={"ETag"},
            text="<Start>2022-10-07T21:08:25.0000000Z</Start><Expiry>2022-10-07T22:09:25.0000000Z</Expiry><Permission>w</Permission>",
        ),
    ],
}
