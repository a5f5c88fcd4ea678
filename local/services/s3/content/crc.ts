/** Cyclic redundancy checks that Node has not: over bytes as they come. */

export interface RunningCrc {
  update(bytes: Buffer): void;
  /** In base64, as S3 has it. */
  digest(): string;
}

let table32c: Uint32Array | undefined;

/** CRC-32C (Castagnoli), reflected. */
export function crc32c(): RunningCrc {
  table32c ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value >>> 0;
  });
  const table = table32c;
  let crc = 0xffffffff;
  return {
    update(bytes) {
      let now = crc;
      for (const byte of bytes) now = table[(now ^ byte) & 0xff]! ^ (now >>> 8);
      crc = now;
    },
    digest: () => big32((crc ^ 0xffffffff) >>> 0),
  };
}

// Two 32-bit halves, eight tables each: bigints would be a hundred times slower, and byte by byte takes four times as long.
let table64: { high: Int32Array; low: Int32Array } | undefined;

/** Table `n` is at `n * 256`: what a byte does to the checksum that `n` further ones follow. */
function makeTable64(): { high: Int32Array; low: Int32Array } {
  const [high, low] = [new Int32Array(2048), new Int32Array(2048)];
  for (let index = 0; index < 256; index++) {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c_9329_ac4b_c9b5n : value >> 1n;
    high[index] = Number(BigInt.asIntN(32, value >> 32n));
    low[index] = Number(BigInt.asIntN(32, value));
  }
  for (let at = 256; at < 2048; at++) {
    const [above, below] = [high[at - 256]!, low[at - 256]!];
    low[at] = ((below >>> 8) | (above << 24)) ^ low[below & 0xff]!;
    high[at] = (above >>> 8) ^ high[below & 0xff]!;
  }
  return { high, low };
}

/** CRC-64/NVME, reflected, eight bytes at a time. */
export function crc64nvme(): RunningCrc {
  table64 ??= makeTable64();
  const { high: h, low: l } = table64;
  let [kept, keptLow] = [-1, -1];

  function update(bytes: Buffer): void {
    let [high, low] = [kept, keptLow];
    const end = bytes.length - (bytes.length % 8);
    // Words want a place that four divides. Every machine this runs on has the low byte first.
    const placed = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    const words = new Int32Array(placed.buffer, placed.byteOffset, end / 4);
    for (let at = 0; at < words.length; at += 2) {
      const a = low ^ words[at]!;
      const b = high ^ words[at + 1]!;
      const a0 = 1792 + (a & 255);
      const a1 = 1536 + ((a >>> 8) & 255);
      const a2 = 1280 + ((a >>> 16) & 255);
      const a3 = 1024 + (a >>> 24);
      const b0 = 768 + (b & 255);
      const b1 = 512 + ((b >>> 8) & 255);
      const b2 = 256 + ((b >>> 16) & 255);
      const b3 = b >>> 24;
      low = l[a0]! ^ l[a1]! ^ l[a2]! ^ l[a3]! ^ l[b0]! ^ l[b1]! ^ l[b2]! ^ l[b3]!;
      high = h[a0]! ^ h[a1]! ^ h[a2]! ^ h[a3]! ^ h[b0]! ^ h[b1]! ^ h[b2]! ^ h[b3]!;
    }
    for (let at = end; at < bytes.length; at++) {
      const index = (low ^ bytes[at]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ l[index]!;
      high = (high >>> 8) ^ h[index]!;
    }
    [kept, keptLow] = [high, low];
  }

  return { update, digest: () => big64((BigInt(~kept >>> 0) << 32n) | BigInt(~keptLow >>> 0)) };
}

/** By length, in bytes: what so many bytes after it do to a checksum, as a matrix of 64 rows over GF(2). */
const shifts = new Map<number, bigint[]>();

const times = (matrix: bigint[], vector: bigint): bigint => {
  let sum = 0n;
  for (let row = 0; vector !== 0n; row++, vector >>= 1n) if (vector & 1n) sum ^= matrix[row]!;
  return sum;
};

function shiftBy(length: number): bigint[] {
  const known = shifts.get(length);
  if (known) return known;
  const square = (matrix: bigint[]) => matrix.map((row) => times(matrix, row));
  // One bit: the polynomial, and each bit to the place below it.
  let step = Array.from({ length: 64 }, (_, row) => (row === 0 ? 0x9a6c_9329_ac4b_c9b5n : 1n << BigInt(row - 1)));
  let shift = Array.from({ length: 64 }, (_, row) => 1n << BigInt(row));
  for (let bits = BigInt(length) * 8n; bits > 0n; bits >>= 1n) {
    if (bits & 1n) shift = shift.map((row) => times(step, row));
    step = square(step);
  }
  if (shifts.size > 100) shifts.clear();
  shifts.set(length, shift);
  return shift;
}

/** CRC64NVME of what stands one after the other, from the parts' own: nothing is read again. */
export function joinedCrc64(parts: { crc64: string; size: number }[]): string {
  const joined = parts.reduce(
    (before, { crc64, size }) => times(shiftBy(size), before) ^ Buffer.from(crc64, "base64").readBigUInt64BE(),
    0n,
  );
  return big64(joined);
}

export function big32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString("base64");
}

function big64(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.toString("base64");
}
