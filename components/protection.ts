/** How hard it is to lose data: quick to throw away in development, unlocked by hand in production. */
export type Protection = "disposable" | "protected";
