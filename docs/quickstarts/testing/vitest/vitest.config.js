export default { test: { globalSetup: "./setup.js", maxWorkers: 4 } };
