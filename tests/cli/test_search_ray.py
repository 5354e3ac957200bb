"""A search on a Ray cluster gives what a search on this machine gives."""

from __future__ import annotations

import json
import os
import signal

import pytest

from evsnn_lava.cli.search_crew import Alone
from evsnn_lava.cli.search_ray import RayCrew
from evsnn_lava.cli.search_work import answer
from evsnn_lava.errors import BackendUnavailableError, CalibrationError, ConfigError, RunError
from evsnn_lava.export.netfile.reader import read_net

from .search_tasks import jobs_of, task_of, write_halves

STORE_BYTES = 80 * 2**20


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_halves(tmp_path_factory.mktemp("ray"))


@pytest.fixture(scope="module")
def task(file):
    return task_of(read_net(file))


@pytest.fixture(scope="module")
def jobs(file):
    return jobs_of(read_net(file))


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of this machine, a worker each."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'evsnn-lava[cluster]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    found = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    found.add_node(**node)
    yield found
    found.shutdown()


@pytest.fixture
def crew_of(cluster):
    crews = []

    def start(*arguments):
        crews.append(RayCrew(arguments[0], cluster.address, *arguments[1:]))
        return crews[-1]

    yield start
    for crew in crews:
        crew.close()


def gathered(results):
    return {str(job): json.dumps(found) for job, found in results}


def test_two_nodes_give_what_one_process_gives_even_when_a_worker_is_killed(crew_of, task, jobs, tmp_path):
    """The worker that comes to one of the units first kills itself; every unit writes down the node that did it."""
    seeded, marker = jobs[3], tmp_path / "killed"

    def work(task, job):
        import ray

        if job == seeded and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        (tmp_path / f"node-{ray.get_runtime_context().get_node_id()}").touch()
        return answer(task, job)

    found = gathered(crew_of(task, work).results(jobs))
    assert marker.exists()
    assert len(list(tmp_path.glob("node-*"))) == 2
    assert found == gathered(Alone(task).results(jobs))


def test_errors_and_hopeless_units_are_said(crew_of, task, jobs, monkeypatch):
    monkeypatch.setattr("evsnn_lava.cli.search_ray.MOST_TRIES", 1)

    def work(task, job):
        if job == jobs[1]:
            raise CalibrationError("too few")
        os.kill(os.getpid(), signal.SIGKILL)

    crew = crew_of(task, work)
    with pytest.raises(CalibrationError, match="too few"):
        list(crew.results([jobs[1]]))
    with pytest.raises(RunError, match=f"Ray gave up on {jobs[0].candidate} .selection. .WorkerCrashedError"):
        list(crew.results([jobs[0]]))


def test_the_verb_prints_the_same_on_a_cluster(cluster, evsnn, file):
    arguments = ("search", file, "--min-accuracy", "0.6", "--min-support", "4", "--bits", "8,5", "--json", "--quiet")
    code, out, err = evsnn(*arguments, "--ray", cluster.address)
    assert code == 0, err
    assert evsnn(*arguments, "--workers", 1) == (0, out, err)


def test_an_address_without_a_cluster_is_refused_at_once(task):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'evsnn-lava[cluster]'")
    with pytest.raises(BackendUnavailableError, match=r"no Ray cluster at 127\.0\.0\.1:9: .*refused"):
        RayCrew(task, "127.0.0.1:9")
    for address in ("cluster", "host:", ":12", "host:port"):
        with pytest.raises(ConfigError, match="give local, auto or host:port"):
            RayCrew(task, address)
