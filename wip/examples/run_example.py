"""Both example jobs on the Hadoop of HADOOP_CONF_DIR: text -> blocks -> sum, checked against numpy.

    eval "$(scripts/hadoop start)"; python3 examples/run_example.py [--uber] [--plain] [--ship-mrjob]
"""

import argparse
import logging
import os
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]

from fast_runner import FastHadoopRunner  # noqa: E402
from mr_pack_lines import MRPackLines  # noqa: E402
from mr_sum_blocks import MRSumBlocks  # noqa: E402


def run(job_class, options, *arguments):
    if not options.plain:
        job_class._runner_class = lambda self: FastHadoopRunner
    extra = ["-D", "mapreduce.job.ubertask.enable=true"] if options.uber else []
    extra += [] if options.ship_mrjob else ["--no-bootstrap-mrjob"]
    job = job_class(["--no-conf", "-r", "hadoop", *extra, *arguments])
    begin = time.monotonic()
    with job.make_runner() as runner:
        runner.run()
        answer = list(job.parse_output(runner.cat_output())) if "--no-cat-output" not in arguments else None
        counters = runner.counters()[0]
    print(f"{job_class.__name__}: {time.monotonic() - begin:.1f} s", {name: value for name, value in counters.items()
          if name in ("pack", "sum")})
    return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--uber", "--plain", "--ship-mrjob", "-v"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO if options.v else logging.ERROR, stream=sys.stderr)
    rows = np.random.default_rng(0).integers(0, 1000, size=(100_000, 5)).astype(float)
    blocks = f"hdfs:///tmp/example-{os.getpid()}/blocks"
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as text:
        np.savetxt(text, rows, fmt="%.1f", delimiter=",")
        text.flush()
        run(MRPackLines, options, text.name, "--output-dir", blocks, "--no-cat-output")
    [(key, (count, total))] = run(MRSumBlocks, options, blocks)
    assert (key, count, total) == ("sum", rows.size, rows.sum()), (key, count, total, rows.sum())
    print("right:", key, count, total)


if __name__ == "__main__":
    main()
