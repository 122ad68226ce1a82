import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { HttpApi } from './http-api.ts';
import { action } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

const subjectHelp = 'name of the schemas of a topic: TOPIC-key or TOPIC-value';

/** `millrace registry …`: the schema registry's own requests, one command each. */
export function registryCommand(): Command {
  const command = new Command('registry').description('look at schemas and ask whether a change would be accepted');
  action(command.command('subjects').description('names under which schemas are registered'), async (surroundings) => {
    const subjects = await api(surroundings).get<string[]>('/subjects');
    return subjects.toSorted().join('\n');
  });
  const show = command.command('show').description('the newest schema of a subject').argument('<subject>', subjectHelp);
  action(show, async (surroundings, subject: string) => {
    const found = await api(surroundings).get<{ version: number; id: number; schema: string }>(`${path(subject)}/versions/latest`);
    return `version ${found.version}\n${JSON.stringify(JSON.parse(found.schema), null, 2)}`;
  });
  const level = command
    .command('compatibility')
    .description('set which changes of a schema are accepted')
    .argument('<subject>', subjectHelp)
    .argument('<level>', 'BACKWARD, FORWARD, FULL (each also with _TRANSITIVE), or NONE');
  action(level, async (surroundings, subject: string, compatibility: string) => {
    await api(surroundings).put(`/config/${encodeURIComponent(subject)}`, { compatibility });
    return `${subject}: ${compatibility}`;
  });
  action(withSchema(command.command('check').description('ask whether a schema would be accepted; changes nothing')), check);
  action(withSchema(command.command('register').description('add a schema as the newest version of a subject')), register);
  const remove = command.command('delete').description('delete all schemas of a subject').argument('<subjects...>', subjectHelp);
  action(remove, async (surroundings, subjects: string[]) => {
    for (const subject of subjects) {
      await api(surroundings).delete(path(subject));
      await api(surroundings).delete(`${path(subject)}?permanent=true`);
    }
    return `Deleted ${subjects.join(', ')}`;
  });
  return command;
}

function withSchema(command: Command): Command {
  return command.argument('<subject>', subjectHelp).argument('<file>', 'an Avro schema (.avsc)');
}

async function check(surroundings: Surroundings, subject: string, file: string): Promise<string> {
  const answer = await api(surroundings).post<{ is_compatible: boolean }>(`/compatibility${path(subject)}/versions/latest`, schemaIn(file));
  return answer.is_compatible ? 'compatible: readers of this subject can read both' : 'not compatible: the registry would refuse it';
}

async function register(surroundings: Surroundings, subject: string, file: string): Promise<string> {
  await api(surroundings).post(`${path(subject)}/versions`, schemaIn(file));
  const { version } = await api(surroundings).get<{ version: number }>(`${path(subject)}/versions/latest`);
  return `registered; the newest version of ${subject} is ${version}`;
}

function schemaIn(file: string): { schema: string } {
  return { schema: readFileSync(file, 'utf8') };
}

function api(surroundings: Surroundings): HttpApi {
  return new HttpApi('The schema registry', surroundings.registry, 'SCHEMA_REGISTRY_URL', 'application/vnd.schemaregistry.v1+json');
}

function path(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}`;
}
