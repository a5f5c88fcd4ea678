/** Shards: which part of the hash keys each one owns, how they split and merge, and what numbers records get. Pure. */
import { createHash } from "node:crypto";

export interface Shard {
  index: number;
  /** First and last hash key, decimal. */
  from: string;
  to: string;
  parent?: number;
  adjacentParent?: number;
  /** Records of this shard are numbered from here. */
  firstNumber: number;
  /** Closed: no record has a higher number. */
  lastNumber?: number;
  openedAt: number;
  closedAt?: number;
}

const KEYS = 1n << 128n;

export function shardId(index: number): string {
  return `shardId-${String(index).padStart(12, "0")}`;
}

export function indexOf(id: string): number {
  return /^shardId-\d{12}$/.test(id) ? Number(id.slice("shardId-".length)) : -1;
}

/** So many equal parts of all hash keys. */
export function ranges(count: number): { from: string; to: string }[] {
  const width = KEYS / BigInt(count);
  return Array.from({ length: count }, (_, index) => {
    const isLast = index === count - 1;
    return {
      from: String(width * BigInt(index)),
      to: String(isLast ? KEYS - 1n : width * BigInt(index + 1) - 1n),
    };
  });
}

/** Where a record goes: by the MD5 of its partition key, or by the key it was given. */
export function hashKeyOf(partitionKey: string, explicit: string | undefined): bigint {
  if (explicit !== undefined) return BigInt(explicit);
  return BigInt(`0x${createHash("md5").update(partitionKey).digest("hex")}`);
}

export function isHashKey(text: string): boolean {
  return /^(0|[1-9]\d{0,38})$/.test(text) && BigInt(text) < KEYS;
}

export function owns({ from, to }: Shard, key: bigint): boolean {
  return BigInt(from) <= key && key <= BigInt(to);
}

const DIGITS = { prefix: 2, second: 10, number: 24, shard: 20 };

/** 56 digits, higher for each later record; what they are made of is nobody's business. */
export function sequenceOf(createdAt: number, number: number, shard: number): string {
  const digits = (value: number, length: number) => String(value).padStart(length, "0");
  const second = digits(Math.floor(createdAt / 1000), DIGITS.second);
  return `49${second}${digits(number, DIGITS.number)}${digits(shard, DIGITS.shard)}`;
}

/** @returns undefined where it is no sequence number of this shard */
export function numberOf(sequence: string, createdAt: number, shard: number): number | undefined {
  const from = DIGITS.prefix + DIGITS.second;
  const number = Number(sequence.slice(from, from + DIGITS.number));
  return sequenceOf(createdAt, number, shard) === sequence ? number : undefined;
}
