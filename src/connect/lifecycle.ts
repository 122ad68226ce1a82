/** What a connector's task is, as REST and the status topic show it. */
export const states = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'RESTARTING'] as const;
export type State = (typeof states)[number];

/**
 * - `start`: the task has been built and begins to run.
 * - `pause`, `resume`, `stop`, `restart`: what a person asked for and what has now been carried out.
 * - `fail`: it cannot go on without a person.
 * - `release`: the worker lets go of it, because it shuts down.
 */
export const events = ['start', 'pause', 'resume', 'stop', 'restart', 'fail', 'release'] as const;
export type Event = (typeof events)[number];

type Outcome = State | 'ignored' | 'illegal';

/** Complete by type: a state or event without a cell does not compile. */
export const transitions: Readonly<Record<State, Readonly<Record<Event, Outcome>>>> = {
  UNASSIGNED: {
    start: 'RUNNING',
    pause: 'PAUSED',
    resume: 'ignored',
    stop: 'STOPPED',
    restart: 'RESTARTING',
    fail: 'FAILED',
    release: 'ignored',
  },
  RUNNING: {
    start: 'ignored',
    pause: 'PAUSED',
    resume: 'ignored',
    stop: 'STOPPED',
    restart: 'RESTARTING',
    fail: 'FAILED',
    release: 'UNASSIGNED',
  },
  PAUSED: {
    start: 'illegal',
    pause: 'ignored',
    resume: 'RUNNING',
    stop: 'STOPPED',
    restart: 'RESTARTING',
    fail: 'FAILED',
    release: 'UNASSIGNED',
  },
  STOPPED: {
    start: 'illegal',
    pause: 'PAUSED',
    resume: 'RUNNING',
    stop: 'ignored',
    // A stopped connector has no task to restart; only `resume` and `pause` bring one back.
    restart: 'ignored',
    fail: 'FAILED',
    release: 'UNASSIGNED',
  },
  FAILED: {
    start: 'illegal',
    // As in Kafka Connect a failed task stays failed until it is restarted or stopped; the wish to pause is kept.
    pause: 'ignored',
    resume: 'ignored',
    stop: 'STOPPED',
    restart: 'RESTARTING',
    fail: 'ignored',
    release: 'UNASSIGNED',
  },
  RESTARTING: {
    start: 'RUNNING',
    pause: 'PAUSED',
    resume: 'ignored',
    stop: 'STOPPED',
    restart: 'ignored',
    fail: 'FAILED',
    release: 'UNASSIGNED',
  },
};
