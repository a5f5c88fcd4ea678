/**
 * Properties are tried with the same values in every run: what nobody has tried before fails at nobody's change by chance.
 * `TERRACE_FUZZ=1 npm test -- <files>` tries others.
 */
export const SEED: { seed?: number } = process.env.TERRACE_FUZZ ? {} : { seed: 1 };
