// fhirpath.js as a timed engine: a question a line, {resource, expression, rounds, repeats}, answered by seconds an evaluation.
// Each round evaluates in one go after a warm-up of as many again, so that what counts is compiled code.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import fhirpath from 'fhirpath';
import model from 'fhirpath/fhir-context/r4/index.js';

const description = new URL('node_modules/fhirpath/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(description, 'utf8'));
console.log(JSON.stringify({ version }));

for await (const line of createInterface({ input: process.stdin })) {
  const { resource, expression, rounds, repeats } = JSON.parse(line);
  const evaluate = fhirpath.compile(expression, model);
  const variables = { resource, rootResource: resource };
  const round = () => {
    const start = process.hrtime.bigint();
    for (let repeat = 0; repeat < repeats; repeat += 1) evaluate(resource, variables);
    return Number(process.hrtime.bigint() - start) / 1e9 / repeats;
  };
  const times = Array.from({ length: 2 * rounds }, round).slice(rounds);
  console.log(JSON.stringify({ seconds: Math.min(...times), result: evaluate(resource, variables) }));
}
