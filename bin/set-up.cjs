'use strict';
// Run by bin/millrace with whatever Node the machine has, before any dependency is there: plain old JavaScript, so that even
// a Node that is too old can say so. Answers with one line on standard output: the path of the Node to run Millrace with.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawn } = require('child_process');

const root = path.dirname(__dirname);
const LAUNCHER_NODE_MIN = [20, 0];
/** The first release that strips types without a warning. */
const PROGRAM_NODE_MIN = [24, 12];
/** A set-up takes minutes at most: a lock of that age belongs to a process id that was given out again. */
const LOCK_AGE_MAX_MS = 30 * 60 * 1000;

/** What a person can do something about: printed as one sentence, without a stack. */
class SetUpProblem extends Error {}

function say(text) {
  process.stderr.write('millrace: ' + text + '\n');
}

function atLeast(version, minimum) {
  const parts = version.split('.').map(Number);
  return parts[0] > minimum[0] || (parts[0] === minimum[0] && parts[1] >= minimum[1]);
}

function isWritable(directory) {
  try {
    fs.mkdirSync(directory, { recursive: true });
    fs.accessSync(directory, fs.constants.W_OK);
    return true;
  } catch (error) {
    if (error.code === 'ENOSPC') throw noSpace(directory);
    return false;
  }
}

/** MILLRACE_CACHE, else .cache in the checkout, else (a checkout of another user) the home directory's cache. */
function findCache() {
  if (process.env.MILLRACE_CACHE) {
    const given = path.resolve(process.env.MILLRACE_CACHE);
    if (!isWritable(given)) throw new SetUpProblem('MILLRACE_CACHE names ' + given + ', which cannot be written: choose another folder.');
    return given;
  }
  const candidates = [path.join(root, '.cache'), path.join(os.homedir(), '.cache', 'millrace')];
  const cache = candidates.find(isWritable);
  if (!cache)
    throw new SetUpProblem('neither ' + candidates.join(' nor ') + ' can be written: set MILLRACE_CACHE to a folder of your own.');
  return cache;
}

function noSpace(where) {
  return new SetUpProblem(
    'no space is left on the disk that holds ' + where + ': free about 1 GB there, or set MILLRACE_CACHE to a folder on another disk.',
  );
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while no other launcher does the same; `isDone` tells a waiting one that there is nothing left to do. */
async function withLock(file, what, isDone, work) {
  let told = false;
  while (!isDone()) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
    } catch (error) {
      if (error.code === 'ENOSPC') throw noSpace(file);
      if (error.code !== 'EEXIST') throw error;
      const holder = removeIfStale(file);
      if (holder !== null && !told) {
        say('waiting for process ' + holder + ', which is ' + what + ' ...');
        told = true;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    const release = () => fs.rmSync(file, { force: true });
    process.once('exit', release);
    try {
      if (!isDone()) await work();
    } finally {
      release();
      process.removeListener('exit', release);
    }
    return;
  }
}

/** Answers the process that holds the lock, or null after taking away a lock whose holder is gone. */
function removeIfStale(file) {
  let holder, age;
  try {
    holder = Number(fs.readFileSync(file, 'utf8'));
    age = Date.now() - fs.statSync(file).mtimeMs;
  } catch {
    return null;
  }
  // An empty file is a lock in the moment between its creation and the writing of its holder.
  if (age < (holder > 0 && isAlive(holder) ? LOCK_AGE_MAX_MS : 2000)) return holder;
  // Renamed before it is removed: of several that find the same stale lock one succeeds, and one that comes late gives back
  // the new lock that it took by mistake.
  const taken = file + '.stale.' + process.pid;
  try {
    fs.renameSync(file, taken);
    if (Number(fs.readFileSync(taken, 'utf8')) !== holder) fs.linkSync(taken, file);
    fs.rmSync(taken, { force: true });
  } catch {
    return null;
  }
  return null;
}

/** npm with its own progress on a terminal; the last of its output otherwise explains a failure. */
function npm(args, cwd, what) {
  return new Promise((resolve, reject) => {
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
    options.push('--fetch-retries=3', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000');
    const env = Object.assign({}, process.env);
    // `npm test` hands its own settings down, among them the prefix: they are not meant for this installation.
    for (const name of Object.keys(env))
      if (/^npm_(?!config_(registry|cache|userconfig|proxy|https?_proxy|cafile|ca)$)/i.test(name)) delete env[name];
    const child = spawn('npm', args.concat(options), { cwd, env, stdio: ['ignore', 'pipe', process.stderr.isTTY ? 'inherit' : 'pipe'] });
    const stop = () => child.kill();
    process.once('exit', stop);
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-8000));
    child.stdout.on('data', keep);
    if (child.stderr) child.stderr.on('data', keep);
    const started = Date.now();
    const ticker = process.stderr.isTTY ? null : setInterval(() => say('... ' + Math.round((Date.now() - started) / 1000) + ' s'), 15000);
    child.on('error', (error) => {
      clearInterval(ticker);
      reject(
        error.code === 'ENOENT'
          ? new SetUpProblem('npm is not installed or not on the PATH, and ' + what + ' come from it: install Node 20 or newer with npm.')
          : error,
      );
    });
    child.on('close', (code) => {
      clearInterval(ticker);
      process.removeListener('exit', stop);
      if (code === 0) resolve();
      else reject(npmProblem(output, cwd, what));
    });
  });
}

