/** Two steps: the second never ends the first time. */
export const killedBody = (file: string) => `
  const log = (text) => appendFileSync(${JSON.stringify(file)}, text + "\\n");
  const one = await context.step("first", async () => { log("first"); return 1; });
  const two = await context.step("second", async () => {
    const isAgain = readFileSync(${JSON.stringify(file)}, "utf8").includes("second");
    log("second");
    if (!isAgain) await new Promise((done) => setTimeout(done, 1_000_000));
    return 2;
  });
  await context.wait({ seconds: 60 });
  return one + two;`;
