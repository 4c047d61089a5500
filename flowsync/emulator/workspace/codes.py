"""The refusals of Azure Resource Manager and of the workspace's services: code, status, sentence.

The first table answers as Resource Manager does, the second as the workspace's services do: there the code is what
they call the innermost error.
"""

from collections.abc import Mapping

ARM: Mapping[str, tuple[int, str]] = {
    "AuthorizationFailed": (403, "The client does not have authorization to perform this action."),
    "ExpiredAuthenticationToken": (401, "The access token has expired."),
    "InvalidAuthenticationToken": (401, "The access token is invalid."),
    "InvalidAuthenticationTokenAudience": (401, "The access token has been obtained for wrong audience or resource."),
    "InvalidAuthenticationTokenTenant": (401, "The access token is from the wrong issuer."),
    "InvalidRequestContent": (400, "The request content was invalid and could not be deserialized."),
    "MissingApiVersionParameter": (
        400,
        "The api-version query parameter (?api-version=) is required for all requests.",
    ),
    "ResourceGroupNotFound": (404, "The resource group could not be found."),
    "SubscriptionNotFound": (404, "The subscription could not be found."),
    "SubscriptionRequestsThrottled": (429, "The number of requests for the subscription exceeded the limit."),
}

AZUREML: Mapping[str, tuple[int, str]] = {
    "BadArgument": (400, "The request is not valid."),
    "DataNotFound": (400, "There is no data at this place."),
    "FlowDefinitionNotFound": (400, "There is no flow definition at this path of the workspace's file share."),
    "FlowNotFound": (404, "The flow was not found."),
    "FlowOwnershipRequired": (403, "Only the owner of the flow may change it."),
    "NoSuchOperation": (404, "There is no such operation."),
    "RunAlreadyExists": (409, "There is a run of this name already."),
    "RunNotFound": (404, "The run was not found."),
    "ServiceReadOnly": (403, "Prompt flow has been retired. This workspace is in read-only mode."),
    "ServiceRetired": (410, "Prompt flow has been retired."),
}

WORKSPACE: Mapping[str, tuple[int, str]] = {**ARM, **AZUREML}
