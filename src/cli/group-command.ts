import { Command } from 'commander';
import kafkajs from 'kafkajs';
import type { Admin, GroupDescription } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectError } from '../base/errors.ts';
import { asAdmin } from './kafka-session.ts';
import { action } from './surroundings.ts';
import { textTable } from './text-table.ts';

const stableWithinMs = 30_000;

/** `millrace group describe|delete`: who reads which partition, and how far behind. */
export function groupCommand(): Command {
  const command = new Command('group').description('consumer groups: who reads what, and how far');
  const describe = command
    .command('describe')
    .description('members and offsets of a group; waits while it shares out its partitions anew')
    .argument('<name>', "the group's name");
  action(describe, (surroundings, name: string) => asAdmin(surroundings, (admin) => describeGroup(admin, name)));
  const remove = command.command('delete').description('forget a group that nobody reads in').argument('<names...>', 'their names');
  action(remove, (surroundings, names: string[]) =>
    asAdmin(surroundings, async (admin) => {
      await admin.deleteGroups(names).catch(explain);
      return `Deleted ${names.join(', ')}`;
    }),
  );
  return command;
}

/** kafkajs keeps which groups it was, and why, in a member of its error. */
function explain(error: unknown): never {
  const refused = (error as { groups?: readonly { groupId: string; error?: Error }[] }).groups ?? [];
  if (refused.length === 0) throw error;
  const reasons = refused.map((group) => `${group.groupId}: ${group.error?.message ?? 'no reason given'}`);
  throw new ConnectError('config.invalid', `Not deleted: ${reasons.join('; ')}`, {
    remedy: 'End the readers of a group first; one that was killed counts as a reader for up to a minute.',
    cause: error,
  });
}

async function describeGroup(admin: Admin, name: string): Promise<string> {
  const group = await settled(admin, name);
  const owners = new Map(group.members.flatMap((member, at) => partitionsOf(member).map((place) => [place, `member ${at + 1}`] as const)));
  const rows: (string | number)[][] = [];
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId: name })) {
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
    for (const { partition, offset } of partitions.toSorted((left, right) => left.partition - right.partition)) {
      const at = Math.max(0, Number(offset));
      rows.push([topic, partition, owners.get(`${topic}/${partition}`) ?? 'nobody', at, (ends.get(partition) ?? at) - at]);
    }
  }
  const count = group.members.length === 1 ? '1 member' : `${group.members.length} members`;
  const idle = group.members.flatMap((member, at) => (partitionsOf(member).length === 0 ? [`\nmember ${at + 1} has no partition`] : []));
  const table = rows.length === 0 ? 'nothing read yet' : textTable([['TOPIC', 'PARTITION', 'READ BY', 'NEXT OFFSET', 'BEHIND'], ...rows]);
  return `Group ${name}: ${group.state}, ${count}\n\n${table}${idle.join('')}`;
}

async function settled(admin: Admin, name: string): Promise<GroupDescription> {
  const deadline = performance.now() + stableWithinMs;
  for (;;) {
    const { groups } = await admin.describeGroups([name]);
    const group = groups[0];
    if (group === undefined || group.state === 'Dead')
      throw new ConnectError('config.invalid', `There is no group ${name}.`, { remedy: 'A group is made by its first reader.' });
    if (group.state === 'Stable' || group.state === 'Empty' || performance.now() > deadline) return group;
    await sleep(200);
  }
}

/** `topic/partition` of each that the member reads. */
function partitionsOf(member: GroupDescription['members'][number]): string[] {
  const assignment: Readonly<Record<string, readonly number[]>> =
    kafkajs.AssignerProtocol.MemberAssignment.decode(member.memberAssignment)?.assignment ?? {};
  return Object.entries(assignment).flatMap(([topic, partitions]) => partitions.map((partition) => `${topic}/${partition}`));
}
