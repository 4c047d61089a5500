"""The account as a whole: its shares listed, its properties, its user delegation keys."""

from xml.etree import ElementTree

from flowsync.emulator import sas, ticks
from flowsync.emulator.operations import share_leases
from flowsync.emulator.operations.listing import page_size, read_marker, write_marker
from flowsync.emulator.operations.shares import tier_headers
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store import deletion
from flowsync.emulator.store.share import Share
from flowsync.emulator.wire import Call, Reply, attribute, document, element

_INCLUDES = {"metadata", "snapshots", "deleted"}
_METRICS = (
    "<{0}><Version>1.0</Version><Enabled>false</Enabled>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></{0}>"
)


def list_shares(service: Service, call: Call) -> Reply:
    """Lists the account's shares, with snapshots and deleted ones if asked, page by page."""
    limit, prefix = page_size(call), call.query.get("prefix", "")
    includes = {word.strip().lower() for word in call.query.get("include", "").split(",") if word.strip()}
    if includes - _INCLUDES:
        raise Refused("InvalidQueryParameterValue")
    after = read_marker(call.query.get("marker", ""))
    found = sorted(
        ((_sort_key(share), share) for share in _chosen(service, call.target.account, prefix, includes)),
        key=lambda pair: pair[0],
    )
    rest = [pair for pair in found if pair[0] >= after]
    page, following = rest[:limit], rest[limit][0] if len(rest) > limit else ""
    text = "".join(_entry(service, share, "metadata" in includes) for _, share in page)
    scheme = "https" if call.secure else "http"
    endpoint = attribute("ServiceEndpoint", f"{scheme}://{call.host}/{call.target.account}/")
    head = f"<EnumerationResults{endpoint}>"
    echo = element("Prefix", prefix) if "prefix" in call.query else ""
    echo += element("Marker", call.query["marker"]) if call.query.get("marker") else ""
    echo += f"<MaxResults>{limit}</MaxResults>" if "maxresults" in call.query else ""
    marker = f"<NextMarker>{write_marker(call, following)}</NextMarker>" if following else "<NextMarker />"
    return document(200, f"{head}{echo}<Shares>{text}</Shares>{marker}</EnumerationResults>")


def _chosen(service: Service, account: str, prefix: str, includes: set[str]) -> list[Share]:
    shares = [share for share in service.store.of(account) if not share.snapshot or "snapshots" in includes]
    if "deleted" in includes:
        shares += [share for share in service.store.deleted if share.account == account]
    return [share for share in shares if share.name.startswith(prefix)]


def _sort_key(share: Share) -> str:
    """Sorts by name; snapshots by time before their share, deleted shares first."""
    return f"{share.name}\0{share.version or '1'}\0{share.snapshot or '~'}"


def _entry(service: Service, share: Share, with_metadata: bool) -> str:
    state, status, duration = share_leases.state_of(service, share)
    tier = {} if share.snapshot else tier_headers(share)
    properties = {
        "Last-Modified": ticks.http_date(share.changed),
        "Etag": ticks.etag(share.changed),
        "LeaseStatus": status,
        "LeaseState": "broken" if share.deleted else state,
        "LeaseDuration": duration,
        "Quota": str(share.quota),
        "AccessTier": tier.get("x-ms-access-tier", ""),
        "AccessTierChangeTime": tier.get("x-ms-access-tier-change-time", ""),
        "DefaultEncryptionScope": "$account-encryption-key",
        "DenyEncryptionScopeOverride": "false",
    }
    head = element("Name", share.name)
    if share.snapshot:
        head += element("Snapshot", share.snapshot)
    if share.deleted:
        head += f"<Deleted>true</Deleted>{element('Version', share.version)}"
        properties |= {
            "DeletedTime": ticks.http_date(share.deleted),
            "RemainingRetentionDays": str(deletion.days_left(service.store, share)),
        }
    text = "".join(element(tag, value) for tag, value in properties.items() if value)
    metadata = ""
    if with_metadata:
        inner = "".join(element(key, value) for key, value in share.metadata.items())
        metadata = f"<Metadata>{inner}</Metadata>" if inner else "<Metadata />"
    return f"<Share>{head}<Properties>{text}</Properties>{metadata}</Share>"


def get_properties(service: Service, call: Call) -> Reply:
    """Says the account's settings."""
    kept = service.store.catalog.setting(f"properties/{call.target.account}") or {}
    days = deletion.retention(service.store, call.target.account)
    retention = f"<Enabled>true</Enabled><Days>{days}</Days>" if days else "<Enabled>false</Enabled>"
    parts = {
        "HourMetrics": _METRICS.format("HourMetrics"),
        "MinuteMetrics": _METRICS.format("MinuteMetrics"),
        "Cors": "<Cors />",
        "ShareDeleteRetentionPolicy": f"<ShareDeleteRetentionPolicy>{retention}</ShareDeleteRetentionPolicy>",
        **kept,
    }
    return document(200, f"<StorageServiceProperties>{''.join(parts.values())}</StorageServiceProperties>")


def set_properties(service: Service, call: Call) -> Reply:
    """Sets those of the account's settings that the request names."""
    given = call.xml()
    if given.tag != "StorageServiceProperties":
        raise Refused("InvalidXmlDocument")
    account = call.target.account
    kept = dict(service.store.catalog.setting(f"properties/{account}") or {})
    for child in given:
        kept[child.tag] = ElementTree.tostring(child, encoding="unicode")
        if child.tag == "ShareDeleteRetentionPolicy":
            enabled = (child.findtext("Enabled") or "").lower() == "true"
            service.store.catalog.set(f"retention/{account}", int(child.findtext("Days") or 7) if enabled else 0)
    _check_cors(given)
    service.store.catalog.set(f"properties/{account}", kept)
    return Reply(202)


def _check_cors(given: ElementTree.Element) -> None:
    if len(given.findall("Cors/CorsRule")) > 5:
        raise Refused("InvalidXmlDocument")
    for name in ("HourMetrics", "MinuteMetrics"):
        days = given.findtext(f"{name}/RetentionPolicy/Days")
        if days is not None and not (days.isdigit() and 1 <= int(days) <= 365):
            raise Refused("InvalidXmlNodeValue")


def user_delegation_key(service: Service, call: Call) -> Reply:
    """Gives a key that signs SAS tokens in the name of the bearer, for a limited time."""
    if call.bearer is None:
        raise Refused("AuthenticationFailed", "A user delegation key is only given to a bearer token.")
    given = call.xml()
    start, expiry = given.findtext("Start"), given.findtext("Expiry")
    if not start or not expiry:
        raise Refused("MissingRequiredXmlNode")
    try:
        if ticks.parse_iso(expiry) - ticks.parse_iso(start) > 7 * 86400 * ticks.PER_SECOND:
            raise Refused("OutOfRangeInput")
    except ValueError as error:
        raise Refused("InvalidXmlNodeValue") from error
    fields = {
        "SignedOid": call.bearer.oid,
        "SignedTid": call.bearer.tid,
        "SignedStart": start,
        "SignedExpiry": expiry,
        "SignedService": "f",
        "SignedVersion": call.version,
    }
    if tenant := given.findtext("DelegatedUserTid"):
        fields["SignedDelegatedUserTid"] = tenant
    value = sas.delegation_key(service.accounts[call.target.account], list(fields.values()))
    text = "".join(element(tag, text) for tag, text in fields.items())
    return document(200, f"<UserDelegationKey>{text}{element('Value', value)}</UserDelegationKey>")
