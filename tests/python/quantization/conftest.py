import pytest


@pytest.fixture(params=["ip", "cosine", "l2"])
def metric(request):
    return request.param
