/** `npm run doctor -- --stack prod`: what stands between this machine and `pulumi up`, each with what to do about it. */
import { parseArgs } from "node:util";
import { credentials, type Finding, stackFindings, thisMachine, tools } from "./checks.ts";

const MARKS: Record<Finding["level"], string> = { ok: "✓", warning: "!", problem: "✗" };

try {
  const { values } = parseArgs({
    options: { stack: { type: "string", default: "dev" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(
      "Usage: npm run doctor -- [--stack <name>]\n\nExit status: 1 where something would stop `pulumi up`, else 0.\n",
    );
  } else {
    const machine = thisMachine();
    const findings = [
      ...tools(machine),
      ...credentials(machine),
      ...(await stackFindings(process.cwd(), values.stack)),
    ];
    for (const { level, what, remedy } of findings) {
      process.stdout.write(`${MARKS[level]} ${what}\n${remedy ? `    ${remedy}\n` : ""}`);
    }
    process.exitCode = findings.some(({ level }) => level === "problem") ? 1 : 0;
  }
} catch (error) {
  process.stderr.write(`doctor: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
