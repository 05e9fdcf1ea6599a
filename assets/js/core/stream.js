// One connection to the studio's changes. Server-sent events; while they will not come, a poll every two seconds.

const POLL_MS = 2000;
const TRY_AGAIN_MS = 20000;

/**
 * Watch. `job(job)` for each change; `again()` whenever something may have been missed and must be fetched anew.
 * Returns a function that ends it.
 */
export function watch({ job, again }) {
  let source = null,
    timer = 0,
    sequence = null,
    failures = 0,
    opened = false,
    ended = false;

  const open = () => {
    source = new EventSource("/studio/events");
    source.onopen = () => {
      failures = 0;
      stopPolling();
      if (opened) again();
      opened = true;
    };
    source.addEventListener("job", (event) => job(JSON.parse(event.data)));
    source.addEventListener("refresh", again);
    source.onerror = () => {
      failures += 1;
      if (source.readyState === EventSource.CLOSED || failures >= 2) {
        source.close();
        poll();
        setTimeout(() => {
          if (!ended) open();
        }, TRY_AGAIN_MS);
      }
    };
  };

  const poll = () => {
    if (timer || ended) return;
    const look = async () => {
      try {
        const query = sequence === null ? "" : `?since=${sequence}`;
        const answer = await (await fetch(`/studio/changes${query}`)).json();
        if (sequence === null) again();
        sequence = answer.sequence;
        answer.items.forEach(job);
      } catch {
        /* The studio is away: the next look will tell. */
      }
    };
    timer = setInterval(look, POLL_MS);
    look();
  };
  const stopPolling = () => {
    clearInterval(timer);
    timer = 0;
    sequence = null;
  };

  open();
  return () => {
    ended = true;
    source?.close();
    stopPolling();
  };
}
