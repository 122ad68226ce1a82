import type { SourceNames } from '../../connect/plugin.ts';

export const spoolDirClass = 'com.github.jcustenborder.kafka.connect.spooldir.SpoolDirCsvSourceConnector';
export const fileStreamClass = 'org.apache.kafka.connect.file.FileStreamSourceConnector';

export const csvSourceNames: SourceNames = { className: 'millrace.CsvSource', aliases: [spoolDirClass, fileStreamClass], version: '0.1.0' };
