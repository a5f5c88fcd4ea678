/** Tests are plain ES modules that Node runs as they are: no transform, no module registry of jest's own. */
export default {
  runner: "jest-light-runner",
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  testTimeout: 30_000,
  // Each test has its own state and port: every processor may run one.
  maxWorkers: "100%",
  modulePathIgnorePatterns: ["<rootDir>/.terrace", "<rootDir>/plugin", "<rootDir>/dist"],
  reporters: [["default", { summaryThreshold: 0 }]],
};
