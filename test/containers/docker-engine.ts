import { spawnSync } from 'node:child_process';

/** Null when a Docker engine answers, else the reason why the container suite cannot run, for the test report. */
export function dockerMissing(): string | null {
  const answer = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { encoding: 'utf8', timeout: 20_000 });
  if (answer.error !== undefined) return 'no docker command on this machine: the container suite needs a Docker engine';
  if (answer.status !== 0) return 'no Docker engine answers: start one to run the container suite';
  return null;
}

/** Null when the compose plug-in is there as well. */
export function composeMissing(): string | null {
  const missing = dockerMissing();
  if (missing !== null) return missing;
  const answer = spawnSync('docker', ['compose', 'version'], { encoding: 'utf8', timeout: 20_000 });
  return answer.status === 0 ? null : 'no "docker compose" plug-in on this machine';
}

/**
 * Testcontainers cleans up by a container of its own, Ryuk, and every start fails where its image cannot be pulled. There it is
 * switched off, unless the user has decided: the suites stop what they started in any case.
 */
export function disableRyukIfOutOfReach(): void {
  if ((process.env['TESTCONTAINERS_RYUK_DISABLED'] ?? '') !== '' || dockerMissing() !== null) return;
  const image = process.env['RYUK_CONTAINER_IMAGE'] ?? 'testcontainers/ryuk:0.14.0';
  if (spawnSync('docker', ['image', 'inspect', image], { timeout: 20_000 }).status === 0) return;
  if (spawnSync('docker', ['pull', '--quiet', image], { timeout: 60_000 }).status === 0) return;
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
}

/**
 * An engine's ports are published on this machine, and the suites reach them by `localhost`. Testcontainers takes a machine that has
 * the mark of a container for one, and asks for ports at the engine's own network instead, where only those answer that are published
 * on all addresses. Which of a container's networks publishes them is the engine's choice, so that failed now and then.
 */
export function reachByLoopback(): void {
  if ((process.env['DOCKER_HOST'] ?? 'unix:').startsWith('unix:')) process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= 'localhost';
}
