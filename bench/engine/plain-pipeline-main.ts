/** `node plain-pipeline-main.ts SETTINGS.json` */
import { readFileSync } from 'node:fs';
import type { PipelineSettings } from './plain-pipeline.ts';
import { runPipeline } from './plain-pipeline.ts';

await runPipeline(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as PipelineSettings);
