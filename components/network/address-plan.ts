/** Which addresses each cell has: no two overlap, so cells can be peered and merged into one account. Pure. */

export interface AddressRequest {
  name: string;
  /** Taken as it is. @default planned */
  cidr?: string;
}

/** The block that cells' networks are cut from. */
export const PLATFORM_BLOCK = "10.0.0.0/8";
/** 4,096 addresses a cell: three zones of isolated and, should they come, private and public subnets. */
export const CELL_PREFIX = 20;

/**
 * Fixed blocks first, then the lowest free one for each other cell, in the order given: append to the list, and no
 * existing cell moves.
 *
 * @throws naming the two cells whose blocks overlap, or the block that cannot be read.
 */
export function planAddresses(requests: readonly AddressRequest[]): Map<string, string> {
  const taken: { name: string; first: number; last: number }[] = [];
  const plan = new Map<string, string>();
  const take = (name: string, cidr: string): void => {
    const block = { name, ...parseCidr(name, cidr) };
    const other = taken.find(({ first, last }) => block.first <= last && first <= block.last);
    if (other)
      throw new Error(`cell "${name}": ${cidr} overlaps the network of cell "${other.name}"; choose another block`);
    taken.push(block);
    plan.set(name, cidr);
  };
  for (const { name, cidr } of requests) if (cidr) take(name, cidr);
  const { first, last } = parseCidr("platform", PLATFORM_BLOCK);
  const size = 2 ** (32 - CELL_PREFIX);
  for (const { name, cidr } of requests) {
    if (cidr) continue;
    let start = first;
    while (taken.some((block) => start <= block.last && block.first <= start + size - 1)) start += size;
    if (start + size - 1 > last)
      throw new Error(`cell "${name}": ${PLATFORM_BLOCK} has no free block left; give it a cidr`);
    take(name, `${formatAddress(start)}/${CELL_PREFIX}`);
  }
  return plan;
}

/** First and last address of a block. */
export function parseCidr(name: string, cidr: string): { first: number; last: number } {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const bytes = match?.slice(1, 5).map(Number) ?? [];
  const prefix = Number(match?.[5]);
  if (!match || bytes.some((byte) => byte > 255) || prefix < 8 || prefix > 28) {
    throw new Error(`cell "${name}": ${cidr} is no IPv4 block from /8 to /28, such as 10.4.0.0/20`);
  }
  const address = bytes.reduce((value, byte) => value * 256 + byte, 0);
  const size = 2 ** (32 - prefix);
  if (address % size !== 0) {
    const start = formatAddress(address - (address % size));
    throw new Error(`cell "${name}": ${cidr} does not start on a /${prefix} boundary; ${start}/${prefix} does`);
  }
  return { first: address, last: address + size - 1 };
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
