/**
 * Busy polling: for a moment after it has sent something that is answered within microseconds, this process looks for
 * the answer itself instead of sleeping until the system wakes it. Two processes that take turns spend more time on
 * being woken than on their work: on a machine with two cores it is a third of a short request's time, and the sender
 * pays for the waking.
 */

/** An invocation of a warm function and the next request of a client that was answered come within this. */
const POLL_MS = 0.1;

let until = 0;
let polling = false;

/** An idle process does not poll: the most that one call costs is 100 microseconds of one core. */
export function keepPolling(): void {
  until = performance.now() + POLL_MS;
  if (polling) return;
  polling = true;
  setImmediate(poll);
}

/** Each turn of the event loop looks at the sockets once, without waiting. */
function poll(): void {
  polling = performance.now() < until;
  if (polling) setImmediate(poll);
}
