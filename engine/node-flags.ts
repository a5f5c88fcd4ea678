/**
 * How Node runs an evaluation. The process lives for seconds and makes short-lived objects: room for them costs less than
 * collecting them, up to where touching more memory costs more than it saves (192 MB took a program of two cells a tenth longer
 * than 64 MB, and one of ten cells 200 MB more). And it may keep half of the machine's memory: Node's own bound is 4 GB however
 * large the machine, and close to a bound it collects all the time. What a program has made stays until all of it is made: to
 * look for what is old before there is a good deal of it finds nothing.
 */
import { totalmem } from "node:os";

export const nodeFlags = ({ stackTraces = false } = {}): string[] => [
  "--experimental-strip-types",
  "--disable-warning=ExperimentalWarning",
  `--stack-trace-limit=${stackTraces ? 50 : 0}`,
  "--min-semi-space-size=64",
  "--max-semi-space-size=64",
  "--initial-heap-size=1500",
  `--max-old-space-size=${Math.max(2048, Math.floor(totalmem() / 2 / 1024 / 1024))}`,
];
