"""Addresses in Studio, and the names that the service gives to a flow. Pure."""

from urllib.parse import quote


def flow_page(portal: str, resource: str, workspace_id: str, flow_id: str) -> str:
    """Returns the address of a flow's page; ``resource`` is the workspace's resource id."""
    return f"{portal}/prompts/flow/{workspace_id}/{quote(flow_id, safe='')}/details?wsid={resource}"


def run_page(portal: str, resource: str, name: str) -> str:
    """Returns the address of a run's page."""
    return f"{portal}/runs/{quote(name, safe='')}?wsid={resource}"


def flow_resource(location: str, workspace_id: str, flow_id: str) -> str:
    """Returns what a run names a registered flow by."""
    return f"azureml://locations/{location}/workspaces/{workspace_id}/flows/{flow_id}"