function npmProblem(output, cwd, what) {
  if (/ENOSPC|no space left/i.test(output)) return noSpace(cwd);
  if (/E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH)|ERR_SOCKET_TIMEOUT|network/i.test(output)) {
    return new SetUpProblem(
      "npm's registry cannot be reached, and " +
        what +
        ' come from there: check the network and the proxy (`npm ping`), or use `docker compose up`.',
    );
  }
  if (/EINTEGRITY/.test(output)) {
    return new SetUpProblem(
      'what npm fetched does not have the checksum in the lock file and was refused: run `npm cache clean --force` and start again.',
    );
  }
  const line = output.split('\n').find((text) => /error/i.test(text)) || 'no message';
  return new SetUpProblem('npm could not install ' + what + ' (' + line.trim() + '): run `npm ci` in ' + cwd + ' to see why.');
}

/** The package of this platform in the lock file, with its checksum: npm refuses any other content. */
function nodePackage() {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'embedded', 'node', 'package-lock.json'), 'utf8'));
  for (const key of Object.keys(lock.packages)) {
    const entry = lock.packages[key];
    const fits = [].concat(entry.os || []).includes(process.platform) && [].concat(entry.cpu || []).includes(process.arch);
    if (fits) return { name: key.slice('node_modules/'.length), entry: { version: entry.version, integrity: entry.integrity } };
  }
  throw new SetUpProblem(
    'this Node is ' +
      process.versions.node +
      ', and npm has no newer one for ' +
      process.platform +
      '-' +
      process.arch +
      ': install Node 24.12 or newer from https://nodejs.org.',
  );
}

async function findNode(cache) {
  if (atLeast(process.versions.node, PROGRAM_NODE_MIN)) return process.execPath;
  const { name, entry } = nodePackage();
  const home = path.join(cache, 'node-' + entry.version);
  const binary = path.join(home, 'node_modules', name, 'bin', 'node');
  const isDone = () => fs.existsSync(binary);
  await withLock(home + '.lock', 'fetching Node', isDone, async () => {
    say('this Node is ' + process.versions.node + '; fetching Node ' + entry.version + ' from npm, once ...');
    const incoming = home + '.incoming';
    fs.rmSync(incoming, { recursive: true, force: true });
    fs.mkdirSync(incoming, { recursive: true });
    const dependencies = {};
    dependencies[name] = entry.version;
    const lock = { name: 'millrace-node', lockfileVersion: 3, requires: true, packages: { '': { dependencies } } };
    lock.packages['node_modules/' + name] = entry;
    fs.writeFileSync(path.join(incoming, 'package.json'), JSON.stringify({ name: 'millrace-node', private: true, dependencies }));
    fs.writeFileSync(path.join(incoming, 'package-lock.json'), JSON.stringify(lock));
    await npm(['ci'], incoming, 'Node ' + entry.version);
    fs.rmSync(home, { recursive: true, force: true });
    fs.renameSync(incoming, home);
  });
  return binary;
}

/** Whether node_modules holds what the lock file names; npm writes its own list last, so half an installation is none. */
function isInstalled() {
  let wanted, present;
  try {
    wanted = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
    present = JSON.parse(fs.readFileSync(path.join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return false;
    throw error;
  }
  return Object.keys(wanted).every((key) => {
    if (key === '' || wanted[key].optional || wanted[key].devOptional) return true;
    return present[key] !== undefined && present[key].version === wanted[key].version && present[key].integrity === wanted[key].integrity;
  });
}

async function installDependencies() {
  if (isInstalled()) return;
  if (!isWritable(path.join(root, '.cache')) || !isWritable(root)) {
    throw new SetUpProblem(
      'the dependencies are not installed and ' + root + ' cannot be written: run `npm ci --ignore-scripts` there as its owner.',
    );
  }
  await withLock(path.join(root, '.cache', 'dependencies.lock'), 'installing the dependencies', isInstalled, async () => {
    say('installing the dependencies with npm, once ...');
    const started = Date.now();
    await npm(['ci'], root, 'the dependencies');
    if (!isInstalled())
      throw new SetUpProblem(
        'npm reported success, but node_modules does not hold what package-lock.json names: run `npm ci` in ' + root + '.',
      );
    say('dependencies installed in ' + Math.round((Date.now() - started) / 1000) + ' s');
  });
}

async function main() {
  if (!atLeast(process.versions.node, LAUNCHER_NODE_MIN)) {
    throw new SetUpProblem(
      'this Node is ' + process.versions.node + ', and Millrace needs at least 20 to start: install a newer one from https://nodejs.org.',
    );
  }
  const cache = findCache();
  const node = await findNode(cache);
  await installDependencies();
  process.stdout.write(node + '\n');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
main().catch((error) => {
  if (error.code === 'ENOSPC') error = noSpace(root);
  say(error instanceof SetUpProblem ? error.message : String(error && error.stack));
  process.exit(1);
});
