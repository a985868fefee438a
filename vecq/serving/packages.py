"""The packages of vecq[serve], or an error that says how to install them."""

from vecq.core.errors import UnsupportedError

try:
    import httptools
    import orjson
    import prometheus_client
    import prometheus_client.core
    import prometheus_client.registry
except ImportError as error:
    raise UnsupportedError(
        f"the service needs the package {error.name}: pip install 'vecq[serve]'", "serve"
    ) from None

__all__ = ["httptools", "orjson", "prometheus_client"]
