"""Who signs in: azure-identity's default chain, for the cloud that was chosen."""

import logging
from collections.abc import Mapping

from azure.core.credentials import TokenCredential

from flowsync.studio.cloud import Cloud


def signed_in(cloud: Cloud, environ: Mapping[str, str]) -> TokenCredential:
    """Returns the credential of whoever is signed in here; nothing is asked of it yet."""
    from azure.identity import DefaultAzureCredential  # a quarter of a second

    for name in ("azure.identity", "azure.core"):  # they warn of what our errors say, with a traceback
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.ERROR)
    return DefaultAzureCredential(authority=authority(cloud, environ), exclude_interactive_browser_credential=True)


def authority(cloud: Cloud, environ: Mapping[str, str]) -> str:
    """Returns who signs people in: what azure-identity's own variable says, else the cloud's."""
    return environ.get("AZURE_AUTHORITY_HOST") or cloud.authority
