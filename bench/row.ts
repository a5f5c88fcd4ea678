/** One figure of a benchmark, ours beside a peer's, measured in the same run. */
export interface Row {
  metric: string;
  unit: string;
  ours: number;
  peer: number;
  peerName: string;
  /** ours / peer */
  ratio: number;
  /** What the ratio has to be: `>= 2`, `<= 0.5`; `none` for a figure that is only stated. */
  goal: string;
  holds: boolean;
}

export type Goal = { atLeast: number } | { atMost: number };

export function row(metric: string, unit: string, ours: number, peer: number, peerName: string, goal?: Goal): Row {
  const ratio = ours / peer;
  return {
    metric,
    unit,
    ours: round(ours),
    peer: round(peer),
    peerName,
    ratio: round(ratio),
    goal: goal === undefined ? "none" : "atLeast" in goal ? `>= ${goal.atLeast}` : `<= ${goal.atMost}`,
    holds: goal === undefined || ("atLeast" in goal ? ratio >= goal.atLeast : ratio <= goal.atMost),
  };
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("median of no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three significant digits are all that a run on a shared machine can claim. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}
