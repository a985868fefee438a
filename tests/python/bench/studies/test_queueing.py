"""The queue against known results of queueing theory."""

import numpy as np
import pytest
from studies.queueing import BatchServer


def test_waits_of_single_requests_are_those_of_pollaczek_and_khinchine():
    rate, service = 0.7, 1.0
    found = BatchServer(0.0, service, most=1).latencies(rate, 400_000)
    expected = service + rate * service**2 / (2 * (1 - rate * service))
    assert found.mean() == pytest.approx(expected, rel=0.03)
    assert found.min() == pytest.approx(service)


def test_a_batch_takes_all_that_wait_and_no_more_than_its_size():
    # Beyond the rate of single requests, batches keep up.
    found = BatchServer(1.0, 0.0, most=10**6).latencies(50.0, 100_000)
    assert found.min() >= 1.0
    assert found.max() <= 2.0
    # Beyond the rate of full batches, the queue grows to the end.
    found = BatchServer(1.0, 0.0, most=4).latencies(50.0, 10_000)
    assert found[-4:].min() > 1000


def test_times_alone_and_in_batches_give_the_server():
    server = BatchServer.of(alone=5.0, batched=2.0, size=4, most=16)
    assert server.per_batch + server.per_request == pytest.approx(5.0)
    assert server.per_batch / 4 + server.per_request == pytest.approx(2.0)
    assert server.most == 16


def test_batches_that_cost_more_than_single_requests_cost_nothing_each():
    assert BatchServer.of(2.0, 3.0, 16, 16) == BatchServer(0.0, 2.0, 16)
    assert BatchServer.of(2.0, 2.0, 1, 1) == BatchServer(0.0, 2.0, 1)


def test_requests_arrive_at_the_rate_in_order():
    server = BatchServer(0.0, 1e-9, most=16)
    assert np.array_equal(server.latencies(10.0, 1000), server.latencies(10.0, 1000))
    assert server.latencies(10.0, 1000).max() < 1e-7
