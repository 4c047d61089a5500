"""The operations of the Azure Files data plane: each takes the service and a call, has its effect, gives a reply."""
