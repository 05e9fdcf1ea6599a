"""A program: the official package as its documentation shows it, `VideoSynthesis.call` in one thread a job.

Prints one line of JSON: what it saw of itself, and when each call came back with what.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import dashscope
from dashscope import VideoSynthesis

from tests.bench.looks import looking
from tests.bench.orders import KEY, PROMPT, REGION, measured_model


def main() -> None:
    """Run the jobs."""
    base_url, jobs, over_seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    dashscope.base_http_api_url = base_url
    model = measured_model().offer(REGION)
    assert model is not None
    VideoSynthesis.fetch("nothing", api_key=KEY)  # everything is imported now
    time.sleep(1)
    back: list[dict[str, object]] = []

    def buy() -> None:
        answer = VideoSynthesis.call(model.id, PROMPT, api_key=KEY)
        output = answer.output or {}
        done = {"task": output.get("task_id"), "status": output.get("task_status"), "http": int(answer.status_code)}
        back.append({**done, "at": time.time()})

    with looking() as looks:
        threads = [threading.Thread(target=buy) for _ in range(jobs)]
        began = time.time()
        for number, thread in enumerate(threads):
            time.sleep(max(0.0, began + number * over_seconds / jobs - time.time()))
            thread.start()
        for thread in threads:
            thread.join()
    print(json.dumps({"began": began, "back": back, "looks": looks.seen}))


if __name__ == "__main__":
    main()
