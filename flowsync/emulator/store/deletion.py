"""Deleted shares: put away for some days, then gone; until then they can be had back."""

from flowsync.emulator.refusal import Refused
from flowsync.emulator.store.share import INSIDE, Share, Store
from flowsync.emulator.ticks import PER_SECOND

RETENTION_DAYS = 7
_DAY = 86_400 * PER_SECOND
_FILETIME_EPOCH = 504_911_232_000_000_000


def delete(store: Store, share: Share) -> None:
    """Deletes a share; while the retention lasts, it is only put away."""
    if retention(store, share.account) == 0:
        store.discard(share)
        return
    now = store.clock.next()
    folder = f"{INSIDE}/deleted/{share.key}"
    (store.data / folder).parent.mkdir(exist_ok=True)
    (store.data / share.folder).rename(store.data / folder)
    store.uproot(share)
    share.folder, share.deleted, share.lease = folder, now, None
    share.version = f"{now - _FILETIME_EPOCH:016X}"
    store.deleted.append(share)
    store.save(share)
    purge(store)


def undelete(store: Store, account: str, name: str, version: str) -> Share:
    """Brings a deleted share back under its name; raises Refused."""
    matches = [one for one in store.deleted if (one.account, one.name, one.version) == (account, name, version)]
    if not matches:
        raise Refused("ShareNotFound")
    if store.exists(account, name):
        raise Refused("ShareAlreadyExists")
    share = matches[0]
    folder = f"{account}/{name}"
    (store.data / folder).parent.mkdir(exist_ok=True)
    (store.data / share.folder).rename(store.data / folder)
    store.deleted.remove(share)
    share.folder, share.deleted, share.version, share.changed = folder, 0, "", store.clock.next()
    store.adopt(share, share.tree.index.root)
    return share


def retention(store: Store, account: str) -> int:
    """Returns for how many days the account keeps deleted shares, 0 for not at all."""
    days = store.catalog.setting(f"retention/{account}")
    return int(days) if days is not None else RETENTION_DAYS


def days_left(store: Store, share: Share) -> int:
    """Returns for how many whole days a deleted share can still be had back."""
    return max(0, retention(store, share.account) - (store.clock.now() - share.deleted) // _DAY)


def purge(store: Store) -> None:
    """Discards deleted shares whose retention is over."""
    for share in list(store.deleted):
        if store.clock.now() - share.deleted > retention(store, share.account) * _DAY:
            store.deleted.remove(share)
            store.discard(share)
